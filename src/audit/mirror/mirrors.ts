/**
 * The mirrors of all nodes of a fleet, each in a directory of its own that is laid out as a state directory is:
 * `<node>/audit` is the log, `<node>/log-keys.txt` the keys that it is verified with. One node's trouble is its own.
 */

import { join } from 'node:path';
import type { Clock, Log, Meter } from '../../core/ports.ts';
import { readIfThere, writeDurable } from '../../store/durable-file.ts';
import { type Files, nodeFiles } from '../../store/files.ts';
import { LogDamaged } from '../recover.ts';
import { type NoteVerifier, parseVerifierKey } from '../signed-note.ts';
import { Mirror, type MirrorState, type Taken } from './mirror.ts';
import type { MirrorFault } from './mirror-fault.ts';
import { type MirrorRetained, retainMirror } from './mirror-retention.ts';

export interface MirrorsOptions {
  /** Directory of the mirrors; must exist, and have one writer. */
  readonly dir: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: Meter;
  /** How often a checkpoint is kept for ever; ms. */
  readonly keepMs: number;
  readonly files?: Files;
}

/** What is said of one mirror. Plain data. */
export interface MirrorReport {
  readonly node: string;
  /** Entries that were taken, and the base64 root of their tree. */
  readonly size: number;
  readonly root: string;
  /** Entries under the mirror's checkpoint: what is safe here. */
  readonly published: number;
  /** Entries that the node is known to have: by a checkpoint that came, or by its own word. */
  readonly signed: number;
  /** `damaged`: the mirror's own files are harmed; see `audit verify`. */
  readonly fault: MirrorFault | { readonly kind: 'damaged'; readonly seq: number; readonly why: string } | null;
  /** Shipments since this process started that were not of this node's log, and why the last of them was not. */
  readonly refused: number;
  readonly last_refused: string | null;
  /** When something of the node's own last came; null before. */
  readonly heard: string | null;
}

interface Kept {
  readonly node: string;
  readonly dir: string;
  /** Read by the mirror at each shipment: added to in place. */
  readonly verifiers: NoteVerifier[];
  mirror: Mirror | null;
  damage: LogDamaged | null;
  /** Position in the stream of the first shipment that is not under the mirror's checkpoint; null when all are. */
  since: number | null;
  dirty: boolean;
  keptAt: number;
  refused: number;
  lastRefused: string | null;
  heard: number | null;
  /** Entries that the node says to have. */
  stated: number;
}

const KEYS_FILE = 'log-keys.txt';
const LOG_FOLDER = 'audit';
const NODE = /^[a-z0-9][a-z0-9.-]{0,62}$/;

export class Mirrors {
  readonly #options: MirrorsOptions;
  readonly #files: Files;
  readonly #nodes = new Map<string, Kept>();

  constructor(options: MirrorsOptions) {
    this.#options = options;
    this.#files = options.files ?? nodeFiles;
  }

