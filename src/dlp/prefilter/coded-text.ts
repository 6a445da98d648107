/** Texts of which each letter is asked for as it is, or in either case: a code unit is a byte, or a lower-case letter and EITHER. */

import { isLetter } from './byte-set.ts';
import type { Node } from './syntax.ts';

export const EITHER = 256;
const MOST_STRINGS = 32;
const MOST_LENGTH = 16;
/** Bytes of a set that are still written out one by one. */
const MOST_OF_A_SET = 8;

/** Every text that the node matches, when they are few; null when they are not. */
export function textsOf(node: Node): readonly string[] | null {
  switch (node.kind) {
    case 'set':
      return node.set.wide ? null : codedSet(node.set.has, MOST_OF_A_SET);
    case 'edge':
      return [''];
    case 'cat':
      return node.parts.reduce<readonly string[] | null>(
        (run, part) => {
          const texts = run === null ? null : textsOf(part);
          return run === null || texts === null ? null : cross(run, texts);
        },
        [''],
      );
    case 'alt': {
      const all = node.parts.map(textsOf);
      return all.every((texts) => texts !== null) ? few([...new Set(all.flat())]) : null;
    }
    case 'repeat':
      return repeated(node.part, node.min, node.max);
  }
}

function repeated(part: Node, min: number, max: number): readonly string[] | null {
  if (max > MOST_LENGTH) return null;
  const texts = textsOf(part);
  if (texts === null) return null;
  let run: readonly string[] | null = [''];
  const all = new Set<string>(min === 0 ? [''] : []);
  for (let i = 1; i <= max; i += 1) {
    run = cross(run, texts);
    if (run === null) return null;
    if (i >= min) for (const text of run) all.add(text);
  }
  return few([...all]);
}

/** Null when they are too many, or too long. */
export function cross(a: readonly string[], b: readonly string[]): readonly string[] | null {
  if (a.length * b.length > MOST_STRINGS) return null;
  const out = [...new Set(a.flatMap((x) => b.map((y) => x + y)))];
  return out.some((text) => text.length > MOST_LENGTH) ? null : out;
}

const few = (texts: readonly string[]): readonly string[] | null => (texts.length <= MOST_STRINGS ? texts : null);

/** A letter of which both cases are in the set is one. Null beyond `most`. */
export function codedSet(has: ArrayLike<number>, most: number): string[] | null {
  const out: string[] = [];
  for (let byte = 0; byte < 256; byte += 1) {
    if (!has[byte]) continue;
    const both = isLetter(byte) && has[byte ^ 32];
    if (both && byte < 97) continue;
    out.push(String.fromCharCode(both ? byte | EITHER : byte));
    if (out.length > most) return null;
  }
  return out;
}

/** Each letter of an ASCII text in either case, as keywords are looked for. */
export function inEitherCase(bytes: Uint8Array): string {
  return [...bytes].map((byte) => String.fromCharCode(isLetter(byte) ? byte | 32 | EITHER : byte)).join('');
}

/** The bytes, letters in lower case. */
export function foldedBytes(text: string): Uint8Array {
  const out = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) {
    const byte = text.charCodeAt(i) & 255;
    out[i] = byte >= 65 && byte <= 90 ? byte | 32 : byte;
  }
  return out;
}
