/**
 * Verifies an export as JSON Lines: each line is an entry byte for byte, so the lines lead to the root of a signed checkpoint or
 * they are not the log. Those of a part lead there with the hashes of what is around it, which its first line carries
 * (`ExportProof`) or the log's own tiles hold. Where the tiles are at hand, the first line that differs is named.
 */

import { join } from 'node:path';
import { nodeFiles } from '../store/files.ts';
import { parseCheckpoint, type SignedCheckpoint } from './checkpoint.ts';
import { type ExportProof, parseExportProof } from './export-proof.ts';
import { Frontier, leafHash } from './merkle.ts';
import { CHECKPOINT_FILE } from './recover.ts';
import { checkNote, type NoteVerifier } from './signed-note.ts';
import { appendSubtrees, subtreeRoots } from './span.ts';
import { TILE_WIDTH } from './tile-path.ts';
import { NoProof } from './tile-tree.ts';
import type { Fault, FaultKind } from './verify-bundle.ts';
import { readTile } from './verify-tiles.ts';

export interface ExportCheck {
  /** The signed note; null for that which the export carries. Where it carries one, both must be the same tree. */
  readonly checkpoint: Uint8Array | string | null;
  readonly verifiers: readonly NoteVerifier[];
  /** A log directory, to find a part without a proof in and to name the line that differs; null without one. */
  readonly tiles: string | null;
}

export interface ExportReport {
  readonly ok: boolean;
  readonly fault: Fault | null;
  /** Entries `first` up to but not including `end` are those that were signed. */
  readonly first: number;
  readonly end: number;
  /** Entries that the checkpoint covers. */
  readonly size: number;
  /** Lines after `end`, which nothing here vouches for. */
  readonly beyond: number;
}

/** What the lines are to lead to, and what stands around them. */
interface Goal extends Omit<ExportProof, 'checkpoint'> {
  readonly head: SignedCheckpoint;
}

/** `lines` without their line feeds; none is held on to, so an export may be of any length. */
export function verifyExport(lines: Iterable<Buffer>, check: ExportCheck): ExportReport {
  const all = lines[Symbol.iterator]();
  try {
    const line = all.next();
    const proof = line.done ? null : parseExportProof(line.value.toString('utf8'));
    if (proof?.ok === false) return failed(fault(0, 'altered', proof.error));
    const head = headOf(check, proof?.value ?? null);
    if ('why' in head) return failed(head);
    const carried = proof === null ? null : { ...proof.value, head };
    const goal = carried ?? goalOf(head, check.tiles, line.done ? null : leafHash(line.value));
    if ('why' in goal) return failed(goal, head.size);
    return walk(goal, check.tiles, carried ? null : line, all);
  } finally {
    all.return?.();
  }
}

/** The checkpoint, once it is known who signed it. */
function headOf(check: ExportCheck, proof: ExportProof | null): SignedCheckpoint | Fault {
  const carried = proof === null ? null : parseCheckpoint(proof.checkpoint);
  const given = check.checkpoint === null ? null : parseCheckpoint(check.checkpoint);
  const parsed = carried ?? given;
  if (parsed === null) return fault(0, 'missing', 'the export carries no checkpoint, and none was given');
  if (!parsed.ok) return invalid(parsed.error);
  if (given?.ok === false) return invalid(given.error);
  if (checkNote(parsed.value.note, check.verifiers) !== 'verified') {
    return fault(0, 'wrong_key', 'no given key signed the checkpoint');
  }
  return given === null ? parsed.value : sameTree(parsed.value, given.value);
}

function invalid(why: string): Fault {
  return fault(0, 'altered', `the checkpoint is not valid: ${why}`);
}

/** The carried checkpoint, if that which was given is of the same tree. */
function sameTree(carried: SignedCheckpoint, given: SignedCheckpoint): SignedCheckpoint | Fault {
  const { size, root } = carried;
  if (given.size !== size) {
    const why = `the export leads to its own checkpoint of ${size} entries, and nothing shows that the given one, of ${given.size}, is of the same log`;
    return fault(0, 'missing', `${why}; give that of ${size}, or none`);
  }
  if (given.root.equals(root)) return carried;
  return fault(0, 'forked', `of ${size} entries, the export leads to another root than the checkpoint that was given`);
}

