/** Faults of the admin API, as RFC 9457 problem documents. Codes are a closed list. */

export const FAULTS = {
  bad_request: [400, 'the request is not what the route takes'],
  not_authenticated: [401, 'a bearer token is needed'],
  not_allowed: [403, 'the role of this token may not do this'],
  foreign_origin: [403, 'cross-origin calls are refused'],
  not_found: [404, 'there is no such thing'],
  wrong_method: [405, 'this path does not take this method'],
  refused: [409, 'the change was refused'],
  changed_meanwhile: [412, 'the controls changed since they were read'],
  too_large: [413, 'the body is too large'],
  not_json: [415, 'the body must be application/json'],
  foreign_host: [421, 'this door is not reached under that host name'],
  too_many: [429, 'too many requests'],
  internal: [500, 'the admin API failed'],
  unavailable: [503, 'this part is not available now'],
} as const satisfies Record<string, readonly [number, string]>;

export type FaultCode = keyof typeof FAULTS;

export interface Fault {
  readonly code: FaultCode;
  /** Lower case, no full stop, the fix last. */
  readonly detail: string;
  /** Seconds after which it may go; for `too_many`. */
  readonly retryAfter?: number;
}

export function fault(code: FaultCode, detail: string): Fault {
  return { code, detail };
}

/** What is over a rate says when it is within it again. */
export function tooMany(detail: string, retryAfter: number): Fault {
  return { code: 'too_many', detail, retryAfter };
}

export function faultStatus(of: Fault): number {
  return FAULTS[of.code][0];
}

export function faultDocument(of: Fault): Record<string, unknown> {
  const [status, title] = FAULTS[of.code];
  return { type: `urn:locktender:admin:${of.code}`, title, status, code: of.code, detail: of.detail };
}
