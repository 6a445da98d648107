/** A text that a regular expression matches, made from its tree: so that an imported rule has a test of its own. */

import RE2 from 're2';
import type { ByteSet } from '../prefilter/byte-set.ts';
import { parseRegex } from '../prefilter/parse-regex.ts';
import { EMPTY, type Node } from '../prefilter/syntax.ts';
import { shannonEntropy } from '../validators/tokens.ts';

const TRIES = 60;
/** Repeats beyond the least that an expression asks for. */
const MORE = 3;

/** Null when none could be made in which this group holds anything: the expression is not known here, or needs what chance does not give. */
export function sampleOf(regex: string, group: number, entropy: number): string | null {
  const tree = parseRegex(regex);
  if (tree === null) return null;
  const compiled = new RE2(regex);
  for (let seed = 1; seed <= TRIES; seed += 1) {
    const text = write(tree, new Chance(seed));
    const secret = compiled.exec(text)?.[group];
    if (secret !== undefined && secret.length > 0 && shannonEntropy(Buffer.from(secret)) >= entropy) return text;
  }
  return null;
}

/** Numbers that look random and are the same every time (Park and Miller, 1988). */
class Chance {
  #state: number;
  constructor(seed: number) {
    this.#state = seed * 7919;
  }
  below(limit: number): number {
    this.#state = (this.#state * 48_271) % 0x7fffffff;
    return this.#state % limit;
  }
}

function write(node: Node, chance: Chance): string {
  switch (node.kind) {
    case 'edge':
      return '';
    case 'set':
      return oneOf(node.set, chance);
    case 'cat':
      return node.parts.map((part) => write(part, chance)).join('');
    case 'alt':
      return write(node.parts[chance.below(node.parts.length)] ?? EMPTY, chance);
    case 'repeat': {
      const most = Math.min(node.max, node.min + MORE);
      const count = node.min + chance.below(most - node.min + 1);
      return Array.from({ length: count }, () => write(node.part, chance)).join('');
    }
  }
}

/** A letter or digit where one will do, else any printable sign, else any byte. */
function oneOf({ has }: ByteSet, chance: Chance): string {
  const among = (from: number, to: number, fits: (text: string) => boolean) =>
    Array.from({ length: to - from }, (_, i) => from + i).filter((b) => has[b] && fits(String.fromCharCode(b)));
  const words = among(48, 123, (text) => /[0-9A-Za-z]/.test(text));
  const signs = words.length > 0 ? words : among(32, 127, () => true);
  const all = signs.length > 0 ? signs : among(0, 128, () => true);
  return String.fromCharCode(all[chance.below(Math.max(1, all.length))] ?? 120);
}
