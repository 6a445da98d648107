/**
 * Encodings that leave most characters as they are: percent-encoding (RFC 3986), JSON's escapes (RFC 8259), those of source
 * code, character references, quoted-printable.
 */

import { alphabet } from '../alphabet.ts';
import { nextByte } from '../next-byte.ts';
import { Splices, type Undone } from './splices.ts';

/** Of names those of signs that keys and connection strings are made of. */
const NAMED: Readonly<Record<string, string>> = {
  ...{ lowbar: '_', UnderBar: '_', period: '.', colon: ':', equals: '=' },
  ...{ sol: '/', plus: '+', commat: '@', dollar: '$' },
};
const NAMES = Object.keys(NAMED);
const ENTITY = new RegExp(`^&(?:#(?:[xX]0{0,12}([0-9A-Fa-f]{2})|0{0,12}([0-9]{2,3}));?|(${NAMES.join('|')});)`);
const LONGEST_ENTITY = 20;
/** What may stand behind the ampersand of one. */
const ENTITY_STARTS = alphabet(`#${NAMES.map((name) => name[0]).join('')}`);

const [PERCENT, PLUS, SLASH, EQUALS, RETURN, NEWLINE] = [0x25, 0x2b, 0x2f, 0x3d, 0x0d, 0x0a];
const [SPACE, BACKSLASH, AMPERSAND, OPEN, CLOSE] = [0x20, 0x5c, 0x26, 0x7b, 0x7d];
const [SMALL_U, SMALL_X, ZERO, ONE, ESCAPE] = [0x75, 0x78, 0x30, 0x31, 0x1b];

/** Values of hexadecimal digits; 16 for what is none. */
const HEX = Uint8Array.from({ length: 256 }, (_, byte) => {
  const value = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(value) ? 16 : value;
});
const CAPITAL_HEX = alphabet('0123456789ABCDEF');
const BASE64 = alphabet('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ+/-_abcdefghijklmnopqrstuvwxyz');

/** `isForm`: a plus sign stands for a blank (WHATWG URL, `application/x-www-form-urlencoded`). */
export function percentLayer(text: Buffer, isForm = false): Undone | null {
  const splices = new Splices();
  for (let at = isForm ? 0 : nextByte(text, PERCENT, 0); at < text.length; ) {
    const value = text[at] === PERCENT ? hexAt(text, at + 1, 2) : -1;
    if (value >= 0) splices.add(at, at + 3, value);
    else if (isForm && text[at] === PLUS) splices.add(at, at + 1, SPACE);
    at += value >= 0 ? 3 : 1;
    if (!isForm) at = nextByte(text, PERCENT, at);
  }
  return undone({ encoding: 'percent', text, splices, write: encodeURIComponent });
}

/** Those that encoders put into secrets; line ends and tabs are seen without it. Any number of backslashes before a `u`. */
export function jsonLayer(text: Buffer): Undone | null {
  const splices = backslashed(text, JSON_SIGNS, (out, start, sign) => {
    const code = text[sign] === SMALL_U ? hexAt(text, sign + 1, 4) : -1;
    if (code >= 0) out.addCode(start, sign + 5, code);
    else if (text[sign] === SLASH) out.add(sign - 1, sign + 1, SLASH);
  });
  return undone({ encoding: 'json', text, splices, write: (plain) => JSON.stringify(plain).slice(1, -1) });
}

const JSON_SIGNS = alphabet('u/');
const SOURCE_SIGNS = alphabet('ux01');

/** What `take` makes of each row of backslashes before one of the signs, of which it may take as much as it likes. */
function backslashed(
  text: Buffer,
  signs: Uint8Array,
  take: (out: Splices, start: number, sign: number) => void,
): Splices {
  const splices = new Splices();
  for (let at = nextByte(text, BACKSLASH, 0); at < text.length; at = nextByte(text, BACKSLASH, at)) {
    const start = at;
    while (text[at] === BACKSLASH) at += 1;
    if (signs[text[at] ?? 0] === 1) take(splices, start, at);
  }
  return splices;
}

/** The number that so many digits at `at` make; -1 where there are not so many. */
function hexAt(text: Uint8Array, at: number, digits: number): number {
  let value = 0;
  for (let i = at; i < at + digits; i += 1) {
    const digit = i < text.length ? (HEX[text[i] as number] as number) : 16;
    if (digit > 15) return -1;
    value = value * 16 + digit;
  }
  return value;
}

