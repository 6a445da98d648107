/**
 * Which chains of a text may hold a secret in several of their pieces. A look at one of them costs more than its bytes do, and
 * most hold nothing: so all are looked at at once, a line each, and only those in which an anchor stands are put together.
 */

import type { RuleSet } from './compiled-rules.ts';
import { anchorsIn } from './joined.ts';
import { copyPiece, type Piece } from './layers/deltas.ts';
import { lastUpTo } from './ranges.ts';

const NEWLINE = 0x0a;

type Chain = readonly Piece[];

/** Those that are left, in their order. One with encoded pieces is always left: what it says is not known yet. */
export function anchoredChains(text: Buffer, chains: readonly Chain[], set: RuleSet): readonly Chain[] {
  if (chains.length < 2) return chains;
  const { lines, begins } = linesOf(text, chains);
  const anchors = anchorsIn(lines, set);
  if (anchors === null) return chains;
  const anchored = new Set(anchors.map((at) => chains[lastUpTo(begins, at)]));
  return chains.filter((chain) => anchored.has(chain) || isCoded(chain));
}

function isCoded(chain: Chain): boolean {
  return chain.some(({ coding }) => coding !== undefined);
}

/** The pieces of each chain one behind the other as they stand, and where its line begins. */
function linesOf(text: Buffer, chains: readonly Chain[]): { readonly lines: Buffer; readonly begins: number[] } {
  let length = chains.length;
  for (const chain of chains) for (const { start, end } of chain) length += end - start;
  const lines = Buffer.allocUnsafe(length);
  const begins: number[] = [];
  let at = 0;
  for (const chain of chains) {
    begins.push(at);
    for (const piece of chain) {
      copyPiece(text, piece, lines, at);
      at += piece.end - piece.start;
    }
    lines[at] = NEWLINE;
    at += 1;
  }
  return { lines, begins };
}
