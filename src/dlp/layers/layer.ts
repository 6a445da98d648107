/** Text inside text: an encoded stretch, what it decodes to, and the way back. */

export type Encoding =
  | 'base64'
  | 'hex'
  | 'utf16'
  | 'percent'
  | 'json'
  | 'source'
  | 'entity'
  | 'quoted'
  | 'invisible'
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
}

/** Most of the text that is looked at for one kind of encoding, so that hostile text costs no more than its length. */
export const LONGEST_RUN = 1024 * 1024;

/** Whether bytes are text worth scanning: at most one in ten is a control character or not UTF-8. */
export function isText(bytes: Buffer): boolean {
  if (bytes.length < 8) return false;
  let odd = 0;
  for (const byte of bytes) if (byte < 9 || (byte > 13 && byte < 32) || byte >= 127) odd += 1;
  if (odd * 10 <= bytes.length) return true;
  // Other scripts: valid UTF-8 all through.
  return odd * 10 <= bytes.length * 9 && !bytes.toString('utf8').includes('\ufffd') && !bytes.includes(0);
}

/** One byte a character of the alphabet, 1 at each of its members. */
export function alphabet(of: string): Uint8Array {
  const set = new Uint8Array(256);
  for (const c of of) set[c.charCodeAt(0)] = 1;
  return set;
}

/**
 * The longest stretches of the set's bytes that have at least `shortest`. Looks at one byte in `shortest` only, since no
 * such stretch lies between two of them.
 */
export function* longRuns(set: Uint8Array, text: Uint8Array, shortest: number): Generator<readonly [number, number]> {
  let done = 0;
  for (let at = shortest - 1; at < text.length; at += shortest) {
    if (set[text[at] as number] === 0) continue;
    let start = at;
    while (start > done && set[text[start - 1] as number] === 1) start -= 1;
    let end = at + 1;
    while (end < text.length && set[text[end] as number] === 1) end += 1;
    if (end - start >= shortest) yield [start, end];
    done = end;
    at = end;
  }
}
