/**
 * Verifies an export as JSON Lines: each line is an entry byte for byte, so the lines lead to the root of a signed
 * checkpoint or they are not the log. Where the log's tiles are at hand, the first line that differs is named.
 */

import { nodeFiles } from '../store/files.ts';
import { parseCheckpoint } from './checkpoint.ts';
import { Frontier, leafHash } from './merkle.ts';
import { checkNote, type NoteVerifier } from './signed-note.ts';
import { TILE_WIDTH } from './tile-path.ts';
import type { Fault } from './verify-bundle.ts';
import { readTile } from './verify-tiles.ts';

export interface ExportCheck {
  /** The signed note. */
  readonly checkpoint: Uint8Array | string;
  readonly verifiers: readonly NoteVerifier[];
  /** A log directory, to name the line that differs; null without one. */
  readonly tiles: string | null;
}

export interface ExportReport {
  readonly ok: boolean;
  readonly fault: Fault | null;
  /** Entries that the checkpoint covers. */
  readonly size: number;
  /** Lines after them, which nothing here vouches for. */
  readonly beyond: number;
}

export function verifyExport(text: Uint8Array, check: ExportCheck): ExportReport {
  const parsed = parseCheckpoint(check.checkpoint);
  if (!parsed.ok) return failed({ seq: 0, kind: 'altered', why: parsed.error, file: null }, 0);
  const { size, root, note } = parsed.value;
  if (checkNote(note, check.verifiers) !== 'verified') {
    return failed({ seq: 0, kind: 'wrong_key', why: 'no given key signed the checkpoint', file: null }, size);
  }
  const leaves: Buffer[] = [];
  for (const line of linesOf(text)) leaves.push(leafHash(line));
  if (leaves.length < size) {
    const differs = firstDifference(leaves, check.tiles);
    const why = `the export ends before entry ${leaves.length}; the checkpoint covers ${size}`;
    return failed(differs ?? { seq: leaves.length, kind: 'truncated', why, file: null }, size);
  }
  const frontier = new Frontier();
  for (const leaf of leaves.slice(0, size)) frontier.append(leaf);
  if (frontier.root().equals(root)) return { ok: true, fault: null, size, beyond: leaves.length - size };
  const why = 'the lines do not lead to the root of the checkpoint';
  return failed(
    firstDifference(leaves.slice(0, size), check.tiles) ?? { seq: 0, kind: 'altered', why, file: null },
    size,
  );
}

function failed(fault: Fault, size: number): ExportReport {
  return { ok: false, fault, size, beyond: 0 };
}

function firstDifference(leaves: readonly Buffer[], tiles: string | null): Fault | null {
  if (tiles === null) return null;
  for (let first = 0; first < leaves.length; first += TILE_WIDTH) {
    const tile = readTile(tiles, { level: 0, index: first / TILE_WIDTH, width: null }, nodeFiles);
    if (tile === null) return null;
    const bad = tile.findIndex((hash, i) => leaves[first + i]?.equals(hash) === false);
    if (bad < 0) continue;
    const found = leaves[first + bad] as Buffer;
    const kind = tile.some((hash) => hash.equals(found)) ? 'reordered' : 'altered';
    return { seq: first + bad, kind, why: 'the line does not have the hash that was signed', file: null };
  }
  return null;
}

function* linesOf(text: Uint8Array): Generator<Buffer> {
  const all = Buffer.from(text.buffer, text.byteOffset, text.byteLength);
  for (let at = 0; at < all.length; ) {
    const end = all.indexOf(0x0a, at);
    yield all.subarray(at, end < 0 ? all.length : end);
    at = end < 0 ? all.length : end + 1;
  }
}
