/** What of a log is to be shipped next, read from its own files while an appliance writes it. */

import { join } from 'node:path';
import { readIfThere } from '../../store/durable-file.ts';
import { type Files, nodeFiles } from '../../store/files.ts';
import { parseCheckpoint } from '../checkpoint.ts';
import { consistencyProof } from '../proof.ts';
import { firstKept } from '../pruning.ts';
import { EntriesMissing, readEntries } from '../read.ts';
import { CHECKPOINT_FILE, LogDamaged } from '../recover.ts';
import { edgeIndex, TILE_WIDTH } from '../tile-path.ts';
import { NoProof } from '../tile-tree.ts';
import { KEPT_FOLDER } from '../tile-writer.ts';
import { readTile } from '../verify-tiles.ts';
import { type Shipment, type ShipmentBody, shipmentEnd } from './shipment.ts';

/** A checkpoint that is shipped up to. */
export interface Goal {
  readonly size: number;
  readonly note: string;
}

export interface ShipmentLimits {
  /** Most entries of one shipment. */
  readonly entries: number;
  /** Most bytes of its entries; one entry goes whatever it has. */
  readonly bytes: number;
}

/**
 * The checkpoint to ship up to from `from` on: the next that was kept, so that who reads along has a signed one in reach however
 * long the way is, else the published one. Null when there is nothing to ship, or not yet `atLeast` so many entries. Throws
 * `LogDamaged`.
 */
export function nextGoal(
  dir: string,
  from: number,
  { atLeast = 0, files = nodeFiles }: { readonly atLeast?: number; readonly files?: Files } = {},
): Goal | null {
  const published = goalIn(dir, CHECKPOINT_FILE, files);
  if (published === null || published.size <= from || published.size < atLeast) return null;
  // What was pruned is told of by an entry that came later.
  if (from < firstKept(dir, files)) return published;
  for (const name of files.list(join(dir, KEPT_FOLDER))) {
    const size = /^[0-9]{16}\.checkpoint$/.test(name) ? Number.parseInt(name, 10) : 0;
    if (size <= from || size < atLeast || size >= published.size) continue;
    return goalIn(dir, join(KEPT_FOLDER, name), files) ?? published;
  }
  return published;
}

/** Entries from `from` on towards the goal. Throws `EntriesMissing` and `NoProof` for what cannot be shipped. */
export function nextShipment(
  dir: string,
  from: number,
  { goal, limits, files = nodeFiles }: { readonly goal: Goal; readonly limits: ShipmentLimits; readonly files?: Files },
): Shipment {
  const shipment = { first: from, body: bodyFrom(dir, from, { goal, limits, files }), note: goal.note, proof: [] };
  const end = shipmentEnd(shipment);
  if (end === goal.size) return shipment;
  const proof = consistencyProof(dir, end, goal.size, files).map((hash) => Buffer.from(hash, 'base64'));
  return { ...shipment, proof };
}

interface Reading {
  readonly goal: Goal;
  readonly limits: ShipmentLimits;
  readonly files: Files;
}

function bodyFrom(dir: string, from: number, reading: Reading): ShipmentBody {
  try {
    return { kind: 'entries', entries: entriesFrom(dir, from, reading) };
  } catch (error) {
    if (!(error instanceof EntriesMissing)) throw error;
    const first = firstKept(dir, reading.files);
    if (first <= from || first > reading.goal.size) throw error;
    return hashesFrom(dir, from, first, reading.files);
  }
}

/** To the end of a bundle, where the goal is not reached: who takes it has whole files then. */
function entriesFrom(dir: string, from: number, { goal, limits, files }: Reading): Buffer[] {
  const end = Math.min(from + limits.entries, goal.size);
  const whole = end - (end % TILE_WIDTH);
  const to = end < goal.size && whole > from ? whole : end;
  const entries: Buffer[] = [];
  let bytes = 0;
  try {
    for (const entry of readEntries(dir, from, to, files)) {
      bytes += entry.bytes.length + 2;
      if (entries.length > 0 && bytes > limits.bytes) break;
      entries.push(entry.bytes);
    }
  } catch (error) {
    if (!(error instanceof EntriesMissing) || entries.length === 0) throw error;
  }
  const over = (from + entries.length) % TILE_WIDTH;
  return from + entries.length === goal.size || over >= entries.length
    ? entries
    : entries.slice(0, entries.length - over);
}

/** In place of what retention took: the hashes of the rest of a bundle, then the roots of the bundles of one tile. */
function hashesFrom(dir: string, from: number, to: number, files: Files): ShipmentBody {
  const place = from % TILE_WIDTH;
  const index = edgeIndex(from, 0);
  if (place > 0) {
    const leaves = readTile(dir, { level: 0, index, width: TILE_WIDTH }, files);
    if (leaves === null) throw new NoProof(`the hashes of entries ${from} and on are not kept; they were pruned`);
    return { kind: 'leaves', hashes: leaves.slice(place) };
  }
  const at = index % TILE_WIDTH;
  const roots = readTile(dir, { level: 1, index: Math.floor(index / TILE_WIDTH), width: null }, files);
  const hashes = roots?.slice(at, at + Math.min(TILE_WIDTH - at, (to - from) / TILE_WIDTH)) ?? [];
  if (hashes.length === 0)
    throw new NoProof(`the hashes of entries ${from} and on are not there; see \`audit verify\``);
  return { kind: 'bundles', hashes };
}

function goalIn(dir: string, file: string, files: Files): Goal | null {
  const bytes = readIfThere(join(dir, file), files);
  if (bytes === null) return null;
  const note = Buffer.from(bytes).toString('utf8');
  const parsed = parseCheckpoint(note);
  if (!parsed.ok) throw new LogDamaged(dir, `its checkpoint \`${file}\` cannot be read (${parsed.error})`);
  return { size: parsed.value.size, note };
}
