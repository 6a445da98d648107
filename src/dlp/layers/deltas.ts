/**
 * Text in pieces, such as a model streams: the same field of one event after the other. The pieces are joined and scanned as
 * the text that the reader puts together. What is found in it lies in several places; its replacement stands in the first,
 * and the other places become empty, so that every event stays what it was.
 */

import { lastUpTo } from '../ranges.ts';

/** Where a piece stands in the text around it: the inside of a JSON string. */
export interface Piece {
  readonly start: number;
  readonly end: number;
}

/** One streamed field, joined. */
export interface DeltaLayer {
  readonly encoding: 'delta';
  readonly decoded: Buffer;
  /** Offset in it at which each piece begins. */
  readonly begins: readonly number[];
  /** The places of `decoded[from..to)`, in order. */
  readonly parts: (from: number, to: number) => readonly Piece[];
}

/** Up to so many bytes a copy byte by byte is quicker than asking for one. */
const SHORT = 64;

/** Pieces of a text, put together. */
export function joined(text: Buffer, pieces: readonly Piece[]): DeltaLayer {
  /** Offset in the joined text at which each piece begins. */
  const begins: number[] = [];
  let length = 0;
  for (const { start, end } of pieces) {
    begins.push(length);
    length += end - start;
  }
  const decoded = Buffer.allocUnsafe(length);
  let to = 0;
  for (const { start, end } of pieces) {
    if (end - start > SHORT) to += text.copy(decoded, to, start, end);
    else for (let from = start; from < end; from += 1, to += 1) decoded[to] = text[from] as number;
  }
  const parts = (from: number, to: number): Piece[] => {
    const out: Piece[] = [];
    for (let i = lastUpTo(begins, from); i < pieces.length && (begins[i] as number) < to; i += 1) {
      const { start, end } = pieces[i] as Piece;
      const begin = begins[i] as number;
      out.push({ start: start + Math.max(0, from - begin), end: Math.min(end, start + to - begin) });
    }
    return out;
  };
  return { encoding: 'delta', decoded, begins, parts };
}
