/**
 * Line ends and tabs as JSON and source code write them (`\n`): left as they are, their letter stands before a name or a secret
 * as if it were the beginning of it. Bodies of models' APIs are full of them, so that this is no layer of its own but how a text
 * is searched: every byte keeps its place, and what is found is where it was.
 */

import { alphabet } from './alphabet.ts';
import { nextByte } from './next-byte.ts';

const BACKSLASH = 0x5c;
const WORD = alphabet('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz');
/** What stands in the place of a letter; 0 for all that are none of these. */
const STANDS_FOR = new Uint8Array(256);
for (const [letter, sign] of [
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
] as const)
  STANDS_FOR[letter.charCodeAt(0)] = sign.charCodeAt(0);

/** The text itself where there is none before a word; else a copy. */
export function withLineEnds(text: Buffer): Buffer {
  let out: Buffer | null = null;
  for (let at = nextByte(text, BACKSLASH, 0); at < text.length; at = nextByte(text, BACKSLASH, at)) {
    while (text[at] === BACKSLASH) at += 1;
    const sign = STANDS_FOR[text[at] ?? 0] as number;
    if (sign === 0 || WORD[text[at + 1] ?? 0] === 0) continue;
    out ??= Buffer.from(text);
    out[at] = sign;
  }
  return out ?? text;
}
