/**
 * Encodings that leave most characters as they are: percent-encoding (RFC 3986), JSON's escapes (RFC 8259), those of source
 * code, character references, quoted-printable.
 */

import { alphabet, LONGEST_RUN } from './layer.ts';
import { Splices, type Undone } from './splices.ts';

/** `\\x67` and `\\u{67}` of source code; the backslash is doubled where the source stands in JSON. */
const SOURCE_ESCAPE = /\\+(?:x([2-7][0-9A-Fa-f])|u\{0{0,4}([2-7][0-9A-Fa-f])\})/g;
/** Numbers only: names such as `&amp;` stand for signs that keys are not made of. */
const ENTITY = /&#(?:[xX]0{0,4}([0-9A-Fa-f]{2})|0{0,4}([0-9]{2,3}));?/g;

const [PERCENT, PLUS, BACKSLASH, SLASH, EQUALS, RETURN, NEWLINE] = [0x25, 0x2b, 0x5c, 0x2f, 0x3d, 0x0d, 0x0a];
const SPACE = 0x20;
const LETTER_U = 0x75;

/** Values of hexadecimal digits; 16 for what is none. */
const HEX = Uint8Array.from({ length: 256 }, (_, byte) => {
  const value = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(value) ? 16 : value;
});
const CAPITAL_HEX = alphabet('0123456789ABCDEF');

/** `isForm`: a plus sign stands for a blank (WHATWG URL, `application/x-www-form-urlencoded`). */
export function percentLayer(text: Buffer, isForm = false): Undone | null {
  const splices = new Splices();
  if (text.length > LONGEST_RUN) return null;
  for (let at = isForm ? 0 : nextOf(text, PERCENT, 0); at < text.length; ) {
    const value = text[at] === PERCENT ? hexAt(text, at + 1, 2) : -1;
    if (value >= 0) splices.add(at, at + 3, value);
    else if (isForm && text[at] === PLUS) splices.add(at, at + 1, SPACE);
    at += value >= 0 ? 3 : 1;
    if (!isForm) at = nextOf(text, PERCENT, at);
  }
  return undone({ encoding: 'percent', text, splices, write: encodeURIComponent });
}

/** Those that encoders put into secrets; line ends and tabs end a secret as they stand. */
export function jsonLayer(text: Buffer): Undone | null {
  if (text.length > LONGEST_RUN || (!text.includes('\\u') && !text.includes('\\/'))) return null;
  const splices = new Splices();
  for (let at = nextOf(text, BACKSLASH, 0); at < text.length; at = nextOf(text, BACKSLASH, at + 1)) {
    const start = at;
    while (text[at + 1] === BACKSLASH) at += 1;
    const code = text[at + 1] === LETTER_U ? hexAt(text, at + 2, 4) : -1;
    if (code >= 0) {
      splices.addCode(start, at + 6, code);
      at += 5;
    } else if (text[at + 1] === SLASH) {
      splices.add(at, at + 2, SLASH);
      at += 1;
    }
  }
  return undone({ encoding: 'json', text, splices, write: (plain) => JSON.stringify(plain).slice(1, -1) });
}

/** Where the next such byte is; the length of the text where there is none. A call costs more than a few bytes do. */
function nextOf(text: Buffer, byte: number, from: number): number {
  const near = Math.min(text.length, from + 32);
  for (let at = from; at < near; at += 1) if (text[at] === byte) return at;
  const found = near === text.length ? -1 : text.indexOf(byte, near);
  return found < 0 ? text.length : found;
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

export function sourceLayer(text: Buffer): Undone | null {
  if (!text.includes('\\x') && !text.includes('\\u{')) return null;
  const code = (hex: string, point: string) => Number.parseInt(hex || point, 16);
  const write = (plain: string) => plain;
  return undone({ encoding: 'source', text, splices: matched(text, SOURCE_ESCAPE, code), write });
}

export function entityLayer(text: Buffer): Undone | null {
  if (!text.includes('&#')) return null;
  const code = (hex: string, decimal: string) => (hex === '' ? Number(decimal) : Number.parseInt(hex, 16));
  const write = (plain: string) => plain;
  return undone({ encoding: 'entity', text, splices: matched(text, ENTITY, code), write });
}

/** `code` takes the first two groups. */
function matched(text: Buffer, pattern: RegExp, code: (one: string, other: string) => number): Splices {
  const splices = new Splices();
  if (text.length > LONGEST_RUN) return splices;
  // Latin-1: a character a byte, so that offsets are the same.
  for (const found of text.toString('latin1').matchAll(pattern))
    splices.addCode(found.index, found.index + found[0].length, code(found[1] ?? '', found[2] ?? ''));
  return splices;
}

/** RFC 2045 section 6.7: signs in hexadecimal, and line ends that are not meant. */
export function quotedPrintableLayer(text: Buffer): Undone | null {
  if (text.length > LONGEST_RUN) return null;
  if (!text.includes('=\r\n') && !text.includes('=\n') && !text.includes('=3D')) return null;
  const splices = new Splices();
  for (let at = nextOf(text, EQUALS, 0); at < text.length; at = nextOf(text, EQUALS, at + 1)) {
    const [first = 0, second = 0] = [text[at + 1], text[at + 2]];
    if (first === NEWLINE) splices.add(at, at + 2);
    else if (first === RETURN && second === NEWLINE) splices.add(at, at + 3);
    else if (CAPITAL_HEX[first] === 1 && CAPITAL_HEX[second] === 1) splices.add(at, at + 3, hexAt(text, at + 1, 2));
    else continue;
    at = (splices.ends[splices.count - 1] as number) - 1;
  }
  return undone({ encoding: 'quoted', text, splices, write: (plain) => plain.replaceAll('=', '=3D') });
}

function undone(of: Undone): Undone | null {
  return of.splices.count === 0 ? null : of;
}
