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
  /** Where `decoded` is not what the text says, in order; absent where all of it is decoded. */
  readonly changed?: readonly (readonly [start: number, end: number])[];
  /** What counts lies in this part of `decoded`; what is nearer to its ends was cut out of more, and is seen there. */
  readonly counts?: readonly [start: number, end: number];
}

/**
 * How far from the next escape a part of a secret may lie that is found only because the escape is undone. What lies further
 * away is found in the clear. Longer than the longest secrets, which are private keys: one escape at the end of a key must not
 * leave its beginning unseen.
 */
const REACH = 16 * 1024;
/** As far as a rule looks round its match: words of context, boundaries. */
const EDGE = 64;

/** A layer that changes a text here and there, as one layer for each place where it does: the rest was read already. */
export function* nearChanges(layer: Layer, reach = REACH): Generator<Layer> {
  const { changed, decoded } = layer;
  if (changed === undefined) {
    yield layer;
    return;
  }
  for (let i = 0; i < changed.length; ) {
    const from = Math.max(0, (changed[i]?.[0] ?? 0) - reach);
    let to = (changed[i]?.[1] ?? 0) + reach;
    for (i += 1; i < changed.length && (changed[i]?.[0] ?? 0) - reach <= to; i += 1)
      to = (changed[i]?.[1] ?? 0) + reach;
    to = Math.min(to, decoded.length);
    yield {
      encoding: layer.encoding,
      decoded: decoded.subarray(from, to),
      counts: [from === 0 ? 0 : EDGE, to === decoded.length ? to - from : to - from - EDGE],
      outer: (start, end) => layer.outer(from + start, from + end),
      encode: (start, end, replacement) => layer.encode(from + start, from + end, replacement),
    };
  }
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
