/** Names and values of a form (`application/x-www-form-urlencoded`), and of texts that are one though nothing says so. */

import type { Piece } from './deltas.ts';

/** Longer ones are text, not parts. */
const LONGEST_PART = 512;
const MOST_PAIRS = 4096;
const [PERCENT, AMPERSAND, PLUS, SEMICOLON, EQUALS] = [0x25, 0x26, 0x2b, 0x3b, 0x3d];

/** A name, empty where there is no sign of equality, and its value. */
export interface FormPair {
  readonly name: Piece;
  readonly value: Piece;
}

/** Between `&`, or `;` as some readers take it. */
export function formPairs(text: Buffer): FormPair[] {
  const out: FormPair[] = [];
  for (let at = 0; at < text.length && out.length < MOST_PAIRS; ) {
    let equals = -1;
    let end = at;
    for (; end < text.length && text[end] !== AMPERSAND && text[end] !== SEMICOLON; end += 1) {
      if (equals < 0 && text[end] === EQUALS) equals = end;
    }
    const start = equals < 0 ? at : equals + 1;
    if (at < end) out.push({ name: { start: at, end: Math.max(at, equals) }, value: { start, end } });
    at = end + 1;
  }
  return out;
}

/** Values and names in order, each of which is encoded for itself. */
export function formChains(text: Buffer): Piece[][] {
  const pairs = formPairs(text);
  const chain = (pieces: readonly Piece[]) =>
    pieces.filter(({ start, end }) => end > start && end - start <= LONGEST_PART).map((piece) => coded(text, piece));
  return [chain(pairs.map(({ value }) => value)), chain(pairs.map(({ name }) => name))];
}

function coded(text: Buffer, piece: Piece): Piece {
  const own = text.subarray(piece.start, piece.end);
  return own.includes(PERCENT) || own.includes(PLUS) ? { ...piece, coding: 'percent' } : piece;
}

/** Whether a text begins like a form. */
export function isLikeForm(text: Buffer): boolean {
  return PAIRS.test(text.toString('latin1', 0, 1024));
}

const PAIRS = /^[\w.%+[\]-]{1,64}=[^\s&;=]{0,512}[&;][\w.%+[\]-]{1,64}(?:=|[&;])/;
