/**
 * Text in pieces, such as a model streams: the same field of one event after the other. The pieces are joined and scanned as
 * the text that the reader puts together. What is found in it lies in several places; its replacement stands in the first,
 * and the other places become empty, so that every event stays what it was.
 */

import { lastUpTo } from '../ranges.ts';
import { type Coding, type Decoded, decodedPiece } from './coded-pieces.ts';

/** Where a piece stands in the text around it: the inside of a JSON string. */
export interface Piece {
  readonly start: number;
  readonly end: number;
  /** It is encoded for itself. */
  readonly coding?: Coding;
}

/** One streamed field, joined. */
export interface DeltaLayer {
  readonly encoding: 'delta';
  readonly decoded: Buffer;
  /** Offset in it at which each piece begins. */
  readonly begins: readonly number[];
  /** The places of `decoded[from..to)`, in order. */
  readonly parts: (from: number, to: number) => readonly Piece[];
  /** What stands in the first place of `decoded[from..)` once `replacement` takes its place. */
  readonly written: (from: number, replacement: Uint8Array) => Uint8Array;
}

/** Up to so many bytes a copy byte by byte is quicker than asking for one. */
const SHORT = 64;

/** Pieces of a text, put together. */
export function joined(text: Buffer, pieces: readonly Piece[]): DeltaLayer {
  const coded = pieces.some(({ coding }) => coding !== undefined) ? decodedPieces(text, pieces) : null;
  /** Offset in the joined text at which each piece begins. */
  const begins: number[] = [];
  let length = 0;
  for (let i = 0; i < pieces.length; i += 1) {
    const { start, end } = pieces[i] as Piece;
    begins.push(length);
    length += coded?.[i]?.bytes.length ?? end - start;
  }
  const decoded = Buffer.allocUnsafe(length);
  for (let i = 0; i < pieces.length; i += 1) {
    const bytes = coded?.[i]?.bytes;
    if (bytes !== undefined) bytes.copy(decoded, begins[i] as number);
    else copyPiece(text, pieces[i] as Piece, decoded, begins[i] as number);
  }
  const parts = (from: number, to: number): Piece[] => {
    const out: Piece[] = [];
    for (let i = lastUpTo(begins, from); i < pieces.length && (begins[i] as number) < to; i += 1) {
      const { start, end } = pieces[i] as Piece;
      const begin = begins[i] as number;
      const own = coded?.[i];
      const place = own?.place(Math.max(0, from - begin), Math.min(own.bytes.length, to - begin));
      out.push(
        place === undefined
          ? { start: start + Math.max(0, from - begin), end: Math.min(end, start + to - begin) }
          : { start: start + place[0], end: start + place[1] },
      );
    }
    return out;
  };
  const written = (from: number, replacement: Uint8Array): Uint8Array => {
    const first = lastUpTo(begins, from);
    return coded?.[first]?.rewritten(from - (begins[first] as number), replacement) ?? replacement;
  };
  return { encoding: 'delta', decoded, begins, parts, written };
}

function decodedPieces(text: Buffer, pieces: readonly Piece[]): (Decoded | null)[] {
  return pieces.map(({ start, end, coding }) =>
    coding === undefined ? null : decodedPiece(text.subarray(start, end), coding),
  );
}

/** Its bytes as they stand. */
export function copyPiece(text: Buffer, { start, end }: Piece, to: Buffer, at: number): void {
  if (end - start > SHORT) text.copy(to, at, start, end);
  else for (let from = start, out = at; from < end; from += 1, out += 1) to[out] = text[from] as number;
}
