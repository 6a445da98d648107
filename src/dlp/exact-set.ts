/**
 * Exact-data match: a set of values that a rule knows only by their keyed digests (HMAC-SHA256, RFC 2104, cut to eight
 * bytes), so that the rule file holds none of them. The salt keeps digests of one set from being looked up for another;
 * who holds the rule file can still try values one by one, so short values deserve the file's protection.
 */

import { sha256Hex } from '../core/sha256.ts';
import type { Validator } from './validators/validator.ts';

/** How a value is written before it is digested: as it is, its digits only, in lower case, or its words in lower case. */
export const NORMALISE = ['none', 'digits', 'lower', 'words'] as const;
export type Normalise = (typeof NORMALISE)[number];

export interface ExactSpec {
  /** Hexadecimal. */
  readonly salt: string;
  readonly normalise: Normalise;
  /** Digests one after the other, sixteen hexadecimal digits each. */
  readonly digests: string;
}

const DIGEST_HEX = 16;
const BLOCK = 64;

export function normalised(text: string, how: Normalise): string {
  if (how === 'none') return text;
  if (how === 'digits') return text.replace(/[^0-9]/g, '');
  const lower = text.normalize('NFKC').toLowerCase();
  return how === 'lower' ? lower : (lower.match(/[\p{L}\p{N}]+/gu) ?? []).join(' ');
}

/** Digests under one salt. */
export class ExactDigest {
  readonly #inner: Uint8Array;
  readonly #outer: Uint8Array;

  constructor(salt: string) {
    const key = new Uint8Array(BLOCK);
    key.set(Buffer.from(salt, 'hex').subarray(0, BLOCK));
    this.#inner = key.map((byte) => byte ^ 0x36);
    this.#outer = key.map((byte) => byte ^ 0x5c);
  }

  of(text: string): string {
    const inner = Buffer.from(sha256Hex(Buffer.concat([this.#inner, Buffer.from(text, 'utf8')])), 'hex');
    return sha256Hex(Buffer.concat([this.#outer, inner])).slice(0, DIGEST_HEX);
  }
}

/** Whether a candidate is one of the set. */
export function exactValidator({ salt, normalise, digests }: ExactSpec): Validator {
  const known = new Set<string>();
  for (let at = 0; at < digests.length; at += DIGEST_HEX) known.add(digests.slice(at, at + DIGEST_HEX));
  const digest = new ExactDigest(salt);
  return (secret) => {
    const text = normalised(secret.toString('utf8'), normalise);
    return text !== '' && known.has(digest.of(text));
  };
}
