/** UTF-8, both ways; decoding as the Encoding standard has it: maximal subparts become U+FFFD. */

import { charCode } from './bridge.ts';

const { fromCharCode, fromCodePoint } = String;
const BATCH = 4096;

export function encodeUtf8(text: string): Uint8Array {
  const out = new Uint8Array(text.length * 3);
  const { written } = encodeInto(text, out);
  return out.slice(0, written);
}

/** Writes whole code points only. */
export function encodeInto(text: string, to: Uint8Array): { read: number; written: number } {
  let written = 0;
  let i = 0;
  while (i < text.length) {
    const point = codePoint(text, i);
    const size = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x1_0000 ? 3 : 4;
    if (written + size > to.length) break;
    put(point, size, to, written);
    written += size;
    i += size === 4 ? 2 : 1;
  }
  return { read: i, written };
}

/** The code point at an index; U+FFFD for a lone surrogate. */
function codePoint(text: string, at: number): number {
  const first = charCode(text, at);
  if (first < 0xd800 || first > 0xdfff) return first;
  if (first > 0xdbff || at + 1 >= text.length) return 0xfffd;
  const second = charCode(text, at + 1);
  if (second < 0xdc00 || second > 0xdfff) return 0xfffd;
  return ((first - 0xd800) << 10) + (second - 0xdc00) + 0x1_0000;
}

function put(point: number, size: number, to: Uint8Array, at: number): void {
  if (size === 1) {
    to[at] = point;
    return;
  }
  let rest = point;
  for (let i = size - 1; i > 0; i -= 1) {
    to[at + i] = 0x80 | (rest & 63);
    rest >>= 6;
  }
  to[at] = ([0, 0, 0xc0, 0xe0, 0xf0][size] as number) | rest;
}

/** A decoder that may be fed in pieces. Throws a `TypeError` on malformed input when `fatal`. */
export class Utf8Decoder {
  readonly #fatal: boolean;
  #point = 0;
  #needed = 0;
  #lower = 0x80;
  #upper = 0xbf;

  constructor(fatal: boolean) {
    this.#fatal = fatal;
  }

  push(bytes: Uint8Array): string {
    let out = '';
    let units: number[] = [];
    for (let i = 0; i < bytes.length; i += 1) {
      const byte = bytes[i] as number;
      if (this.#needed === 0 && byte < 0x80) units.push(byte);
      else if (this.#needed > 0 && (byte < this.#lower || byte > this.#upper)) {
        this.#reset();
        units.push(this.#bad());
        i -= 1;
      } else this.#take(byte, units);
      if (units.length >= BATCH) {
        out += fromCharCode(...units);
        units = [];
      }
    }
    return out + fromCharCode(...units);
  }

  end(): string {
    if (this.#needed === 0) return '';
    this.#reset();
    return fromCharCode(this.#bad());
  }

  #take(byte: number, units: number[]): void {
    if (this.#needed === 0) {
      if (!this.#lead(byte)) units.push(this.#bad());
      return;
    }
    this.#lower = 0x80;
    this.#upper = 0xbf;
    this.#point = (this.#point << 6) | (byte & 63);
    this.#needed -= 1;
    if (this.#needed > 0) return;
    const text = fromCodePoint(this.#point);
    for (let i = 0; i < text.length; i += 1) units.push(charCode(text, i));
    this.#point = 0;
  }

  #lead(byte: number): boolean {
    if (byte < 0xc2 || byte > 0xf4) return false;
    this.#needed = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    this.#point = byte & (0x3f >> this.#needed);
    if (byte === 0xe0) this.#lower = 0xa0;
    else if (byte === 0xed) this.#upper = 0x9f;
    else if (byte === 0xf0) this.#lower = 0x90;
    else if (byte === 0xf4) this.#upper = 0x8f;
    return true;
  }

  #bad(): number {
    if (this.#fatal) {
      this.#reset();
      throw new TypeError('the bytes are not valid in this encoding');
    }
    return 0xfffd;
  }

  #reset(): void {
    this.#needed = 0;
    this.#point = 0;
    this.#lower = 0x80;
    this.#upper = 0xbf;
  }
}

/** "UTF-8 decode": a byte order mark is dropped, nothing is fatal. */
export function decodeUtf8(bytes: Uint8Array): string {
  const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  const decoder = new Utf8Decoder(false);
  return decoder.push(marked ? bytes.subarray(3) : bytes) + decoder.end();
}
