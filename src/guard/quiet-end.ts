/**
 * Where a quiet stream may be let go on before more of it is known: after a blank behind which nothing is under way that
 * could still become a finding. Whoever sends can pause where they like, so what is let go on wrongly is caught once more
 * when it is complete (see `BodyFilter`); this keeps whole what is usual: numbers in groups, names, dates, addresses, seed
 * phrases and keys.
 */

import { leastOf, mostOf } from '../core/large-lists.ts';
import type { Piece } from '../dlp/layers/deltas.ts';
import { lanesOf } from '../dlp/layers/lanes.ts';

/** Milliseconds without a byte after which a stream is quiet: what can go on goes on (DESIGN section 10: within 20). */
export const QUIET_MS = 15;
/** A stream that goes on without a pause, as a model's words do, is let go on as far as it can be so often. */
export const STEADY_MS = 40;

/**
 * Words that a finding with blanks in it may consist of: anything but an ordinary word in lower case, or in letters that have no
 * case, and rows of one sign, with or without a word before them. Each part ends where the next cannot begin, or a row of dashes
 * would be tried in every way of cutting it in three.
 */
const ORDINARY =
  /^(?:(?:[^\p{L}\p{N}]*[^\p{L}\p{N}\p{M}'-])?[\p{Ll}\p{M}'-]{3,}(?:[^\p{L}\p{N}\p{M}'-][^\p{L}\p{N}]*)?|[^\p{L}\p{N}]*\p{Lo}[^\p{Lu}\p{Lt}\p{Ll}\p{N}]*|\p{L}*([^\p{L}\p{N}])\1{7,})$/u;
/** Signs that end a part of a sentence where words have no blanks between them: 、 。 ， ！ ？ ； and the wide blank. */
const WIDE_STOPS = ['\u3001', '\u3002', '\uff0c', '\uff01', '\uff1f', '\uff1b', '\u3000'].map((sign) =>
  Buffer.from(sign),
);
/** Words of a line, its bytes as characters: a byte of UTF-8 may look like another blank. */
const STOP = `(?:${WIDE_STOPS.map((sign) => sign.toString('latin1')).join('|')}|[\\t-\\r ])`;
const WORDS = new RegExp(`(?:(?!${STOP})[^])+${STOP}*|${STOP}+`, 'g');
/** Signs of a row: dots of progress, a line, padding. */
const SHORTEST_ROW = 8;
/** A chain of such words is held as far as this, in bytes; nothing of the kind is longer. */
const LONGEST_CHAIN = 160;
/** Said before a list of ordinary words that are a secret. */
const SEED_LABEL = /(?:seed|recovery|mnemonic|secret)[ _-]?(?:phrase|words|key)?["'\s]{0,3}[:=]?[^:=\n]{0,260}$/i;
const LONGEST_SEED = 300;
const OPENINGS: readonly (readonly [open: string, close: string])[] = [
  ['-----BEGIN', '-----END'],
  ['PuTTY-User-Key-File', 'Private-MAC'],
];

/** A word of a streamed field that may be a part of something: digits, signs of tokens, capitals in a row. */
const TOKEN_LIKE = /[0-9_@+/=~$]|[A-Z]{2}|[a-z][A-Z]|\w-/;

/** Length of what may go on of `fresh`; 0 when nothing may. */
export function quietEnd(fresh: Buffer): number {
  const safe = quietText(fresh);
  return Math.min(safe, leastOf(lanesOf(fresh, 1).texts.map((pieces) => openLine(fresh, pieces))));
}

/** Start of the line on which the last words of a streamed field begin, when they may be a part of something. */
function openLine(fresh: Buffer, pieces: readonly Piece[]): number {
  let near = '';
  const last: Piece[] = [];
  for (let i = pieces.length - 1; i >= 0 && near.length < LONGEST_CHAIN; i -= 1) {
    const { start, end } = pieces[i] as Piece;
    near = fresh.toString('latin1', Math.max(start, end - LONGEST_CHAIN), end) + near;
    last.push({ start, end });
  }
  const words = near.match(/\S+\s*/g) ?? [];
  const open = words.slice(words.findLastIndex((word) => !TOKEN_LIKE.test(word)) + 1).join('').length;
  if (open === 0) return Number.POSITIVE_INFINITY;
  let behind = 0;
  for (const { start, end } of last) {
    behind += end - start;
    if (behind >= open) return fresh.lastIndexOf(0x0a, start) + 1;
  }
  return 0;
}

function quietText(fresh: Buffer): number {
  let safe = wordEnd(fresh);
  for (const [open, close] of OPENINGS) {
    const at = fresh.lastIndexOf(open);
    if (at >= 0 && fresh.lastIndexOf(close) < at) safe = Math.min(safe, at);
  }
  safe = Math.min(safe, chainStart(fresh, safe));
  const near = fresh.subarray(Math.max(0, safe - LONGEST_SEED), safe).toString('latin1');
  const label = SEED_LABEL.exec(near);
  return label === null ? safe : safe - near.length + label.index;
}

/** Behind the last blank, or what stands for one. */
function wordEnd(fresh: Buffer): number {
  const blank = Math.max(fresh.lastIndexOf(0x0a), fresh.lastIndexOf(0x20)) + 1;
  const word = fresh.subarray(blank);
  if (endsInRow(word)) return fresh.length;
  return blank + mostOf(WIDE_STOPS.map((stop) => endOf(word, stop)));
}

/** What ends so is no part of a secret if what stands before the row is short and ordinary. */
function endsInRow(word: Buffer): boolean {
  const sign = word.at(-1) ?? 0;
  let from = word.length;
  while (from > 0 && word[from - 1] === sign) from -= 1;
  const isRow = word.length - from >= SHORTEST_ROW && (sign < 0x30 || sign > 0x39);
  return isRow && from <= LONGEST_CHAIN && isOrdinary(word.subarray(0, from + SHORTEST_ROW));
}

function isOrdinary(word: Buffer): boolean {
  return ORDINARY.test(word.toString('utf8').trimEnd());
}

function endOf(text: Buffer, sign: Buffer): number {
  const at = text.lastIndexOf(sign);
  return at < 0 ? 0 : at + sign.length;
}

/** Start of the words of this line before `end` that are not ordinary ones; `end` when the last one is, or a line ends. */
function chainStart(fresh: Buffer, end: number): number {
  const line = end === 0 ? 0 : fresh.lastIndexOf(0x0a, end - 1) + 1;
  const near = fresh.subarray(Math.max(line, end - LONGEST_CHAIN), end).toString('latin1');
  const isWhole = end - near.length === line;
  let start = near.length;
  for (const word of [...near.matchAll(WORDS)].reverse()) {
    // What is longer than any chain is let go on, but never within a word.
    if (isOrdinary(Buffer.from(word[0], 'latin1')) || (word.index === 0 && !isWhole)) break;
    start = word.index;
  }
  return end - near.length + start;
}
