/**
 * Verifies a log from its directory and public keys alone: every entry, every tile, every checkpoint's signature, and
 * that all checkpoints are of one and the same growing tree. Streaming; memory stays at one bundle and the right edge.
 *
 * The signed root is the authority. When an entry and its tile disagree, the one that leads to the signed hash above is
 * right and the other is reported.
 */

import { join } from 'node:path';
import { readIfThere } from '../store/durable-file.ts';
import { type Files, nodeFiles } from '../store/files.ts';
import { parseCheckpoint, type SignedCheckpoint } from './checkpoint.ts';
import { decodeBundle, wholeEntries } from './entry-bundle.ts';
import { parseSegmentName } from './journal.ts';
import { Frontier, leafHash, leafHashInBundle } from './merkle.ts';
import { latestPruning } from './pruning.ts';
import { readBundle } from './read.ts';
import { CHECKPOINT_FILE, JOURNAL_FOLDER } from './recover.ts';
import { checkNote, cosignatures, type NoteVerifier } from './signed-note.ts';
import { TILE_WIDTH, tilePath } from './tile-path.ts';
import { KEPT_FOLDER } from './tile-writer.ts';
import { compareBundle, type Fault } from './verify-bundle.ts';
import { readJournal, verifyJournal } from './verify-journal.ts';
import { verifyPartials } from './verify-partials.ts';
import { placeOf, readTile, UpperTiles } from './verify-tiles.ts';

export interface VerifyOptions {
  readonly verifiers: readonly NoteVerifier[];
  /** Witnesses each of which must have signed some checkpoint. */
  readonly required?: readonly NoteVerifier[];
  readonly files?: Files;
  /** Called every 65,536 entries. */
  readonly progress?: (done: number, of: number) => void;
}

export interface VerifyReport {
  readonly ok: boolean;
  /** The first bad entry and why; null when everything verifies. */
  readonly fault: Fault | null;
  readonly origin: string | null;
  /** Entries under the published checkpoint. */
  readonly size: number;
  /** Entries in the journal beyond it, each under a signed checkpoint of its own. */
  readonly journalled: number;
  /** Entries whose content was checked; the rest were pruned, and their hashes were checked. */
  readonly checked: number;
  /** Sequence of the first entry that is still kept. */
  readonly firstKept: number;
  readonly bytes: number;
  /** Base64 root of the published checkpoint. */
  readonly root: string | null;
  /** Checkpoints whose root was recomputed and whose signature verified. */
  readonly checkpoints: number;
  /** Checkpoints that only keys not given have signed; their roots were recomputed all the same. */
  readonly unknownKeys: number;
  /** The largest checkpoint that each known witness has signed; `time` is the witness's own, in seconds. */
  readonly witnesses: readonly Witnessed[];
  /** Bytes at the end of the journal that a crash tore: never acknowledged, cut at the next start. */
  readonly tornBytes: number;
}

export interface Witnessed {
  readonly name: string;
  readonly time: number;
  readonly size: number;
}

interface Walk {
  readonly dir: string;
  readonly files: Files;
  readonly options: VerifyOptions;
  readonly frontier: Frontier;
  readonly upper: UpperTiles;
  /** Entries before this one went by retention, as the record says. */
  prunedBefore: number;
  /** Checkpoints to come, by rising size. */
  readonly due: { readonly file: string; readonly checkpoint: SignedCheckpoint }[];
  checked: number;
  firstKept: number;
  bytes: number;
  checkpoints: number;
  unknownKeys: number;
  readonly witnesses: Map<string, Witnessed>;
  /** Size up to which a signed root has confirmed the entries. */
  confirmed: number;
}

function unwitnessed({ options, witnesses }: Walk): Fault | null {
  const absent = options.required?.find(({ name }) => !witnesses.has(name));
  return absent ? at(0, 'wrong_key', `no checkpoint bears a valid signature of witness ${absent.name}`, null) : null;
}

