/** Faults of the admin API, as RFC 9457 problem documents. */

import { IndexUnwritable } from '../audit/query.ts';
import { EntriesMissing, EntryAltered } from '../audit/read.ts';
import { NoProof } from '../audit/tile-tree.ts';
import type { AwaitsSecondPerson } from '../core/controls.ts';
import { FAULTS, type FaultCode } from './contract/fault-codes.ts';

export interface Fault {
  readonly code: FaultCode;
  /** Lower case, no full stop, the fix last. */
  readonly detail: string;
  /** Seconds after which it may go; for `too_many`. */
  readonly retryAfter?: number;
  /** Methods that the path takes; for `wrong_method`. */
  readonly allow?: readonly string[];
  /** What waits; for `needs_second_person`. */
  readonly waits?: Pick<AwaitsSecondPerson, 'pending' | 'until'>;
}

export function fault(code: FaultCode, detail: string): Fault {
  return { code, detail };
}

/** What is over a rate says when it is within it again. */
export function tooMany(detail: string, retryAfter: number): Fault {
  return { code: 'too_many', detail, retryAfter };
}

export function wrongMethod(allow: readonly string[]): Fault {
  return { code: 'wrong_method', detail: `use ${allow.join(' or ')}`, allow };
}

/** What waits says by which id it is approved, and until when. */
export function needsSecondPerson({ pending, until, message }: AwaitsSecondPerson): Fault {
  return { code: 'needs_second_person', detail: message, waits: { pending, until } };
}

export function faultStatus(of: Fault): number {
  return FAULTS[of.code][0];
}

export function faultDocument(of: Fault): Record<string, unknown> {
  const [status, title] = FAULTS[of.code];
  return { type: `urn:locktender:admin:${of.code}`, title, status, code: of.code, detail: of.detail, ...of.waits };
}

/** What is wrong with the record is for whoever reads it to know; all else stands in the log. */
export function faultOf(error: unknown): Fault {
  if (error instanceof IndexUnwritable) return fault('unavailable', error.message);
  const harmed = error instanceof EntryAltered || error instanceof EntriesMissing || error instanceof NoProof;
  return harmed ? fault('record_harmed', error.message) : fault('internal', 'see the log of the appliance');
}
