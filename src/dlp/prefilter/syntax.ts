/** The syntax tree of a regular expression in RE2's syntax, as far as the prefilter reads it. */

import type { ByteSet } from './byte-set.ts';

export type Node =
  | { readonly kind: 'set'; readonly set: ByteSet }
  | { readonly kind: 'cat'; readonly parts: readonly Node[] }
  | { readonly kind: 'alt'; readonly parts: readonly Node[] }
  | { readonly kind: 'repeat'; readonly part: Node; readonly min: number; readonly max: number }
  /** No bytes of its own: `\b`, `^` and `\A`, `$` and `\z`; `unknown` for what nothing is concluded from. */
  | { readonly kind: 'edge'; readonly of: 'word' | 'start' | 'end' | 'unknown' };

export const EMPTY: Node = { kind: 'cat', parts: [] };

/**
 * Bytes in a row from which on a run of one set counts as long. Repeats of one set without a bound (`\s+`) are taken to
 * be shorter, and who goes by that looks whether the text has a longer one.
 */
export const LONG_RUN = 64;

/** Longest match in bytes while no run of the sets of `runs`, to which it adds, is long; Infinity when there is none. */
export function longestOf(nodes: readonly Node[], runs: Set<ByteSet>): number {
  return nodes.reduce((sum, node) => sum + longestWithRuns(node, runs), 0);
}

function longestWithRuns(node: Node, runs: Set<ByteSet>): number {
  switch (node.kind) {
    case 'cat':
      return longestOf(node.parts, runs);
    case 'alt':
      return Math.max(...node.parts.map((part) => longestWithRuns(part, runs)));
    case 'repeat': {
      if (node.max === 0) return 0;
      const one = longestWithRuns(node.part, runs);
      if (node.max !== Number.POSITIVE_INFINITY || node.part.kind !== 'set') return one === 0 ? 0 : one * node.max;
      runs.add(node.part.set);
      return node.min * one + LONG_RUN;
    }
    default:
      return longest(node);
  }
}

/** Longest match in bytes; Infinity when there is none. With `character` 1, in characters. */
export function longest(node: Node, character = 4): number {
  switch (node.kind) {
    case 'set':
      return node.set.wide ? character : 1;
    case 'cat':
      return node.parts.reduce((sum, part) => sum + longest(part, character), 0);
    case 'alt':
      return Math.max(...node.parts.map((part) => longest(part, character)));
    case 'repeat': {
      const one = node.max === 0 ? 0 : longest(node.part, character);
      return one === 0 ? 0 : one * node.max;
    }
    case 'edge':
      return 0;
  }
}

/** Shortest match in bytes. */
export function shortest(node: Node): number {
  switch (node.kind) {
    case 'set':
      return 1;
    case 'cat':
      return node.parts.reduce((sum, part) => sum + shortest(part), 0);
    case 'alt':
      return Math.min(...node.parts.map(shortest));
    case 'repeat':
      return node.min * shortest(node.part);
    case 'edge':
      return 0;
  }
}
