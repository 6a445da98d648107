/**
 * Reads entries of a log directory in order, whether or not an appliance is writing it: bundles as far as the published
 * checkpoint, sealed segments for what was compressed, the journal for the newest. Memory stays at one bundle.
 */

import { join } from 'node:path';
import { readIfThere } from '../store/durable-file.ts';
import { type Files, isMissing, nodeFiles } from '../store/files.ts';
import { decodeBundle } from './entry-bundle.ts';
import { decodeFrame, parseSegmentName } from './journal.ts';
import { leafHash, leafHashInBundle } from './merkle.ts';
import { JOURNAL_FOLDER, publishedCheckpoint } from './recover.ts';
import { readSealed } from './sealed-segment.ts';
import { partialsPath, TILE_WIDTH, tilePath } from './tile-path.ts';
import { readTile } from './verify-tiles.ts';

export interface Entry {
  readonly seq: number;
  /** The canonical JSON; a view that is valid for as long as it is held. */
  readonly bytes: Buffer;
}

/** An entry, or its hash in the tree, that should be there and is not; `verifyLog` says why. */
export class EntriesMissing extends Error {
  readonly code = 'ENTRIES_MISSING';
  readonly seq: number;
  constructor(dir: string, seq: number, what: 'entry' | 'hash' = 'entry') {
    super(
      what === 'entry'
        ? `entry ${seq} is not in \`${dir}\`; it was pruned or is missing, see \`audit verify\``
        : `the hash of entry ${seq} is not in \`${dir}\`, so nothing shows that it is what was recorded; see \`audit verify\``,
    );
    this.seq = seq;
  }
}

/** An entry that is not the one whose hash stands in the tree, or no event at all. */
export class EntryAltered extends Error {
  readonly code = 'ENTRY_ALTERED';
  readonly seq: number;
  constructor(dir: string, seq: number) {
    super(`entry ${seq} in \`${dir}\` is not what was recorded; see \`audit verify\``);
    this.seq = seq;
  }
}

/**
 * The same as `readEntries`, each entry under the published checkpoint held against its hash in the tree: not whether the tree
 * is the one that was signed (that is `verifyLog`), but enough to notice an entry that was altered. Throws `EntryAltered`, and
 * `EntriesMissing` also where the hash is not there.
 */
export function* readCheckedEntries(
  dir: string,
  from = 0,
  to: number = Number.POSITIVE_INFINITY,
  files: Files = nodeFiles,
): Generator<Entry> {
  const published = publishedCheckpoint(dir, files)?.size ?? 0;
  let index = -1;
  let hashes: readonly Buffer[] = [];
  for (const entry of readEntries(dir, from, to, files)) {
    if (entry.seq < published) {
      const place = entry.seq % TILE_WIDTH;
      if (index !== (entry.seq - place) / TILE_WIDTH) {
        index = (entry.seq - place) / TILE_WIDTH;
        hashes = leavesOf(dir, index, published, files);
      }
      const hash = hashes[place];
      if (hash === undefined) throw new EntriesMissing(dir, entry.seq, 'hash');
      if (!hash.equals(leafHashInBundle(entry.bytes))) throw new EntryAltered(dir, entry.seq);
    }
    yield entry;
  }
}

/** Leaf hashes of bundle `index` in a log of `size`, as many as there are. */
function leavesOf(dir: string, index: number, size: number, files: Files): readonly Buffer[] {
  const width = Math.min(TILE_WIDTH, size - index * TILE_WIDTH);
  const hashes = readTile(dir, { level: 0, index, width: null }, files) ?? [];
  // The writer may have put the full tile in the place of this one between looking for the one and reading the other.
  return hashes.length >= width ? hashes : (readTile(dir, { level: 0, index, width: null }, files) ?? hashes);
}

/** Entries from sequence `from` up to but not including `to`. Throws `EntriesMissing`. */
export function* readEntries(
  dir: string,
  from = 0,
  to: number = Number.POSITIVE_INFINITY,
  files: Files = nodeFiles,
): Generator<Entry> {
  const published = publishedCheckpoint(dir, files)?.size ?? 0;
  const stop = Math.min(to, published);
  for (let seq = from; seq < stop; ) {
    const index = Math.floor(seq / TILE_WIDTH);
    const bundle = readBundle(dir, index, published, files);
    const first = index * TILE_WIDTH;
    if (bundle === null || first + bundle.length <= seq) throw new EntriesMissing(dir, seq);
    const end = Math.min(first + bundle.length, stop);
    for (; seq < end; seq += 1) yield { seq, bytes: bundle[seq - first] as Buffer };
  }
  if (to > published) yield* journalEntries(dir, Math.max(from, published), to, files);
}

/**
 * Entries one by one, for a question that asks for many: what is near another is not read again. Each under the published
 * checkpoint is held against its hash in the tree.
 */