/** `\\x67`, `\\u{67}` and `\\147` of source code; the backslash is doubled where the source stands in JSON. */
export function sourceLayer(text: Buffer): Undone | null {
  const splices = backslashed(text, SOURCE_SIGNS, (out, start, sign) => {
    const first = text[sign];
    if (first === SMALL_X) takeAscii(out, [start, sign + 3], hexAt(text, sign + 1, 2));
    else if (first === ZERO || first === ONE) takeAscii(out, [start, sign + 3], octalAt(text, sign));
    else if (first === SMALL_U && text[sign + 1] === OPEN) takeCodePoint(out, text, start, sign + 2);
  });
  return undone({ encoding: 'source', text, splices, write: (plain) => plain });
}

/** A sign that is seen, or the one that orders to a terminal begin with. */
function takeAscii(out: Splices, [start, end]: readonly [number, number], code: number): void {
  if ((code >= 0x20 && code < 0x80) || code === ESCAPE) out.add(start, end, code);
}

function takeCodePoint(out: Splices, text: Uint8Array, start: number, digits: number): void {
  let at = digits;
  while (at < digits + 4 && text[at] === ZERO) at += 1;
  if (text[at + 2] === CLOSE) takeAscii(out, [start, at + 3], hexAt(text, at, 2));
}

/** -1 where there are no three digits. */
function octalAt(text: Uint8Array, at: number): number {
  let value = 0;
  for (let i = at; i < at + 3; i += 1) {
    const digit = (text[i] ?? 0) - ZERO;
    if (digit < 0 || digit > 7) return -1;
    value = value * 8 + digit;
  }
  return value;
}

export function entityLayer(text: Buffer): Undone | null {
  const splices = new Splices();
  for (let at = nextByte(text, AMPERSAND, 0); at < text.length; at = nextByte(text, AMPERSAND, at)) {
    at += ENTITY_STARTS[text[at + 1] ?? 0] === 1 ? takeEntity(splices, text, at) : 1;
  }
  return undone({ encoding: 'entity', text, splices, write: (plain) => plain });
}

/** Bytes that need no further look. */
function takeEntity(out: Splices, text: Buffer, at: number): number {
  const match = ENTITY.exec(text.toString('latin1', at, at + LONGEST_ENTITY));
  if (match === null) return 1;
  const [found, hex, decimal, name] = match;
  const sign = name === undefined ? undefined : NAMED[name]?.charCodeAt(0);
  out.addCode(at, at + found.length, sign ?? (hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)));
  return found.length;
}

/** RFC 2045 section 6.7: signs in hexadecimal, and line ends that are not meant. */
export function quotedPrintableLayer(text: Buffer): Undone | null {
  const splices = new Splices();
  // Without a line end that is not meant, or its own sign, it is no such text.
  let isMarked = false;
  for (let at = nextByte(text, EQUALS, 0); at < text.length; at = nextByte(text, EQUALS, at + 1)) {
    const lineEnd = lineEndAt(text, at + 1);
    if (lineEnd > 0 && isPadding(text, at)) continue;
    if (lineEnd > 0) splices.add(at, at + 1 + lineEnd);
    else if (isCapitalHex(text, at + 1)) splices.add(at, at + 3, hexAt(text, at + 1, 2));
    else continue;
    isMarked ||= lineEnd > 0 || (text[at + 1] === 0x33 && text[at + 2] === 0x44);
    at = (splices.ends[splices.count - 1] as number) - 1;
  }
  return !isMarked
    ? null
    : undone({ encoding: 'quoted', text, splices, write: (plain) => plain.replaceAll('=', '=3D') });
}

/** How many bytes it has; 0 where none is. */
function lineEndAt(text: Uint8Array, at: number): number {
  if (text[at] === NEWLINE) return 1;
  return text[at] === RETURN && text[at + 1] === NEWLINE ? 2 : 0;
}

function isCapitalHex(text: Uint8Array, at: number): boolean {
  return CAPITAL_HEX[text[at] ?? 0] === 1 && CAPITAL_HEX[text[at + 1] ?? 0] === 1;
}

/**
 * The sign ends a value in base64, as settings have it (`KEY=c2VjcmV0Cg==`): that many characters as base64 has, and a sign before
 * it that no text of this kind holds. Taken for a line end that is not meant it would glue the next line to the value.
 */
function isPadding(text: Uint8Array, at: number): boolean {
  const first = text[at - 1] === EQUALS ? at - 1 : at;
  let start = first;
  while (start > 0 && BASE64[text[start - 1] as number] === 1) start -= 1;
  if (first - start < 8 || (at + 1 - start) % 4 !== 0) return false;
  return first < at || (text[start - 1] === EQUALS && !isCapitalHex(text, start));
}

function undone(of: Undone): Undone | null {
  return of.splices.count === 0 ? null : of;
}
