/**
 * Encodings that leave most characters as they are: percent-encoding (RFC 3986), JSON's escapes (RFC 8259), and
 * characters that nobody sees put between others. The whole text is decoded, with a map back from each byte.
 */

import { type Encoding, type Layer, LONGEST_RUN } from './layer.ts';

/** Zero-width and joining characters, soft hyphen, byte order mark, bidi controls, tags. */
const INVISIBLE =
  /\u034f|[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]|\u{e0001}|[\u{e0020}-\u{e007f}]/gu;
const PERCENT = /%([0-9A-Fa-f]{2})/g;
/** Those that encoders put into secrets; line ends and tabs end a secret as they stand. */
const JSON_ESCAPE = /\\+u([0-9A-Fa-f]{4})|\\\//g;
/** `\\x67` and `\\u{67}` of source code; the backslash is doubled where the source stands in JSON. */
const SOURCE_ESCAPE = /\\+(?:x([2-7][0-9A-Fa-f])|u\{0{0,4}([2-7][0-9A-Fa-f])\})/g;
/** Numbers only: names such as `&amp;` stand for signs that keys are not made of. */
const ENTITY = /&#(?:[xX]0{0,4}([0-9A-Fa-f]{2})|0{0,4}([0-9]{2,3}));?/g;
/** RFC 2045 section 6.7: signs in hexadecimal, and line ends that are not meant. */
const QUOTED_PRINTABLE = /=(?:([0-9A-F]{2})|\r?\n)/g;

/** `isForm`: a plus sign stands for a blank (WHATWG URL, `application/x-www-form-urlencoded`). */
export function percentLayer(text: Buffer, isForm = false): Layer | null {
  if (!text.includes('%') && !(isForm && text.includes('+'))) return null;
  const value = (hex: string) => (hex === '' ? SPACE : Buffer.from(hex, 'hex'));
  return unescaped(text, {
    encoding: 'percent',
    pattern: isForm ? FORM_PERCENT : PERCENT,
    value,
    write: encodeURIComponent,
  });
}

const SPACE = Buffer.from(' ');
const FORM_PERCENT = /%([0-9A-Fa-f]{2})|\+/g;

export function sourceLayer(text: Buffer): Layer | null {
  if (!text.includes('\\x') && !text.includes('\\u{')) return null;
  const value = (code: string, point: string) =>
    Buffer.from(String.fromCharCode(Number.parseInt(code || point, 16)), 'utf8');
  return unescaped(text, { encoding: 'source', pattern: SOURCE_ESCAPE, value, write: (plain) => plain });
}

export function entityLayer(text: Buffer): Layer | null {
  if (!text.includes('&#')) return null;
  const value = (code: string, decimal: string) =>
    Buffer.from(String.fromCharCode(code === '' ? Number(decimal) : Number.parseInt(code, 16)), 'utf8');
  return unescaped(text, { encoding: 'entity', pattern: ENTITY, value, write: (plain) => plain });
}

export function quotedPrintableLayer(text: Buffer): Layer | null {
  if (!text.includes('=\r\n') && !text.includes('=\n') && !text.includes('=3D')) return null;
  const value = (hex: string) => Buffer.from(hex, 'hex');
  return unescaped(text, {
    encoding: 'quoted',
    pattern: QUOTED_PRINTABLE,
    value,
    write: (plain) => plain.replaceAll('=', '=3D'),
  });
}

export function jsonLayer(text: Buffer): Layer | null {
  if (!text.includes('\\u') && !text.includes('\\/')) return null;
  const value = (code: string) =>
    Buffer.from(code === '' ? '/' : String.fromCharCode(Number.parseInt(code, 16)), 'utf8');
  const write = (plain: string) => JSON.stringify(plain).slice(1, -1);
  return unescaped(text, { encoding: 'json', pattern: JSON_ESCAPE, value, write });
}

/** Null where there is nothing to take away. */
export function invisibleLayer(text: Buffer): Layer | null {
  // Most of them begin with these bytes in UTF-8, and most text has none.
  if (![0xe2, 0xc2, 0xef, 0xf3, 0xd8, 0xcd, 0xe1].some((byte) => text.includes(byte))) return null;
  return lettersReplaced(text, { encoding: 'invisible', pattern: INVISIBLE, value: () => '' });
}

export interface Letters {
  readonly encoding: Encoding;
  /** Matches stretches of the letters in question. */
  readonly pattern: RegExp;
  /** What stands for one letter. */
  readonly value: (letter: string) => string;
}