/** Never throws for what is wrong with the log; that is in the report. */
export function verifyLog(dir: string, options: VerifyOptions): VerifyReport {
  const files = options.files ?? nodeFiles;
  const walk: Walk = {
    dir,
    files,
    options,
    frontier: new Frontier(),
    upper: new UpperTiles(dir, files),
    prunedBefore: 0,
    due: [],
    checked: 0,
    firstKept: 0,
    bytes: 0,
    checkpoints: 0,
    unknownKeys: 0,
    witnesses: new Map(),
    confirmed: 0,
  };
  // In the order in which a log is written backwards, so that one that grows meanwhile is found whole.
  const segments = readJournal(dir, files);
  const kept = files.list(join(dir, KEPT_FOLDER)).filter((name) => name.endsWith('.checkpoint'));
  const head = readHead(walk, kept);
  if ('fault' in head) return report(walk, head.checkpoint, head);
  const size = head.checkpoint?.size ?? 0;
  walk.prunedBefore = latestPruning(dir, files)?.first_kept ?? 0;
  const fault = collectKept(walk, head.checkpoint, kept) ?? walkBundles(walk, size) ?? verifyPartials(dir, size, files);
  const bad = fault ?? unwitnessed(walk);
  if (bad !== null) return report(walk, head.checkpoint, { fault: bad });
  return report(
    walk,
    head.checkpoint,
    verifyJournal({ segments, frontier: walk.frontier, check: (c) => signature(walk, c) }),
  );
}

type Head =
  | { readonly checkpoint: SignedCheckpoint | null; readonly fault: Fault }
  | { readonly checkpoint: SignedCheckpoint | null };

function readHead(walk: Walk, kept: readonly string[]): Head {
  if (!walk.files.exists(join(walk.dir, CHECKPOINT_FILE))) {
    if (kept.length === 0 && neverPublished(walk)) return { checkpoint: null };
    return { checkpoint: null, fault: at(0, 'missing', 'there is no checkpoint', CHECKPOINT_FILE) };
  }
  const parsed = parseCheckpoint(walk.files.read(join(walk.dir, CHECKPOINT_FILE)));
  if (!parsed.ok) return { checkpoint: null, fault: at(0, 'altered', parsed.error, CHECKPOINT_FILE) };
  const checkpoint = parsed.value;
  const status = checkNote(checkpoint.note, walk.options.verifiers);
  if (status === 'unknown_key') {
    return { checkpoint, fault: at(0, 'wrong_key', 'no given key signed the checkpoint', CHECKPOINT_FILE) };
  }
  if (status === 'bad_signature') {
    return {
      checkpoint,
      fault: at(0, 'wrong_key', 'the signature of the checkpoint does not verify', CHECKPOINT_FILE),
    };
  }
  return { checkpoint };
}

/**
 * A crash before the first checkpoint leaves at most tiles and a journal that begins at entry 0; the journal then holds
 * everything, under signed heads of its own. Without such a journal a missing checkpoint means that it was taken away.
 */
function neverPublished({ dir, files }: Walk): boolean {
  if (files.list(join(dir, 'tile')).length === 0) return true;
  return files.list(join(dir, JOURNAL_FOLDER)).some((name) => parseSegmentName(name)?.start === 0);
}

/** Reads the kept checkpoints and puts all of them in order of size. */
function collectKept(walk: Walk, head: SignedCheckpoint | null, kept: readonly string[]): Fault | null {
  for (const name of kept) {
    const file = join(KEPT_FOLDER, name);
    const parsed = parseCheckpoint(walk.files.read(join(walk.dir, file)));
    if (!parsed.ok) return at(0, 'altered', parsed.error, file);
    const checkpoint = parsed.value;
    if (head === null || checkpoint.origin !== head.origin) return at(0, 'forked', 'a checkpoint of another log', file);
    if (checkpoint.size > head.size) {
      const why = `an earlier checkpoint covers ${checkpoint.size} entries, the published one ${head.size}`;
      return at(head.size, 'truncated', why, file);
    }
    walk.due.push({ file, checkpoint });
  }
  if (head !== null) walk.due.push({ file: CHECKPOINT_FILE, checkpoint: head });
  walk.due.sort((a, b) => a.checkpoint.size - b.checkpoint.size);
  return null;
}

