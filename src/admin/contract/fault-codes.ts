/** Codes of the faults of the admin API, each with its status and what it means: a closed list. */

export const FAULTS = {
  bad_request: [400, 'the request is not what the route takes'],
  not_authenticated: [401, 'a bearer token is needed'],
  not_allowed: [403, 'the role of this token may not do this'],
  foreign_origin: [403, 'cross-origin calls are refused'],
  not_found: [404, 'there is no such thing'],
  wrong_method: [405, 'this path does not take this method'],
  refused: [409, 'the change was refused'],
  needs_second_person: [409, 'the change is kept and not in force: another person has to approve it'],
  changed_meanwhile: [412, 'the controls changed since they were read'],
  too_large: [413, 'the body is too large'],
  not_json: [415, 'the body must be application/json'],
  foreign_host: [421, 'this door is not reached under that host name'],
  too_many: [429, 'too many requests'],
  internal: [500, 'the admin API failed'],
  record_harmed: [500, 'the record is not what was written'],
  unavailable: [503, 'this part is not available now'],
} as const satisfies Record<string, readonly [number, string]>;

export type FaultCode = keyof typeof FAULTS;

/** A problem document as it is sent. */
export interface Fault {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: FaultCode;
  /** What is wrong, and how to mend it. */
  readonly detail: string;
  /** Of `needs_second_person`: what to approve, and the instant (epoch ms) after which it is too late. */
  readonly pending?: string;
  readonly until?: number;
}

export const FAULT_CODES = Object.keys(FAULTS) as [FaultCode, ...FaultCode[]];
