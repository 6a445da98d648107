/** One bundle against its tile and the hash above: which entry is bad, and how. */

import { rootOf } from './merkle.ts';
import { TILE_WIDTH } from './tile-path.ts';

export type FaultKind = 'altered' | 'missing' | 'reordered' | 'truncated' | 'forked' | 'wrong_key';

export interface Fault {
  /** Sequence of the first entry that is bad, or that can no longer be shown to be good. */
  readonly seq: number;
  readonly kind: FaultKind;
  readonly why: string;
  /** The file that shows it, relative to the log. */
  readonly file: string | null;
}

export interface BundleView {
  /** Sequence of its first entry. */
  readonly first: number;
  /** Entries that it must have. */
  readonly width: number;
  /** Leaf hashes of the entries that are there. */
  readonly leaves: readonly Buffer[];
  /** Hashes of its level-0 tile; null when the tile is missing. */
  readonly tile: readonly Buffer[] | null;
  /** Hash of the full bundle in the tile above; null when unknown. */
  readonly above: Buffer | null;
  /** The file that the entries, or their hashes, stand in. */
  readonly file: (of: 'entries' | 0) => string;
}

/** Null when entries and hashes agree. */
export function compareBundle(view: BundleView): Fault | null {
  const { first, width, leaves, tile, file } = view;
  if (tile === null) return fault(first, 'missing', 'the tile of hashes is missing or harmed', file(0));
  const bad = tile.findIndex((of, i) => leaves[i] === undefined || !of.equals(leaves[i]));
  if (bad < 0 && leaves.length >= width && tile.length >= width) return null;
  if (bad < 0)
    return fault(first + leaves.length, 'missing', 'the bundle is shorter than its checkpoint says', file('entries'));
  if (tileIsAtFault(view))
    return fault(first + bad, 'altered', 'the tile of hashes is altered; the entries are not', file(0));
  return { ...entryFault(view, bad), file: file('entries') };
}

/** The entries lead to the hash above and the tile does not. */
function tileIsAtFault({ leaves, above, width }: BundleView): boolean {
  return above !== null && width === TILE_WIDTH && leaves.length === width && rootOf(leaves).equals(above);
}

function entryFault({ first, leaves, tile }: BundleView, bad: number): Fault {
  const found = leaves[bad];
  const wanted = tile?.[bad];
  if (found === undefined) return fault(first + bad, 'missing', 'the entry is missing from its bundle');
  const elsewhere = tile?.findIndex((of) => of.equals(found)) ?? -1;
  const wantedIsElsewhere = wanted !== undefined && leaves.some((leaf) => leaf.equals(wanted));
  if (elsewhere >= 0 && !wantedIsElsewhere) {
    return fault(first + bad, 'missing', `entry ${first + elsewhere} stands in its place`);
  }
  if (elsewhere >= 0) return fault(first + bad, 'reordered', `entry ${first + elsewhere} stands in its place`);
  if (wantedIsElsewhere) return fault(first + bad, 'reordered', 'an entry was put in before it');
  return fault(first + bad, 'altered', 'the entry does not have the hash that was signed');
}

function fault(seq: number, kind: FaultKind, why: string, file: string | null = null): Fault {
  return { seq, kind, why, file };
}
