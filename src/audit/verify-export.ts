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

/** `lines` without their line feeds; none is held on to, so an export may be of any length. */
export function verifyExport(lines: Iterable<Buffer>, check: ExportCheck): ExportReport {
  const parsed = parseCheckpoint(check.checkpoint);
  if (!parsed.ok) return failed({ seq: 0, kind: 'altered', why: parsed.error, file: null }, 0);
  const { size, root, note } = parsed.value;
  if (checkNote(note, check.verifiers) !== 'verified') {
    return failed({ seq: 0, kind: 'wrong_key', why: 'no given key signed the checkpoint', file: null }, size);
  }
  const frontier = new Frontier();
  const tiles = new TileComparison(check.tiles);
  let beyond = 0;
  for (const line of lines) {
    if (frontier.size === size) {
      beyond += 1;
      continue;
    }
    const leaf = leafHash(line);
    tiles.take(frontier.size, leaf);
    frontier.append(leaf);
  }
  if (frontier.size < size) {
    const why = `the export ends before entry ${frontier.size}; the checkpoint covers ${size}`;
    return failed(tiles.fault ?? { seq: frontier.size, kind: 'truncated', why, file: null }, size);
  }
  if (frontier.root().equals(root)) return { ok: true, fault: null, size, beyond };
  const why = 'the lines do not lead to the root of the checkpoint';
  return failed(tiles.fault ?? { seq: 0, kind: 'altered', why, file: null }, size);
}

function failed(fault: Fault, size: number): ExportReport {
  return { ok: false, fault, size, beyond: 0 };
}

/** Finds the first line that is not what the tiles say, as far as there are tiles. */
class TileComparison {
  readonly #dir: string | null;
  #tile: readonly Buffer[] = [];
  fault: Fault | null = null;

  constructor(dir: string | null) {
    this.#dir = dir;
  }

  take(seq: number, leaf: Buffer): void {
    if (this.#dir === null || this.fault !== null) return;
    const place = seq % TILE_WIDTH;
    if (place === 0) {
      this.#tile = readTile(this.#dir, { level: 0, index: seq / TILE_WIDTH, width: null }, nodeFiles) ?? [];
    }
    if (this.#tile[place]?.equals(leaf) !== false) return;
    const kind = this.#tile.some((hash) => hash.equals(leaf)) ? 'reordered' : 'altered';
    this.fault = { seq, kind, why: 'the line does not have the hash that was signed', file: null };
  }
}
