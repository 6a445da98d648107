/**
 * Encodings that leave most characters as they are: percent-encoding (RFC 3986), JSON's escapes (RFC 8259), those of source
 * code, character references, quoted-printable.
 */

import { alphabet, LONGEST_RUN } from './layer.ts';
import { matched, Splices, type Undone } from './splices.ts';

/** Those that encoders put into secrets; line ends and tabs end a secret as they stand. */
const JSON_ESCAPE = /\\+u([0-9A-Fa-f]{4})|\\\//g;
/** `\\x67`, `\\u{67}` and `\\147` of source code; the backslash is doubled where the source stands in JSON. */
const SOURCE_ESCAPE = /\\+(?:x([2-7][0-9A-Fa-f])|u\{0{0,4}([2-7][0-9A-Fa-f])\}|(0[4-7][0-7]|1[0-7]{2}))/g;
/** Of names those of signs that keys and connection strings are made of. */
const NAMED: Readonly<Record<string, string>> = {
  ...{ lowbar: '_', UnderBar: '_', period: '.', colon: ':', equals: '=' },
  ...{ sol: '/', plus: '+', commat: '@', dollar: '$' },
};
const NAMES = Object.keys(NAMED);
const ENTITY = new RegExp(`&(?:#(?:[xX]0{0,12}([0-9A-Fa-f]{2})|0{0,12}([0-9]{2,3}));?|(${NAMES.join('|')});)`, 'g');

const [PERCENT, PLUS, SLASH, EQUALS, RETURN, NEWLINE] = [0x25, 0x2b, 0x2f, 0x3d, 0x0d, 0x0a];
const SPACE = 0x20;

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

export function jsonLayer(text: Buffer): Undone | null {
  if (text.length > LONGEST_RUN || (!text.includes('\\u') && !text.includes('\\/'))) return null;
  const splices = matched(text, JSON_ESCAPE, (out, start, [found, code]) => {
    if (code === undefined) out.add(start, start + 2, SLASH);
    else out.addCode(start, start + found.length, Number.parseInt(code, 16));
  });
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

const SOURCE_STARTS = ['\\x', '\\u{', '\\0', '\\1'];

export function sourceLayer(text: Buffer): Undone | null {
  if (text.length > LONGEST_RUN || !SOURCE_STARTS.some((start) => text.includes(start))) return null;
  const splices = matched(text, SOURCE_ESCAPE, (out, start, [found, hex, point, octal]) =>
    out.addCode(
      start,
      start + found.length,
      Number.parseInt(octal ?? hex ?? point ?? '', octal === undefined ? 16 : 8),
    ),
  );
  return undone({ encoding: 'source', text, splices, write: (plain) => plain });
}

function mayHoldEntity(text: Buffer): boolean {
  return text.includes('&#') || NAMES.some((name) => text.includes(`&${name};`));
}

export function entityLayer(text: Buffer): Undone | null {
  if (text.length > LONGEST_RUN || !mayHoldEntity(text)) return null;
  const splices = matched(text, ENTITY, (out, start, [found, hex, decimal, name]) => {
    const sign = name === undefined ? undefined : NAMED[name]?.charCodeAt(0);
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    out.addCode(start, start + found.length, sign ?? code);
  });
  return undone({ encoding: 'entity', text, splices, write: (plain) => plain });
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