export class EntryLookup {
  readonly #dir: string;
  readonly #files: Files;
  #published: number;
  #bundle: { index: number; entries: readonly Buffer[]; hashes: readonly Buffer[] } | null = null;
  #journalled: ReadonlyMap<number, Buffer> | null = null;

  constructor(dir: string, files: Files = nodeFiles) {
    this.#dir = dir;
    this.#files = files;
    this.#published = publishedCheckpoint(dir, files)?.size ?? 0;
  }

  /** Throws `EntriesMissing` and `EntryAltered`. */
  get(seq: number): Buffer {
    for (let reads = 0; seq >= this.#published && reads < 3; reads += 1) {
      const fresh = this.#fromJournal(seq);
      if (fresh !== null) return fresh;
      // What the journal held may have gone into bundles meanwhile.
      this.#published = publishedCheckpoint(this.#dir, this.#files)?.size ?? 0;
      this.#bundle = null;
      this.#journalled = null;
    }
    const place = seq % TILE_WIDTH;
    const index = (seq - place) / TILE_WIDTH;
    if (seq >= this.#published) throw new EntriesMissing(this.#dir, seq);
    if (this.#bundle?.index !== index) {
      const entries = readBundle(this.#dir, index, this.#published, this.#files) ?? [];
      this.#bundle = { index, entries, hashes: leavesOf(this.#dir, index, this.#published, this.#files) };
    }
    const [entry, hash] = [this.#bundle.entries[place], this.#bundle.hashes[place]];
    if (entry === undefined) throw new EntriesMissing(this.#dir, seq);
    if (hash === undefined) throw new EntriesMissing(this.#dir, seq, 'hash');
    if (!hash.equals(leafHash(entry))) throw new EntryAltered(this.#dir, seq);
    return entry;
  }

  #fromJournal(seq: number): Buffer | null {
    const all = journalEntries(this.#dir, this.#published, Number.POSITIVE_INFINITY, this.#files);
    this.#journalled ??= new Map([...all].map((entry) => [entry.seq, entry.bytes]));
    return this.#journalled.get(seq) ?? null;
  }
}

/** Entries of bundle `index` in a log of `size`, or null when they are not there. */
export function readBundle(dir: string, index: number, size: number, files: Files = nodeFiles): Buffer[] | null {
  const width = Math.min(TILE_WIDTH, size - index * TILE_WIDTH);
  const bytes =
    readIfThere(join(dir, tilePath({ level: 'entries', index, width: TILE_WIDTH })), files) ??
    (width < TILE_WIDTH ? readPartial(dir, { index, width }, files) : null);
  if (bytes !== null) return atMost(width === TILE_WIDTH ? TILE_WIDTH : null, decodeBundle(asBuffer(bytes)));
  return width === TILE_WIDTH ? readSealed(dir, index, files) : null;
}

/** A full bundle that holds more than it can is no bundle. */
function atMost(most: number | null, entries: Buffer[] | null): Buffer[] | null {
  return most !== null && entries !== null && entries.length > most ? null : entries;
}

/** A wider partial than asked for does as well: the writer may have published again meanwhile. */
function readPartial(dir: string, of: { index: number; width: number }, files: Files): Uint8Array | null {
  const exact = readIfThere(join(dir, tilePath({ level: 'entries', index: of.index, width: of.width })), files);
  if (exact !== null) return exact;
  const folder = partialsPath({ level: 'entries', index: of.index });
  const wider = files
    .list(join(dir, folder))
    .map(Number)
    .filter((w) => w >= of.width);
  return wider.length === 0 ? null : readIfThere(join(dir, folder, String(Math.min(...wider))), files);
}

function* journalEntries(dir: string, from: number, to: number, files: Files): Generator<Entry> {
  let next = from;
  for (const name of files.list(join(dir, JOURNAL_FOLDER))) {
    if (parseSegmentName(name) === null) continue;
    for (const { first, entries } of segmentBatches(join(dir, JOURNAL_FOLDER, name), files)) {
      for (let i = Math.max(0, next - first); i < entries.length && first + i === next && next < to; i += 1) {
        yield { seq: next, bytes: entries[i] as Buffer };
        next += 1;
      }
    }
  }
}

/** The head's entries (those of the partial bundle where the segment starts) count as a batch too. */
function* segmentBatches(path: string, files: Files): Generator<{ first: number; entries: readonly Buffer[] }> {
  const bytes = readSegmentFile(path, files);
  for (let at = 0; ; ) {
    const next = decodeFrame(bytes, at);
    if (next === null) return;
    if (next.frame.kind === 'batch') yield next.frame.batch;
    else yield { first: next.frame.edge.size - next.frame.edge.entries.length, entries: next.frame.edge.entries };
    at = next.end;
  }
}

function readSegmentFile(path: string, files: Files): Buffer {
  try {
    return asBuffer(files.read(path));
  } catch (error) {
    // Trimmed between listing and reading: its entries are in bundles now.
    if (isMissing(error)) return Buffer.alloc(0);
    throw error;
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