/** From entry 0, or from where a log at hand has the first line; to the end of the checkpoint. */
function goalOf(head: SignedCheckpoint, dir: string | null, leaf: Buffer | null): Goal | Fault {
  const first = dir === null || leaf === null ? 0 : placeOf(dir, head.size, leaf);
  try {
    return { head, first, end: head.size, before: first === 0 || !dir ? [] : subtreeRoots(dir, 0, first), after: [] };
  } catch (error) {
    if (error instanceof NoProof) return fault(first, 'missing', error.message);
    throw error;
  }
}

/** Where a leaf stands, by the tiles that are there; 0 for one that is nowhere. */
function placeOf(dir: string, size: number, leaf: Buffer): number {
  for (let index = 0; index * TILE_WIDTH < size; index += 1) {
    const tile = readTile(dir, { level: 0, index, width: null }, nodeFiles);
    const place = tile?.findIndex((hash) => hash.equals(leaf)) ?? -1;
    if (place >= 0) return index * TILE_WIDTH + place;
  }
  return 0;
}

function walk(
  goal: Goal,
  dir: string | null,
  line: IteratorResult<Buffer> | null,
  all: Iterator<Buffer>,
): ExportReport {
  const { first, end, head } = goal;
  const tree = new Frontier();
  const misfit = failed(fault(0, 'altered', 'the first line does not carry the hashes that it should'), head.size);
  if (end > head.size || !appendSubtrees(tree, first, goal.before)) return misfit;
  const tiles = new TileComparison(dir !== null && isOf(dir, head) ? dir : null);
  let beyond = 0;
  for (let next = line ?? all.next(); !next.done; next = all.next()) {
    if (tree.size === end) {
      beyond += 1;
      continue;
    }
    const leaf = leafHash(next.value);
    tiles.take(tree.size, leaf);
    tree.append(leaf);
  }
  if (tree.size < end) {
    const covers = end === head.size ? `the checkpoint covers ${end}` : `it is to hold those before ${end}`;
    const why = `the export ends before entry ${tree.size}; ${covers}`;
    return failed(tiles.fault ?? fault(tree.size, 'truncated', why), head.size);
  }
  if (!appendSubtrees(tree, head.size, goal.after)) return misfit;
  if (tree.root().equals(head.root)) return { ok: true, fault: null, first, end, size: head.size, beyond };
  return failed(
    tiles.fault ?? fault(first, 'altered', 'the lines do not lead to the root of the checkpoint'),
    head.size,
  );
}

/** Tiles of another log would name a line that is right. */
function isOf(dir: string, { origin }: SignedCheckpoint): boolean {
  const path = join(dir, CHECKPOINT_FILE);
  const own = nodeFiles.exists(path) ? parseCheckpoint(nodeFiles.read(path)) : null;
  return own?.ok === true && own.value.origin === origin;
}

function failed(of: Fault, size = 0): ExportReport {
  return { ok: false, fault: of, first: 0, end: 0, size, beyond: 0 };
}

function fault(seq: number, kind: FaultKind, why: string): Fault {
  return { seq, kind, why, file: null };
}

/** Finds the first line that is not what the tiles say, as far as there are tiles. */
class TileComparison {
  readonly #dir: string | null;
  #index = -1;
  #tile: readonly Buffer[] = [];
  fault: Fault | null = null;

  constructor(dir: string | null) {
    this.#dir = dir;
  }

  take(seq: number, leaf: Buffer): void {
    if (this.#dir === null || this.fault !== null) return;
    const place = seq % TILE_WIDTH;
    const index = (seq - place) / TILE_WIDTH;
    if (index !== this.#index) {
      this.#index = index;
      this.#tile = readTile(this.#dir, { level: 0, index, width: null }, nodeFiles) ?? [];
    }
    if (this.#tile[place]?.equals(leaf) !== false) return;
    const kind = this.#tile.some((hash) => hash.equals(leaf)) ? 'reordered' : 'altered';
    this.fault = fault(seq, kind, 'the line does not have the hash that was signed');
  }
}
