/**
 * A span of entries and what it takes to lead it to the root of a signed checkpoint: the roots of the complete subtrees that
 * stand before it and after it. They come from tiles of the upper levels too, so they can be had of entries that were pruned.
 */

import { type Files, nodeFiles } from '../store/files.ts';
import type { Frontier } from './merkle.ts';
import { TileTree } from './tile-tree.ts';

/** Roots of the complete subtrees that entries `from` up to but not including `to` fall into, in order. Throws `NoProof`. */
export function subtreeRoots(dir: string, from: number, to: number, files: Files = nodeFiles): Buffer[] {
  const tree = new TileTree(dir, files);
  return subtrees(from, to).map(({ start, height }) => tree.range(start, start + 2 ** height));
}

/** Adds the subtrees from the frontier's size up to `to`; false when these are not as many roots as that takes. */
export function appendSubtrees(frontier: Frontier, to: number, roots: readonly Buffer[]): boolean {
  const places = subtrees(frontier.size, to);
  if (places.length !== roots.length) return false;
  for (const [i, { height }] of places.entries()) frontier.appendSubtree(roots[i] as Buffer, height);
  return true;
}

/** The largest complete subtrees first to last: each begins at a multiple of its own size. */
function subtrees(from: number, to: number): { readonly start: number; readonly height: number }[] {
  const out: { start: number; height: number }[] = [];
  for (let start = from; start < to; ) {
    let height = 0;
    while (start % 2 ** (height + 1) === 0 && start + 2 ** (height + 1) <= to) height += 1;
    out.push({ start, height });
    start += 2 ** height;
  }
  return out;
}
