/** Inclusion and consistency proofs (RFC 6962 sections 2.1.1 and 2.1.2), computed from tiles. */

import type { Files } from '../store/files.ts';
import { nodeFiles } from '../store/files.ts';
import type { SignedCheckpoint } from './checkpoint.ts';
import { EMPTY_ROOT, leafHash, nodeHash } from './merkle.ts';
import { readBundle } from './read.ts';
import { publishedCheckpoint } from './recover.ts';
import { noteText } from './signed-note.ts';
import { TILE_WIDTH } from './tile-path.ts';
import { largestPowerBelow, NoProof, TileTree } from './tile-tree.ts';

/** Everything that is needed to check one entry, as one JSON value; `docs/verify_proof.py` checks it. */
export interface InclusionProof {
  readonly seq: number;
  /** The entry, byte for byte. */
  readonly entry: string;
  /** Base64 hashes from the leaf's sibling upwards. */
  readonly proof: readonly string[];
  /** The signed note of the checkpoint that the proof leads to. */
  readonly checkpoint: string;
}

/** Proof that entry `seq` is under the published checkpoint. Throws `NoProof`. */
export function inclusionProof(dir: string, seq: number, files: Files = nodeFiles): InclusionProof {
  const published = latest(dir, files);
  if (!Number.isInteger(seq) || seq < 0 || seq >= published.size) {
    throw new NoProof(`entry ${seq} is not under the checkpoint of ${published.size} entries; wait for the next one`);
  }
  const index = Math.floor(seq / TILE_WIDTH);
  const entry = readBundle(dir, index, published.size, files)?.[seq % TILE_WIDTH];
  if (entry === undefined) throw new NoProof(`entry ${seq} is not kept; it was pruned or is missing`);
  const proof = inclusionPath(new TileTree(dir, files), seq, 0, published.size);
  return { seq, entry: entry.toString('utf8'), proof: proof.map(base64), checkpoint: noteText(published.note) };
}

/** Proof that the tree of `oldSize` is the beginning of that of `newSize`; base64 hashes. Throws `NoProof`. */
export function consistencyProof(dir: string, oldSize: number, newSize: number, files: Files = nodeFiles): string[] {
  const { size } = latest(dir, files);
  if (oldSize > newSize || newSize > size) throw new NoProof(`there is no tree of ${newSize} entries yet`);
  if (oldSize === 0 || oldSize === newSize) return [];
  const tree = new TileTree(dir, files);
  return consistencyPath(tree, oldSize, { start: 0, end: newSize }, true).map(base64);
}

/** Root of the tree when it had `size` entries, at most those of the published checkpoint. Throws `NoProof`. */
export function rootAt(dir: string, size: number, files: Files = nodeFiles): Buffer {
  return size === 0 ? EMPTY_ROOT : new TileTree(dir, files).range(0, size);
}

/** Root that an inclusion proof leads to, or null when it is too long or too short (RFC 9162 section 2.1.3.2). */
export function rootFromInclusion(
  seq: number,
  size: number,
  entry: Uint8Array,
  proof: readonly Uint8Array[],
): Buffer | null {
  let hash = leafHash(entry);
  let node = seq;
  let last = size - 1;
  for (const sibling of proof) {
    if (last === 0) return null;
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(sibling, hash);
      while (node % 2 === 0 && node !== 0) {
        node = Math.floor(node / 2);
        last = Math.floor(last / 2);
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 ? hash : null;
}

export interface ConsistencyClaim {
  readonly oldSize: number;
  readonly oldRoot: Uint8Array;
  readonly newSize: number;
  readonly newRoot: Uint8Array;
}

/** RFC 9162 section 2.1.4.2. */
export function isConsistent(claim: ConsistencyClaim, proof: readonly Uint8Array[]): boolean {
  const { oldSize, newSize } = claim;
  const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;
  if (oldSize === newSize) return proof.length === 0 && same(claim.oldRoot, claim.newRoot);
  if (oldSize === 0) return proof.length === 0 && same(claim.oldRoot, EMPTY_ROOT);
  if (oldSize > newSize) return false;
  const path = Number.isInteger(Math.log2(oldSize)) ? [claim.oldRoot, ...proof] : [...proof];
  const ends = foldConsistency(oldSize, newSize, path);
  return ends !== null && same(ends.old, claim.oldRoot) && same(ends.new, claim.newRoot);
}

function foldConsistency(
  oldSize: number,
  newSize: number,
  path: readonly Uint8Array[],
): { old: Uint8Array; new: Uint8Array } | null {
  const [start, ...rest] = path;
  if (start === undefined) return null;
  let node = oldSize - 1;
  let last = newSize - 1;
  while (node % 2 === 1) {
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  let old = start;
  let fresh = start;
  for (const sibling of rest) {
    if (last === 0) return null;
    if (node % 2 === 1 || node === last) {
      old = nodeHash(sibling, old);
      fresh = nodeHash(sibling, fresh);
      while (node % 2 === 0 && node !== 0) {
        node = Math.floor(node / 2);
        last = Math.floor(last / 2);
      }
    } else {
      fresh = nodeHash(fresh, sibling);
    }
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 ? { old, new: fresh } : null;
}

function inclusionPath(tree: TileTree, seq: number, start: number, end: number): Buffer[] {
  if (end - start === 1) return [];
  const middle = start + largestPowerBelow(end - start);
  return seq < middle
    ? [...inclusionPath(tree, seq, start, middle), tree.range(middle, end)]
    : [...inclusionPath(tree, seq, middle, end), tree.range(start, middle)];
}

/** SUBPROOF(m, D[start:end], complete) of RFC 6962. */
function consistencyPath(tree: TileTree, m: number, at: { start: number; end: number }, complete: boolean): Buffer[] {
  const { start, end } = at;
  if (m === end) return complete ? [] : [tree.range(start, end)];
  const middle = start + largestPowerBelow(end - start);
  if (m <= middle) return [...consistencyPath(tree, m, { start, end: middle }, complete), tree.range(middle, end)];
  return [...consistencyPath(tree, m, { start: middle, end }, false), tree.range(start, middle)];
}

function latest(dir: string, files: Files): SignedCheckpoint {
  const published = publishedCheckpoint(dir, files);
  if (published === null) throw new NoProof('the log has no checkpoint yet');
  return published;
}

function base64(of: Buffer): string {
  return of.toString('base64');
}
