/** The guard as the walk uses it: what may leave (URL, headers, body) and what may come back (body). */

import type { GuardDirection, Verdict } from '../../core/finding.ts';
import type { Field, FieldOutcome } from '../../guard/field-filter.ts';
import type { FieldParts } from '../../guard/field-parts.ts';
import { whyBlocked } from '../../guard/judge.ts';
import type { Later } from '../../guard/later.ts';
import type { Scrubs } from '../../guard/scrubs.ts';
import { GuardUnavailable } from '../../guard/workers/guard-unavailable.ts';
import type { GuardSettings } from '../../policy/bundle/profile.ts';
import { Refusal } from '../refusal.ts';

export interface GuardContext {
  readonly direction: GuardDirection;
  readonly settings: GuardSettings;
  readonly tenant: string;
  readonly task: string;
  readonly host: string;
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly isSized?: boolean;
  readonly isLive?: boolean;
  /** Values that may not come back. */
  readonly scrubs?: Scrubs | (() => Scrubs);
}

export interface GuardPart {
  /** `url.path`, `url.query`, or a header name. */
  readonly name: string;
  readonly text: string;
}

/** What comes later is waited for before the next call; see `guard/body-filter.ts`. */
export interface BodyStream {
  push(chunk: Uint8Array): Later<readonly Uint8Array[]>;
  idle(): Later<readonly Uint8Array[]>;
  end(): Later<readonly Uint8Array[]>;
  verdict(): Verdict;
  readonly blocked: boolean;
}

/** What `guard/` gives; the assembly adapts it. */
export interface GuardPort {
  /** Digest of the rule set. */
  readonly digest: string;
  scanParts(parts: readonly GuardPart[], context: GuardContext, fields?: FieldParts): Verdict;
  fields(fields: readonly Field[], context: GuardContext): FieldOutcome;
  stream(context: GuardContext): BodyStream;
}

/** Why a body goes no further: for what was found in it, or because it could not be looked at. */
export function blockedBy(filter: Pick<BodyStream, 'verdict'>, detail: string): Refusal {
  return new Refusal(whyBlocked(filter.verdict()), detail);
}

/** What nobody looked at goes no further, and why is said. */
export async function looked<T>(work: Later<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw unlooked(error);
  }
}

export function unlooked(error: unknown): unknown {
  return error instanceof GuardUnavailable ? new Refusal('guard_unavailable', error.cause) : error;
}
