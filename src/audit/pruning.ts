/**
 * What retention has taken away. A `log.pruned` event says it, and so stands under the signed tree; the file `pruned` only
 * says where that event is. Without such an event missing entries are missing, whoever removed them.
 */

import { join } from 'node:path';
import type { LogPrunedEvent } from '../core/event.ts';
import { readIfThere, writeDurable } from '../store/durable-file.ts';
import { type Files, nodeFiles } from '../store/files.ts';
import { readBundle } from './read.ts';
import { publishedCheckpoint } from './recover.ts';
import { TILE_WIDTH } from './tile-path.ts';

export const PRUNED_FILE = 'pruned';

/** The newest `log.pruned` event, or null when nothing was pruned or the pointer leads to no such event. */
export function latestPruning(dir: string, files: Files = nodeFiles): LogPrunedEvent | null {
  const pointer = readIfThere(join(dir, PRUNED_FILE), files);
  if (pointer === null) return null;
  const seq = Number(Buffer.from(pointer).toString('utf8').trim());
  const size = publishedCheckpoint(dir, files)?.size ?? 0;
  if (!Number.isSafeInteger(seq) || seq < 0 || seq >= size) return null;
  const entry = readBundle(dir, Math.floor(seq / TILE_WIDTH), size, files)?.[seq % TILE_WIDTH];
  if (entry === undefined) return null;
  const event = eventOf(entry);
  return event?.type === 'log.pruned' && Number.isSafeInteger(event.first_kept) ? (event as LogPrunedEvent) : null;
}

/** Sequence of the first entry that must still be there. */
export function firstKept(dir: string, files: Files = nodeFiles): number {
  return latestPruning(dir, files)?.first_kept ?? 0;
}

/** After the event at `seq` is published, and before anything is removed. */
export function writePruning(dir: string, seq: number, files: Files = nodeFiles): Promise<void> {
  return writeDurable(join(dir, PRUNED_FILE), `${seq}\n`, files);
}

/** Null for an entry that was altered into no event at all. */
function eventOf(entry: Buffer): Partial<LogPrunedEvent> | null {
  try {
    return JSON.parse(entry.toString('utf8')) as Partial<LogPrunedEvent> | null;
  } catch {
    return null;
  }
}