  /**
   * From now on the records of this node are taken, when one of these keys signed them (C2SP verifier keys), or one that was
   * given before: keys are added, never taken away, since the history that they signed stays.
   */
  async pin(node: string, keys: readonly string[]): Promise<void> {
    if (!NODE.test(node)) throw new RangeError(`\`${node}\` is not the name of a node`);
    const dir = join(this.#options.dir, node);
    await this.#files.makeDirectory(join(dir, LOG_FOLDER));
    const file = join(dir, KEYS_FILE);
    const before = linesOf(readIfThere(file, this.#files));
    const all = [...new Set([...keys, ...before])];
    const verifiers = all.map((key) => verifierOf(node, key));
    if (all.length > before.length) await writeDurable(file, `${all.join('\n')}\n`, this.#files);
    const known = this.#nodes.get(node);
    const kept = known ?? this.#fresh(node, join(dir, LOG_FOLDER));
    kept.verifiers.splice(0, kept.verifiers.length, ...verifiers);
    if (known !== undefined) return;
    this.#nodes.set(node, kept);
    this.#open(kept);
  }

  /** What the node says of itself, by its own signature: how many entries its log has. What is held back on the way shows so. */
  stated(node: string, size: number): void {
    const kept = this.#nodes.get(node);
    if (kept !== undefined) kept.stated = Math.max(kept.stated, size);
  }

  /** `seq` is the position in the stream. Rejects when the disk fails; then `reopen`, and begin again after what `flush` said. */
  async take(node: string, bytes: Uint8Array, seq: number): Promise<Taken> {
    const kept = this.#nodes.get(node);
    if (kept?.mirror === null || kept === undefined) {
      const why = kept?.damage?.message ?? `no node \`${node}\` is known here`;
      return { is: 'refused', fault: { kind: 'foreign', seq: 0, why } };
    }
    const before = kept.mirror.state.fault;
    const taken = await kept.mirror.take(bytes);
    this.#note(kept, taken, before);
    if (taken.is === 'grown') {
      kept.since ??= seq;
      kept.dirty = true;
    }
    return taken;
  }

  /**
   * Makes durable what was taken. Resolves to the position in the stream of the first shipment that is still to be taken again
   * after a crash; null when there is none.
   */
  async flush(): Promise<number | null> {
    let first: number | null = null;
    for (const kept of this.#nodes.values()) {
      if (kept.dirty && kept.mirror !== null) await this.#flushOne(kept, kept.mirror);
      if (kept.since !== null && (first === null || kept.since < first)) first = kept.since;
    }
    return first;
  }

  /** After a failure of the disk: everything as it stands there. */
  reopen(): void {
    for (const kept of this.#nodes.values()) this.#open(kept);
  }

  reports(): MirrorReport[] {
    return [...this.#nodes.values()].map((kept) => reportOf(kept));
  }

  /** Seals and removes what is old enough; `MirrorRetained` says when that is. */
  async retain(order: MirrorRetained): Promise<void> {
    for (const { mirror, dir, node } of this.#nodes.values()) {
      if (mirror === null) continue;
      const { removed } = await retainMirror(dir, order, this.#files);
      if (removed > 0) this.#options.log.info({ node, removed }, 'entries of a mirror were removed by retention');
    }
  }

  measure(): void {
    const { meter } = this.#options;
    for (const { node, published, signed, fault } of this.reports()) {
      meter.set('locktender_fleet_mirror_entries', published, { node });
      meter.set('locktender_fleet_mirror_behind_entries', signed - published, { node });
      meter.set('locktender_fleet_mirror_faulty', fault === null ? 0 : 1, { node });
    }
  }

  async #flushOne(kept: Kept, mirror: Mirror): Promise<void> {
    const { clock, log, keepMs } = this.#options;
    const before = mirror.state;
    await mirror.flush();
    kept.dirty = false;
    const { size, published, fault } = mirror.state;
    if (published === size) kept.since = null;
    this.#tell(kept, before.fault, fault);
    if (before.fault !== null && fault === null) log.info({ node: kept.node, published }, 'a mirror is whole again');
    if (published > before.published && clock.monotonic() - kept.keptAt >= keepMs) {
      kept.keptAt = clock.monotonic();
      await mirror.keep();
    }
  }

  #note(kept: Kept, taken: Taken, before: MirrorFault | null): void {
    const { clock, meter } = this.#options;
    const { node } = kept;
    if (taken.is === 'grown') meter.count('locktender_fleet_mirror_entries_total', { node }, taken.entries);
    if (taken.is !== 'refused') {
      kept.heard = clock.now();
      return;
    }
    const { kind, why } = taken.fault;
    meter.count('locktender_fleet_records_refused_total', { node, kind });
    kept.refused += 1;
    kept.lastRefused = why;
    this.#tell(kept, before, kept.mirror?.state.fault ?? null);
  }

  /** Once for each fault; the metric says how often. */
  #tell({ node, refused, lastRefused }: Kept, before: MirrorFault | null, after: MirrorFault | null): void {
    const { log } = this.#options;
    if (after !== null && after.kind !== before?.kind) {
      const { kind, seq, why } = after;
      log.error({ node, kind, seq, why }, 'the record of a node does not continue as it was signed; its mirror stays');
    } else if (after === null && refused === 1) {
      log.warn({ node, why: lastRefused }, 'something came for the record of a node that is not of its log');
    }
  }

  #fresh(node: string, dir: string): Kept {
    const state = { mirror: null, damage: null, since: null, dirty: false, keptAt: Number.NEGATIVE_INFINITY };
    return { node, dir, verifiers: [], ...state, refused: 0, lastRefused: null, heard: null, stated: 0 };
  }

  #open(kept: Kept): void {
    const { dir, verifiers } = kept;
    Object.assign(kept, { mirror: null, damage: null, since: null, dirty: false });
    try {
      kept.mirror = new Mirror({ dir, verifiers, files: this.#files });
    } catch (error) {
      if (!(error instanceof LogDamaged)) throw error;
      kept.damage = error;
      this.#options.log.error({ node: kept.node, error }, 'a mirror is harmed; nothing is added to it');
    }
  }
}

function reportOf({ node, mirror, damage, refused, lastRefused, heard, stated }: Kept): MirrorReport {
  const none: MirrorState = { size: 0, published: 0, signed: 0, fault: null };
  const { size, published, signed, fault } = mirror?.state ?? none;
  return {
    ...{ node, size, published, refused },
    signed: Math.max(signed, stated),
    root: mirror?.root().toString('base64') ?? '',
    fault: damage === null ? fault : { kind: 'damaged', seq: 0, why: damage.message },
    last_refused: lastRefused,
    heard: heard === null ? null : new Date(heard).toISOString(),
  };
}

function verifierOf(node: string, text: string): NoteVerifier {
  const key = parseVerifierKey(text);
  if (key.ok && key.value.type === 'log') return key.value;
  throw new Error(`a key of the log of \`${node}\` is not valid (${key.ok ? 'it is of a witness' : key.error})`);
}

function linesOf(bytes: Uint8Array | null): string[] {
  if (bytes === null) return [];
  return Buffer.from(bytes)
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');
}
