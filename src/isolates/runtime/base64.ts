/** `atob` and `btoa`: forgiving base64, as the Infra standard has it. */

import { charCode } from './bridge.ts';
import { DOMException } from './dom-exception.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const VALUES = new Int8Array(256).fill(-1);
for (let i = 0; i < 64; i += 1) VALUES[charCode(ALPHABET, i)] = i;
const { fromCharCode } = String;

function needArgument(given: number, name: string): void {
  if (given === 0) throw new TypeError(`${name} takes one argument`);
}

export function btoa(...args: unknown[]): string {
  needArgument(args.length, 'btoa');
  const text = String(args[0]);
  let out = '';
  for (let i = 0; i < text.length; i += 3) {
    const [a, b, c] = [charCode(text, i), charCode(text, i + 1), charCode(text, i + 2)];
    if (a > 255 || b > 255 || c > 255) {
      throw new DOMException('the text holds characters beyond Latin-1', 'InvalidCharacterError');
    }
    const bits = (a << 16) | ((b || 0) << 8) | (c || 0);
    out += ALPHABET[bits >> 18];
    out += ALPHABET[(bits >> 12) & 63];
    out += i + 1 < text.length ? ALPHABET[(bits >> 6) & 63] : '=';
    out += i + 2 < text.length ? ALPHABET[bits & 63] : '=';
  }
  return out;
}

export function atob(...args: unknown[]): string {
  needArgument(args.length, 'atob');
  let text = String(args[0]).replace(/[\t\n\f\r ]+/g, '');
  if (text.length % 4 === 0) text = text.replace(/={1,2}$/, '');
  if (text.length % 4 === 1 || /[^A-Za-z0-9+/]/.test(text)) {
    throw new DOMException('the text is not base64', 'InvalidCharacterError');
  }
  let out = '';
  let bits = 0;
  let held = 0;
  for (let i = 0; i < text.length; i += 1) {
    held = ((held << 6) | (VALUES[charCode(text, i)] as number)) & 0xff_ffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out += fromCharCode((held >> bits) & 255);
  }
  return out;
}