function walkBundles(walk: Walk, size: number): Fault | null {
  for (let first = 0; first < size; first += TILE_WIDTH) {
    const fault = oneBundle(walk, first, size) ?? walk.upper.fault;
    if (fault !== null) return fault;
    if (first % 65_536 === 0) walk.options.progress?.(first, size);
  }
  return dueCheckpoints(walk);
}

function oneBundle(walk: Walk, first: number, size: number): Fault | null {
  const index = first / TILE_WIDTH;
  const width = Math.min(TILE_WIDTH, size - first);
  const entries = readBundle(walk.dir, index, size, walk.files);
  const tile = readTile(walk.dir, { level: 0, index, width }, walk.files);
  if (entries === null && first + width <= prunedBefore(walk, first + width)) return prunedTile(walk, index, tile);
  if (entries === null) return harmedBundle(walk, { index, width, tile });
  const harmed = own(walk, index, width);
  if (harmed !== null) return harmed;
  const leaves = entries.slice(0, width).map((entry) => leafHashInBundle(entry));
  const fault = compareBundle({
    ...{ first, width, leaves, tile, above: hashAbove(walk, index, size) },
    file: (level) => placeOf(walk.dir, { level, index }, walk.files),
  });
  if (fault !== null) return fault;
  for (const [i, leaf] of leaves.entries()) {
    walk.frontier.append(leaf, walk.upper.take);
    walk.bytes += entries[i]?.length ?? 0;
    const forked = walk.due[0]?.checkpoint.size === walk.frontier.size ? dueCheckpoints(walk) : null;
    if (forked !== null) return forked;
  }
  walk.checked += leaves.length;
  return null;
}

/** A bundle that cannot be read to its end: the first entry of it that is bad. */
function harmedBundle(
  { dir, files }: Walk,
  { index, width, tile }: { readonly index: number; readonly width: number; readonly tile: readonly Buffer[] | null },
): Fault {
  const first = index * TILE_WIDTH;
  const file = tilePath({ level: 'entries', index, width });
  const bytes = readIfThere(join(dir, file), files);
  if (bytes === null) {
    const place = placeOf(dir, { level: 'entries', index }, files);
    return at(first, 'missing', 'the entry bundle is missing or harmed', place);
  }
  const whole = wholeEntries(Buffer.from(bytes), width);
  const bad = whole.findIndex((entry, i) => tile?.[i]?.equals(leafHash(entry)) !== true);
  if (bad >= 0) return at(first + bad, 'altered', 'the entry does not have the hash that was signed', file);
  return at(first + whole.length, 'truncated', 'the entry bundle ends in the middle of the entry', file);
}

/**
 * The bundle of the right edge bears its width as its name. Beside it may stand the full one, of which a crash came
 * before the checkpoint: that one is ahead, not altered.
 */
function own(walk: Walk, index: number, width: number): Fault | null {
  if (width === TILE_WIDTH) return null;
  const file = tilePath({ level: 'entries', index, width });
  const bytes = readIfThere(join(walk.dir, file), walk.files);
  if (bytes === null || (decodeBundle(Buffer.from(bytes))?.length ?? 0) <= width) return null;
  return at(index * TILE_WIDTH + width, 'altered', 'the bundle holds more entries than its checkpoint says', file);
}

/** Where retention has come to; asked again for what went while this verifies. */
function prunedBefore(walk: Walk, end: number): number {
  if (walk.prunedBefore < end) walk.prunedBefore = latestPruning(walk.dir, walk.files)?.first_kept ?? 0;
  return walk.prunedBefore;
}

