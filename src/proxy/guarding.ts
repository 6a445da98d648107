/** The guard as the walk uses it: what may leave (URL, headers, body) and what may come back (body). */

import type { GuardDirection, Verdict } from '../core/finding.ts';
import type { Scrubs } from '../guard/scrubs.ts';
import type { GuardSettings } from '../policy/profile.ts';

export interface GuardContext {
  readonly direction: GuardDirection;
  readonly settings: GuardSettings;
  readonly tenant: string;
  readonly task: string;
  readonly host: string;
  readonly contentType: string;
  readonly contentEncoding: string;
  /** Values that may not come back. */
  readonly scrubs?: Scrubs | (() => Scrubs);
}

export interface GuardPart {
  /** `url.path`, `url.query`, or a header name. */
  readonly name: string;
  readonly text: string;
}

export interface BodyFilter {
  push(chunk: Uint8Array): readonly Uint8Array[];
  idle(): readonly Uint8Array[];
  end(): readonly Uint8Array[];
  verdict(): Verdict;
  readonly blocked: boolean;
}

/** What `guard/` gives; the assembly adapts it. */
export interface GuardPort {
  /** Digest of the rule set. */
  readonly digest: string;
  scanParts(parts: readonly GuardPart[], context: GuardContext): Verdict;
  filter(context: GuardContext): BodyFilter;
}
