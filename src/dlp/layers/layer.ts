/** Text inside text: an encoded stretch, what it decodes to, and the way back. */

import type { Seen } from '../candidates.ts';
import type { ScanPlan } from '../prefilter/plan.ts';

export type Encoding =
  | 'base64'
  | 'base32'
  | 'hex'
  | 'utf16'
  | 'utf32'
  | 'decimal'
  | 'percent'
  | 'json'
  | 'source'
  | 'entity'
  | 'quoted'
  | 'invisible'
  | 'terminal'
  | 'confusable'
  | 'compressed'
  | 'joined'
  | 'delta';

export interface Layer {
  readonly encoding: Encoding;
  readonly decoded: Buffer;
  /** Where the encoded form of `decoded[start..end)` lies in the text around it; may be a little wider. */
  outer(start: number, end: number): readonly [number, number];
  /** The encoded form of that stretch with `replacement` in place of `decoded[start..end)`. */
  encode(start: number, end: number, replacement: Uint8Array): Uint8Array;
  /** No text, but perhaps compressed text. */
  readonly isBlob?: boolean;
  /** What is known of `decoded` from what is known of the text, where most of it is the same; absent where nothing is. */
  seen?(outer: Seen, plan: ScanPlan): Seen;
  /** What counts lies in this part of `decoded`; what is nearer to its ends was cut out of more, and is seen there. */
  readonly counts?: readonly [start: number, end: number];
}

/** Whether a stretch of the text is worth looking at. */
export type IsWanted = (start: number, end: number) => boolean;

/**
 * Whether bytes are text worth scanning: at most one in ten is a control character or not UTF-8. With `isCut` its last
 * character may go on behind them.
 */
export function isText(bytes: Uint8Array, isCut = false): boolean {
  if (bytes.length < 8) return false;
  let odd = 0;
  for (let i = 0; i < bytes.length; i += 1) odd += ODD[bytes[i] as number] as number;
  if (odd * 10 <= bytes.length) return true;
  // Other scripts: valid UTF-8 all through.
  return odd * 10 <= bytes.length * 9 && isUtf8(bytes, isCut);
}

/** Control characters, and what is beyond ASCII. */
const ODD = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 9 || (byte > 13 && byte < 32) || byte >= 127 ? 1 : 0,
);

/** Without a zero. */
function isUtf8(bytes: Uint8Array, isCut: boolean): boolean {
  for (let at = 0; at < bytes.length; ) {
    if (bytes[at] === 0) return false;
    const length = sequenceLength(bytes, at);
    if (length === 0) return isCut && at > bytes.length - 4 && lengthBy(bytes[at] as number) > bytes.length - at;
    at += length;
  }
  return true;
}

/** Bytes of the well-formed sequence of UTF-8 at `i` (Unicode table 3-7); 0 when there is none. */
export function sequenceLength(text: Uint8Array, i: number): number {
  const first = text[i] as number;
  if (first < 0x80) return 1;
  const length = lengthBy(first);
  if (length === 0 || i + length > text.length) return 0;
  const second = text[i + 1] as number;
  const [low, high] = SECOND[first] ?? CONTINUED;
  if (second < low || second > high) return 0;
  for (let at = i + 2; at < i + length; at += 1) if (((text[at] as number) & 0xc0) !== 0x80) return 0;
  return length;
}

function lengthBy(first: number): number {
  if (first < 0xc2 || first > 0xf4) return 0;
  return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

const CONTINUED = [0x80, 0xbf] as const;
const SECOND: Readonly<Record<number, readonly [number, number]>> = {
  224: [0xa0, 0xbf],
  237: [0x80, 0x9f],
  240: [0x90, 0xbf],
  244: [0x80, 0x8f],
};
