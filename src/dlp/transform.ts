/** What stands in place of a secret. Plain ASCII without quotes or backslashes, so that JSON, HTML and logs stay valid. */

import type { GuardAction } from '../core/finding.ts';

export interface Replacement {
  readonly action: GuardAction;
  readonly infoType: string;
  readonly fingerprint: string;
  /** With `mask`: how many of the last signs stay. */
  readonly keep: number;
}

/** Bytes that replace `secret`; null when it stays (`pass`) or nothing may be sent at all (`block`). */
export function replacementFor(secret: Buffer, { action, infoType, fingerprint, keep }: Replacement): Buffer | null {
  switch (action) {
    case 'pass':
    case 'block':
      return null;
    case 'redact':
      return Buffer.from(`[REDACTED:${infoType}]`);
    case 'mask':
      return mask(secret, keep);
    case 'hash':
      return Buffer.from(`[HASH:${infoType}:${fingerprint}]`);
    case 'tokenise':
      return Buffer.from(`[TOKEN:${infoType}:${fingerprint}]`);
  }
}

/** No word of a name is as long as a key in capitals, which would be hidden in its place. */
const MARK = /^\[(?:TOKEN|HASH):[A-Z][A-Z0-9]{0,14}(?:_[A-Z0-9]{0,15}){0,40}:[0-9a-f]{16}(?:[0-9a-f]{4})?\]/;
const LONGEST_MARK = 128;

/** True when a span lies in what an action put in the place of a secret: names such as `API_KEY` before a number look like one. */
export function isInMark(text: Buffer, start: number, end: number): boolean {
  const from = Math.max(0, end - LONGEST_MARK);
  const open = from + text.subarray(from, start + 1).lastIndexOf(0x5b);
  if (open < from) return false;
  const mark = MARK.exec(text.toString('latin1', open, open + LONGEST_MARK));
  return mark !== null && open + mark[0].length >= end;
}

/** Keeps the last letters or digits, never more than a quarter of them, and every separator. */
function mask(secret: Buffer, most: number): Buffer {
  const out = Buffer.from(secret);
  const signs = [...out.keys()].filter((i) => isAlphanumeric(out[i] ?? 0));
  const keep = Math.min(most, Math.floor(signs.length / 4));
  for (const i of signs.slice(0, signs.length - keep)) out[i] = 0x2a;
  return out;
}

function isAlphanumeric(byte: number): boolean {
  return (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122) || byte >= 128;
}

/** A bare JSON value (a number) that holds a span, when the bytes around it show one: a replacement then needs quotes. */
export function bareJsonValue(text: Buffer, start: number, end: number): readonly [number, number] | null {
  let from = start;
  let to = end;
  while (from > 0 && isOfNumber(text[from - 1] as number) && start - from < LONGEST_NUMBER) from -= 1;
  while (to < text.length && isOfNumber(text[to] as number) && to - end < LONGEST_NUMBER) to += 1;
  const before = text.subarray(Math.max(0, from - 8), from).toString('latin1');
  const after = text.subarray(to, to + 8).toString('latin1');
  const begins = /[:[,]\s*$/.test(before) || (from === 0 && to === text.length);
  return begins && /^\s*(?:[,}\]]|$)/.test(after) ? [from, to] : null;
}

const LONGEST_NUMBER = 64;

function isOfNumber(byte: number): boolean {
  return (byte >= 48 && byte <= 57) || byte === 0x2b || byte === 0x2d || byte === 0x2e || (byte | 0x20) === 0x65;
}

/** The quote sign, with its backslashes, that a bare value of JSON inside a JSON string needs; null where there is none. */
export function innerQuote(text: Buffer, start: number, end: number): string | null {
  const key = /(\\+")\s{0,4}:\s{0,4}$/.exec(text.subarray(Math.max(0, start - 32), start).toString('latin1'));
  return key !== null && /^\s{0,4}[,}]/.test(text.subarray(end, end + 8).toString('latin1')) ? (key[1] ?? null) : null;
}
