/** Findings and verdicts: what the guard saw and what it did. A finding never carries the value itself. */

export const LIKELIHOODS = ['VERY_UNLIKELY', 'UNLIKELY', 'POSSIBLE', 'LIKELY', 'VERY_LIKELY'] as const;
export type Likelihood = (typeof LIKELIHOODS)[number];

export const GUARD_ACTIONS = ['pass', 'hash', 'tokenise', 'mask', 'redact', 'block'] as const;
/** In rising order of strictness. */
export type GuardAction = (typeof GUARD_ACTIONS)[number];

/** `result`: towards the model or sandbox. `request`: out of the sandbox, towards an origin. */
export type GuardDirection = 'result' | 'request';

export interface Finding {
  readonly rule: string;
  readonly info_type: string;
  readonly likelihood: Likelihood;
  /** UTF-8 byte offsets of the secret itself in the scanned view; end exclusive. */
  readonly start: number;
  readonly end: number;
  readonly action: GuardAction;
  /** Keyed fingerprint (HMAC-SHA-256, truncated, hex) of the value; equal values compare, nothing else leaks. */
  readonly fingerprint: string;
  /** Where in a structure it stood (`$.items[2].token`), a header name, `url.query`, …; null for plain text. */
  readonly path: string | null;
}

export interface Verdict {
  /** The strictest thing that was done. */
  readonly action: 'pass' | 'redact' | 'block';
  readonly findings: readonly Finding[];
  /** Findings beyond the cap are counted, not listed. */
  readonly more: number;
  /** Whether another inspector was asked about uncertain spans; absent where there were none that it may be asked about. */
  readonly second_stage?: 'asked' | 'not_asked';
  /** Not all of it was looked at: it could not be decoded, or more is encoded in it than is looked into. Absent else. */
  readonly unread?: true;
}
