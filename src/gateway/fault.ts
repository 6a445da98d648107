/** Faults of the gateway API, as RFC 9457 problem documents. Codes are this list and the reason codes of `core`. */

import { REASONS, type ReasonCode } from '../core/reasons.ts';
import { GuardUnavailable } from '../guard/workers/guard-unavailable.ts';

const FAULTS = {
  bad_request: [400, 'the request is not what the route takes'],
  not_authenticated: [401, 'the caller is not known'],
  wrong_tenant: [403, 'this caller does not speak for that tenant'],
  not_found: [404, 'there is no such thing'],
  wrong_method: [405, 'this path does not take this method'],
  conflict: [409, 'this stands against what is known already'],
  too_slow: [408, 'the request took too long to come'],
  too_large: [413, 'the body is too large'],
  wrong_type: [415, 'the body is of a type that the route does not take'],
  too_many: [429, 'this caller asks too much at once'],
  head_too_large: [431, 'the head of the request is too large'],
  issuer_unavailable: [503, 'the issuer of the token does not answer'],
  pool_off: [503, 'this appliance runs no isolates'],
  pool_full: [503, 'no isolate is free'],
} as const satisfies Record<string, readonly [number, string]>;

export type FaultCode = keyof typeof FAULTS | ReasonCode;

export interface Fault {
  readonly code: FaultCode;
  /** Lower case, no full stop, the fix last. */
  readonly detail: string;
  /** The task that it is about. */
  readonly task?: string;
  /** Of `wrong_method`: what the path takes (RFC 9110, section 15.5.6). */
  readonly allow?: readonly string[];
}

export function wrongMethod(allow: readonly string[]): Fault {
  return { code: 'wrong_method', detail: `use ${allow.join(' or ')}`, allow };
}

export function fault(code: FaultCode, detail: string, task?: string): Fault {
  return { code, detail, ...(task !== undefined && { task }) };
}

/** Whatever broke, in our words. */
export function faultOf(error: unknown, audit: { writable(): boolean }, detail: string): Fault {
  if (error instanceof GuardUnavailable) return fault('guard_unavailable', error.message);
  return fault(audit.writable() ? 'internal_error' : 'audit_unavailable', detail);
}

export function faultStatus({ code }: Fault): number {
  return isOwn(code) ? FAULTS[code][0] : REASONS[code].status;
}

export function faultDocument(of: Fault): Record<string, unknown> {
  const { code, detail, task } = of;
  const title = isOwn(code) ? FAULTS[code][1] : REASONS[code].message;
  const type = `urn:locktender:gateway:${code}`;
  return { type, title, status: faultStatus(of), code, detail, ...(task !== undefined && { task }) };
}

function isOwn(code: FaultCode): code is keyof typeof FAULTS {
  return Object.hasOwn(FAULTS, code);
}