/** The text with letters of it replaced by others; null where nothing is. Bytes that are no UTF-8 stay as they are. */
export function lettersReplaced(text: Buffer, { encoding, pattern, value }: Letters): Layer | null {
  const source = utf8Of(text);
  const pieces: Piece[] = [];
  let at = 0;
  let last = 0;
  for (const found of source.matchAll(pattern)) {
    at += Buffer.byteLength(source.slice(last, found.index));
    for (const letter of found[0]) {
      const length = Buffer.byteLength(letter);
      const instead = value(letter);
      if (instead !== letter) pieces.push({ at, length, value: Buffer.from(instead, 'utf8') });
      at += length;
    }
    last = found.index + found[0].length;
  }
  return pieces.length === 0 ? null : spliced(text, pieces, { encoding, write: (plain) => plain });
}

/** The text with `?` for each byte that is no UTF-8, so that offsets hold: one such byte must not blind a scan (T-35). */
function utf8Of(text: Buffer): string {
  const source = text.toString('utf8');
  if (Buffer.from(source, 'utf8').equals(text)) return source;
  const mended = Buffer.from(text);
  for (let i = 0; i < mended.length; ) {
    const length = sequenceLength(text, i);
    if (length === 0) mended[i] = 0x3f;
    i += Math.max(1, length);
  }
  return mended.toString('utf8');
}

/** Bytes of the well-formed sequence at `i` (Unicode table 3-7); 0 when there is none. */
function sequenceLength(text: Buffer, i: number): number {
  const first = text[i] as number;
  if (first < 0x80) return 1;
  const length = lengthBy(first);
  const [low, high] = SECOND[first] ?? [0x80, 0xbf];
  const second = text[i + 1] ?? 0;
  if (length === 0 || i + length > text.length || second < low || second > high) return 0;
  const rest = text.subarray(i + 2, i + length);
  return rest.every((byte) => (byte & 0xc0) === 0x80) ? length : 0;
}

function lengthBy(first: number): number {
  if (first < 0xc2 || first > 0xf4) return 0;
  return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

const SECOND: Readonly<Record<number, readonly [number, number]>> = {
  224: [0xa0, 0xbf],
  237: [0x80, 0x9f],
  240: [0x90, 0xbf],
  244: [0x80, 0x8f],
};

interface Piece {
  readonly at: number;
  readonly length: number;
  readonly value: Buffer;
}

interface Escapes {
  readonly encoding: Encoding;
  /** Its first two groups are what `value` takes. */
  readonly pattern: RegExp;
  readonly value: (code: string, other: string) => Buffer;
  readonly write: (plain: string) => string;
}

function unescaped(text: Buffer, escapes: Escapes): Layer | null {
  if (text.length > LONGEST_RUN) return null;
  // Latin-1: a character a byte, so that offsets are the same.
  const pieces = [...text.toString('latin1').matchAll(escapes.pattern)].map((found) => ({
    at: found.index,
    length: found[0].length,
    value: escapes.value(found[1] ?? '', found[2] ?? ''),
  }));
  return pieces.length === 0 ? null : spliced(text, pieces, escapes);
}

function spliced(
  text: Buffer,
  pieces: readonly Piece[],
  { encoding, write }: Pick<Escapes, 'encoding' | 'write'>,
): Layer {
  const grown = pieces.reduce((sum, { length, value }) => sum + value.length - length, 0);
  const decoded = Buffer.allocUnsafe(text.length + grown);
  const places = new Uint32Array(decoded.length + 1);
  const changed: [number, number][] = [];
  let at = 0;
  let to = 0;
  const keep = (until: number) => {
    text.copy(decoded, to, at, until);
    while (at < until) places[to++] = at++;
  };
  for (const piece of pieces) {
    keep(piece.at);
    const start = to;
    decoded.set(piece.value, to);
    to += piece.value.length;
    places.fill(piece.at, start, to);
    changed.push([start, to]);
    at = piece.at + piece.length;
  }
  keep(text.length);
  places[to] = text.length;
  return {
    encoding,
    decoded,
    changed,
    outer: (from, until) => [places[from] ?? text.length, outerEnd(places, until, text.length)],
    encode: (_from, _to, replacement) => Buffer.from(write(Buffer.from(replacement).toString('utf8')), 'utf8'),
  };
}

/** Bytes of one escape share its place: the end is where the next one begins. */
function outerEnd(places: Uint32Array, to: number, length: number): number {
  const last = places[to - 1] ?? 0;
  for (let i = to; i < places.length; i += 1) if ((places[i] ?? 0) > last) return places[i] ?? length;
  return length;
}
