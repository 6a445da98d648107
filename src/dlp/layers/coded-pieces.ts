/** Pieces that are encoded each for itself: percent-encoded values of a form, parts of a multipart body in base64. */

export type Coding = 'percent' | 'base64';

/** What a piece decodes to, and where each byte of it comes from. */
export interface Decoded {
  readonly bytes: Buffer;
  /** Where `bytes[from..to)` stands in the encoded form, which begins at 0. */
  place(from: number, to: number): readonly [start: number, end: number];
  /** What stands in the place of `bytes[from..)` once it is `rest`. */
  readonly rewritten: (from: number, rest: Uint8Array) => Uint8Array;
}

export function decodedPiece(encoded: Buffer, coding: Coding): Decoded {
  return coding === 'percent' ? percentPiece(encoded) : base64Piece(encoded);
}

const [PERCENT, PLUS, BLANK] = [0x25, 0x2b, 0x20];

function percentPiece(encoded: Buffer): Decoded {
  const bytes = Buffer.alloc(encoded.length);
  const starts = new Int32Array(encoded.length + 1);
  let length = 0;
  for (let at = 0; at < encoded.length; length += 1) {
    starts[length] = at;
    const byte = encoded[at] as number;
    const value = byte === PERCENT ? hexAt(encoded, at + 1) : -1;
    bytes[length] = value >= 0 ? value : byte === PLUS ? BLANK : byte;
    at += value >= 0 ? 3 : 1;
  }
  starts[length] = encoded.length;
  return {
    bytes: bytes.subarray(0, length),
    place: (from, to) => [starts[from] as number, starts[to] as number],
    rewritten: (_, rest) => Buffer.from(encodeURIComponent(Buffer.from(rest).toString('utf8'))),
  };
}

function hexAt(text: Buffer, at: number): number {
  const digits = text.toString('latin1', at, at + 2);
  return /^[0-9a-fA-F]{2}$/.test(digits) ? Number.parseInt(digits, 16) : -1;
}

/** All of it is written again: what is found may begin and end within a group of signs. */
function base64Piece(encoded: Buffer): Decoded {
  const bytes = Buffer.from(encoded.toString('latin1'), 'base64');
  return {
    bytes,
    place: () => [0, encoded.length],
    rewritten: (from, rest) => Buffer.from(Buffer.concat([bytes.subarray(0, from), rest]).toString('base64')),
  };
}
