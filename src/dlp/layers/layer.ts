/** Text inside text: an encoded stretch, what it decodes to, and the way back. */

export type Encoding = 'base64' | 'hex' | 'percent' | 'json' | 'invisible' | 'delta';

export interface Layer {
  readonly encoding: Encoding;
  readonly decoded: Buffer;
  /** Where the encoded form of `decoded[start..end)` lies in the text around it; may be a little wider. */
  outer(start: number, end: number): readonly [number, number];
  /** The encoded form of that stretch with `replacement` in place of `decoded[start..end)`. */
  encode(start: number, end: number, replacement: Uint8Array): Uint8Array;
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