/** Its entries are gone by retention: the hashes that were kept stand for them. */
function prunedTile(walk: Walk, index: number, tile: readonly Buffer[] | null): Fault | null {
  const first = index * TILE_WIDTH;
  walk.firstKept = first + TILE_WIDTH;
  const above = readTile(walk.dir, { level: 1, index: Math.floor(index / TILE_WIDTH), width: null }, walk.files);
  const root = above?.[index % TILE_WIDTH];
  if (tile !== null) {
    for (const leaf of tile) {
      walk.frontier.append(leaf, walk.upper.take);
      const fault = dueCheckpoints(walk);
      if (fault !== null) return fault;
    }
    return null;
  }
  if (root === undefined) {
    const place = placeOf(walk.dir, { level: 0, index }, walk.files);
    return at(first, 'missing', 'neither the entries nor their hashes are there', place);
  }
  const inside = walk.due.find(({ checkpoint }) => checkpoint.size > first && checkpoint.size < first + TILE_WIDTH);
  if (inside !== undefined) return at(first, 'missing', 'the tile that a kept checkpoint needs is gone', inside.file);
  walk.frontier.appendSubtree(root, 8, walk.upper.take);
  return dueCheckpoints(walk);
}

/** What the tile above says that these 256 leaves hash to, if it is there. */
function hashAbove(walk: Walk, index: number, size: number): Buffer | null {
  if ((index + 1) * TILE_WIDTH > size) return null;
  const tile = readTile(walk.dir, { level: 1, index: Math.floor(index / TILE_WIDTH), width: null }, walk.files);
  return tile?.[index % TILE_WIDTH] ?? null;
}

/** Compares the tree so far with every checkpoint of just this size. */
function dueCheckpoints(walk: Walk): Fault | null {
  for (let next = walk.due[0]; next !== undefined && next.checkpoint.size <= walk.frontier.size; next = walk.due[0]) {
    walk.due.shift();
    const { checkpoint, file } = next;
    if (checkpoint.size < walk.frontier.size) return at(checkpoint.size, 'forked', 'a checkpoint was passed', file);
    if (!checkpoint.root.equals(walk.frontier.root())) {
      const range = `entries ${walk.confirmed} to ${checkpoint.size - 1}`;
      return at(walk.confirmed, 'forked', `${range} are not those of the signed checkpoint`, file);
    }
    const fault = signature(walk, checkpoint);
    if (fault !== null) return { ...fault, file };
    for (const { name, time } of cosignatures(checkpoint.note, walk.options.verifiers)) {
      walk.witnesses.set(name, { name, time, size: checkpoint.size });
    }
    walk.confirmed = checkpoint.size;
  }
  return null;
}

function signature(walk: Walk, checkpoint: SignedCheckpoint): Fault | null {
  const status = checkNote(checkpoint.note, walk.options.verifiers);
  if (status === 'bad_signature') {
    return at(walk.confirmed, 'wrong_key', 'the signature of a checkpoint does not verify', null);
  }
  if (status === 'verified') walk.checkpoints += 1;
  else walk.unknownKeys += 1;
  return null;
}

function report(
  walk: Walk,
  head: SignedCheckpoint | null,
  end: { readonly fault?: Fault | null; readonly journalled?: number; readonly tornBytes?: number },
): VerifyReport {
  const fault = end.fault ?? null;
  return {
    ok: fault === null,
    fault,
    origin: head?.origin ?? null,
    size: head?.size ?? 0,
    journalled: end.journalled ?? 0,
    checked: walk.checked,
    firstKept: walk.firstKept,
    bytes: walk.bytes,
    root: head?.root.toString('base64') ?? null,
    checkpoints: walk.checkpoints,
    unknownKeys: walk.unknownKeys,
    witnesses: [...walk.witnesses.values()],
    tornBytes: end.tornBytes ?? 0,
  };
}

function at(seq: number, kind: Fault['kind'], why: string, file: string | null): Fault {
  return { seq, kind, why, file };
}
