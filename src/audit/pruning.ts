/**
 * What retention has taken away. A `log.pruned` event says it, and so stands under the signed tree; the file `pruned` only
 * says where that event is. Without such an event missing entries are missing, whoever removed them.
 */

import { join } from 'node:path';
import { CONTROL_RECORDS, type ControlMark, type Controls, type HostOverride, NO_CONTROLS } from '../core/controls.ts';
import type { LogPrunedEvent } from '../core/event.ts';
import type { AuditSink } from '../core/ports.ts';
import { readIfThere, writeDurable } from '../store/durable-file.ts';
import { type Files, nodeFiles } from '../store/files.ts';
import { EntriesMissing, EntryLookup, readBundle } from './read.ts';
import { publishedCheckpoint } from './recover.ts';
import { TILE_WIDTH } from './tile-path.ts';

export const PRUNED_FILE = 'pruned';

/** The newest `log.pruned` event, or null when nothing was pruned or the pointer leads to no such event. */
export function latestPruning(dir: string, files: Files = nodeFiles): LogPrunedEvent | null {
  const at = pointerOf(dir, files);
  return at === null ? null : pruningAt(dir, at, files);
}

function pointerOf(dir: string, files: Files): number | null {
  const pointer = readIfThere(join(dir, PRUNED_FILE), files);
  return pointer === null ? null : Number(Buffer.from(pointer).toString('utf8').trim());
}

function pruningAt(dir: string, seq: number, files: Files): LogPrunedEvent | null {
  const size = publishedCheckpoint(dir, files)?.size ?? 0;
  if (!Number.isSafeInteger(seq) || seq < 0 || seq >= size) return null;
  const entry = readBundle(dir, Math.floor(seq / TILE_WIDTH), size, files)?.[seq % TILE_WIDTH];
  if (entry === undefined) return null;
  const event = eventOf(entry);
  return event?.type === 'log.pruned' && Number.isSafeInteger(event.first_kept) ? (event as LogPrunedEvent) : null;
}

/** From where on a pruned log is kept, and what was in force there. */
export interface KeptFrom {
  readonly first: number;
  readonly controls: Controls;
  /** Sequences of the `log.pruned` events that say so. */
  readonly told: readonly number[];
}

/**
 * Null for a log that was not pruned. Each event that tells of it is held against its hash in the tree, since what is folded on
 * top of controls that were altered is wrong throughout. Throws `EntriesMissing` and `EntryAltered`.
 */
export function keptFrom(dir: string, files: Files = nodeFiles): KeptFrom | null {
  const at = pointerOf(dir, files);
  const last = at === null ? null : pruningAt(dir, at, files);
  if (at === null || last === null) return null;
  const told = [...(last.parts ?? []), at];
  const all = emptyPart();
  const entries = new EntryLookup(dir, files);
  for (const seq of told) {
    const part = eventOf(entries.get(seq));
    if (part?.type !== 'log.pruned' || part.controls === undefined) throw new EntriesMissing(dir, seq);
    for (const record of CONTROL_RECORDS) Object.assign(all[record], part.controls[record]);
    all.hostOverrides.push(...part.controls.hostOverrides);
  }
  return { first: last.first_kept, controls: { ...all, version: last.controls.version }, told };
}

/** Bytes of controls that one entry tells of: well below what an entry can hold, so that nothing of them is shortened. */
const MOST_BYTES = 32_768;

/** Records what is pruned; the sequence of the event that `writePruning` is to be given. Each event takes an id of its own. */
export async function recordPruning(
  audit: Pick<AuditSink, 'record'>,
  { controls, ...about }: Pick<LogPrunedEvent, 'first_kept' | 'by' | 'why' | 'controls'>,
  newId: () => string,
): Promise<number> {
  const common = { type: 'log.pruned', tenant: null, task: null, ...about } as const;
  const all = inParts(controls);
  const last = all.pop() ?? controls;
  const parts: number[] = [];
  for (const part of all) parts.push((await audit.record({ ...common, id: newId(), controls: part })).seq);
  const rest = parts.length === 0 ? {} : { parts };
  return (await audit.record({ ...common, id: newId(), controls: last, ...rest })).seq;
}

type Part = Record<(typeof CONTROL_RECORDS)[number], Record<string, ControlMark>> & { hostOverrides: HostOverride[] };

function inParts(controls: Controls): Controls[] {
  const parts: Part[] = [];
  let room = 0;
  const partFor = (one: object): Part => {
    const bytes = Buffer.byteLength(JSON.stringify(one));
    room -= bytes;
    if (room < 0 || parts.length === 0) {
      parts.push(emptyPart());
      room = MOST_BYTES - bytes;
    }
    return parts.at(-1) as Part;
  };
  for (const record of CONTROL_RECORDS) {
    for (const [name, mark] of Object.entries(controls[record])) partFor({ [name]: mark })[record][name] = mark;
  }
  for (const override of controls.hostOverrides) partFor(override).hostOverrides.push(override);
  return parts.map((part) => ({ version: controls.version, ...part }));
}

function emptyPart(): Part {
  const { version: _, hostOverrides: __, ...records } = NO_CONTROLS;
  return { ...structuredClone(records), hostOverrides: [] };
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
