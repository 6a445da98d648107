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
const JSON_ESCAPE = /\\(?:u([0-9A-Fa-f]{4})|\/)/g;

export function percentLayer(text: Buffer): Layer | null {
  return text.includes('%')
    ? unescaped(text, {
        encoding: 'percent',
        pattern: PERCENT,
        value: (hex) => Buffer.from(hex, 'hex'),
        write: encodeURIComponent,
      })
    : null;
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
  const source = text.toString('utf8');
  if (!Buffer.from(source, 'utf8').equals(text)) return null;
  const pieces: Piece[] = [];
  let at = 0;
  let last = 0;
  for (const found of source.matchAll(INVISIBLE)) {
    at += Buffer.byteLength(source.slice(last, found.index));
    const length = Buffer.byteLength(found[0]);
    pieces.push({ at, length, value: Buffer.alloc(0) });
    at += length;
    last = found.index + found[0].length;
  }
  return pieces.length === 0 ? null : spliced(text, pieces, { encoding: 'invisible', write: (plain) => plain });
}

interface Piece {
  readonly at: number;
  readonly length: number;
  readonly value: Buffer;
}

interface Escapes {
  readonly encoding: Encoding;
  /** Its first group is what `value` takes. */
  readonly pattern: RegExp;
  readonly value: (code: string) => Buffer;
  readonly write: (plain: string) => string;
}

function unescaped(text: Buffer, escapes: Escapes): Layer | null {
  if (text.length > LONGEST_RUN) return null;
  // Latin-1: a character a byte, so that offsets are the same.
  const pieces = [...text.toString('latin1').matchAll(escapes.pattern)].map((found) => ({
    at: found.index,
    length: found[0].length,
    value: escapes.value(found[1] ?? ''),
  }));
  return pieces.length === 0 ? null : spliced(text, pieces, escapes);
}

function spliced(
  text: Buffer,
  pieces: readonly Piece[],
  { encoding, write }: Pick<Escapes, 'encoding' | 'write'>,
): Layer {
  const parts: Buffer[] = [];
  const places: number[] = [];
  let at = 0;
  const keep = (until: number) => {
    parts.push(text.subarray(at, until));
    for (; at < until; at += 1) places.push(at);
  };
  for (const piece of pieces) {
    keep(piece.at);
    parts.push(piece.value);
    for (let i = 0; i < piece.value.length; i += 1) places.push(piece.at);
    at = piece.at + piece.length;
  }
  keep(text.length);
  places.push(text.length);
  return {
    encoding,
    decoded: Buffer.concat(parts),
    outer: (from, to) => [places[from] ?? text.length, outerEnd(places, to, text.length)],
    encode: (_from, _to, replacement) => Buffer.from(write(Buffer.from(replacement).toString('utf8')), 'utf8'),
  };
}

/** Bytes of one escape share its place: the end is where the next one begins. */
function outerEnd(places: readonly number[], to: number, length: number): number {
  const last = places[to - 1] ?? 0;
  for (let i = to; i < places.length; i += 1) if ((places[i] ?? 0) > last) return places[i] ?? length;
  return length;
}
