/**
 * Colours and other orders to a terminal (ECMA-48): nobody sees them, and what a log or a shell prints is full of them. Left in
 * place the last letter of one stands before a secret as if it were part of a word.
 */

import { Splices, type Undone } from './splices.ts';

const ESCAPE = 0x1b;
/**
 * A control sequence: parameters, intermediate bytes, a last one. An operating system command (a title, the address of a link) up
 * to its terminator. Two bytes otherwise. None of them is longer than this; of a longer one only its beginning is taken.
 */
const LONGEST_ORDER = 512;
const ORDER =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /^\x1b(?:\[[\x30-\x3f]{0,64}[\x20-\x2f]{0,4}[\x40-\x7e]|\][^\x07\x1b]{0,500}(?:\x07|\x1b\\)|[()][A-Z0-9]|[\x40-\x5a\x5c\x5e\x5f=>])/;

export function terminalLayer(text: Buffer): Undone | null {
  const splices = new Splices();
  for (let at = text.indexOf(ESCAPE); at >= 0; at = text.indexOf(ESCAPE, at)) {
    const found = ORDER.exec(text.toString('latin1', at, at + LONGEST_ORDER));
    if (found !== null) splices.add(at, at + found[0].length);
    at += found === null ? 1 : found[0].length;
  }
  return splices.count === 0 ? null : { encoding: 'terminal', text, splices, write: (plain) => plain };
}
