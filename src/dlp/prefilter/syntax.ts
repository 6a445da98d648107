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

/** Longest match in bytes; Infinity when there is none. */
export function longest(node: Node): number {
  switch (node.kind) {
    case 'set':
      return node.set.wide ? 4 : 1;
    case 'cat':
      return node.parts.reduce((sum, part) => sum + longest(part), 0);
    case 'alt':
      return Math.max(...node.parts.map(longest));
    case 'repeat':
      return node.max === 0 ? 0 : longest(node.part) === 0 ? 0 : longest(node.part) * node.max;
    case 'edge':
      return 0;
  }
}
