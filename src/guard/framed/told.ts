/** How values of a binary format are told as lines, so that what lies in several of them is found as in any stream of JSON. */

import { isUtf8 } from 'node:buffer';
import { afterLines, linesIn } from '../lines.ts';
import type { Told } from './framing.ts';

/** A value of which something may be taken out. */
export interface Value {
  readonly text: Buffer;
  /** False where what is left cannot be written. */
  take(text: Buffer): boolean;
}

const LINE_END = Buffer.from('\n');
const [BRACE, BRACKET, STAR] = [0x7b, 0x5b, 0x2a];

/** `write` is asked once every value that changed was taken. */
export function told(values: readonly Value[], write: () => Buffer | null): Told {
  const text = Buffer.concat(values.flatMap((value) => [value.text, LINE_END]));
  const counts = values.map((value) => linesIn(value.text) + 1);
  return {
    ...{ text, lines: counts.reduce((sum, count) => sum + count, 0) },
    written(changed) {
      let at = 0;
      for (const [i, value] of values.entries()) {
        const end = afterLines(changed, at, counts[i] as number);
        const now = changed.subarray(at, end - 1);
        if (!now.equals(value.text) && !value.take(now)) return null;
        at = end;
      }
      return write();
    },
  };
}

interface Telling {
  /** What a text is called in its line. */
  readonly name?: string;
  readonly set: (bytes: Buffer) => void;
}

/** JSON as it is; text as JSON has it, so that it is one line; other bytes as they are, and as many as they are. */
export function tellBytes(bytes: Buffer, { name = 'text', set }: Telling): Value {
  const isJson = isLikeJson(bytes);
  const given = (now: Buffer | null): boolean => {
    if (now !== null) set(now);
    return now !== null;
  };
  if (!isUtf8(bytes)) return { text: bytes, take: (text) => given(fitted(bytes, text)) };
  if (isJson) return { text: bytes, take: given };
  return {
    text: Buffer.from(JSON.stringify({ [name]: bytes.toString('utf8') })),
    take: (line) => given(textIn(line)),
  };
}

function isLikeJson(bytes: Buffer): boolean {
  const first = bytes.find((byte) => byte > 0x20);
  return first === BRACE || first === BRACKET;
}

/** Of the only field of an object; null where there is none. */
function textIn(line: Buffer): Buffer | null {
  const [value] = Object.values(parsed(line) ?? {});
  return typeof value === 'string' ? Buffer.from(value, 'utf8') : null;
}

/** Undefined for what is no JSON. */
export function parsed(text: Buffer): unknown {
  try {
    return JSON.parse(text.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** `now` in the room of `before`: what lies between their common beginning and end is cut, or filled with stars. */
export function fitted(before: Buffer, now: Buffer): Buffer {
  const shorter = Math.min(before.length, now.length);
  let from = 0;
  while (from < shorter && before[from] === now[from]) from += 1;
  let tail = 0;
  while (tail < shorter - from && before[before.length - 1 - tail] === now[now.length - 1 - tail]) tail += 1;
  const out = Buffer.from(before);
  out.fill(STAR, from, before.length - tail);
  now.subarray(from, Math.min(now.length - tail, before.length - tail)).copy(out, from);
  return out;
}
