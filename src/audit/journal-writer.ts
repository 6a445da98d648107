/**
 * Appends batches to the current journal segment. After any failure the segment is given up: what the kernel says about
 * a file after a failed fsync cannot be trusted, so the same batch is written again to a new segment.
 *
 * While batches come fast, room is made ahead of them: zeros, on disk before a batch is written over them. A durable write
 * that does not grow its file takes half the CPU and a third of the time. INVARIANT: zeros are never written where a
 * batch may be: what would reach beyond the room that stands waits for the room that is being made.
 */

import { join } from 'node:path';
import type { Files, OpenFile } from '../store/files.ts';
import { type Batch, type Edge, encodeBatch, encodeHead, parseSegmentName, segmentName } from './journal.ts';
import { JOURNAL_FOLDER } from './recover.ts';

const ROOM = Buffer.alloc(512 * 1024);
/** More room is made when less than this is left. */
const LOW = 128 * 1024;

interface Segment {
  readonly name: string;
  readonly file: OpenFile;
  /** End of the last batch. */
  length: number;
  /** End of the room behind it. */
  room: number;
  /** Set while more is made; never rejects. */
  making: Promise<void> | null;
}

export class JournalWriter {
  readonly #folder: string;
  readonly #files: Files;
  readonly #sync: boolean;
  #current: Segment | null = null;
  #old: string[];
  #generation = 0;

  /** `old` are segments that exist; `sync` false leaves it to the kernel when data reaches the disk. */
  constructor(dir: string, files: Files, options: { readonly old: readonly string[]; readonly sync: boolean }) {
    this.#folder = join(dir, JOURNAL_FOLDER);
    this.#files = files;
    this.#sync = options.sync;
    this.#old = [...options.old];
    for (const name of options.old) {
      this.#generation = Math.max(this.#generation, 1 + (parseSegmentName(name)?.generation ?? 0));
    }
  }

  /** Bytes of the current segment; 0 when there is none. */
  get length(): number {
    return this.#current?.length ?? 0;
  }

  /** True when a segment is open for batches. */
  get ready(): boolean {
    return this.#current !== null;
  }

  /** Starts a new segment; the ones before it become old. Durable when it resolves. */
  async start(edge: Edge): Promise<void> {
    await this.abandon();
    await this.#files.makeDirectory(this.#folder);
    const name = segmentName(edge.size, this.#generation);
    this.#generation += 1;
    this.#old.push(name);
    const file = await this.#files.open(join(this.#folder, name), this.#sync);
    try {
      const head = encodeHead(edge);
      await file.write(head, 0);
      await file.datasync();
      await this.#files.syncDirectory(this.#folder);
      this.#old = this.#old.filter((other) => other !== name);
      this.#current = { name, file, length: head.length, room: head.length, making: null };
    } catch (error) {
      await file.close().catch(() => undefined);
      throw error;
    }
  }

  /** Resolves when the batch is durable, with `sync` by the write itself. `busy`: many follow soon. On a rejection, call `abandon`, `start` and `append` it again. */
  async append(batch: Batch, busy = false): Promise<void> {
    const current = this.#current;
    if (current === null) throw new Error('the journal has no open segment');
    const bytes = encodeBatch(batch);
    const end = current.length + bytes.length;
    if (current.making !== null && end > current.room) await current.making;
    await current.file.write(bytes, current.length);
    current.length = end;
    if (busy && current.making === null && current.room - end < LOW) makeRoom(current);
  }

  /** True while there is room that no batch has taken. */
  get roomy(): boolean {
    return this.#current !== null && (this.#current.making !== null || this.#current.room > this.#current.length);
  }

  /** Gives the room back, so that a disk that fills up is noticed by the next batch. Not while one is appended. */
  async giveBack(): Promise<void> {
    const current = this.#current;
    if (current === null) return;
    await current.making;
    current.room = current.length;
    // What stays is zeros, which do no harm.
    await current.file.truncate(current.length).catch(() => undefined);
  }

  /** For relaxed durability: what was appended so far becomes durable. */
  async flush(): Promise<void> {
    if (!this.#sync) await this.#current?.file.datasync();
  }

  /** Gives the current segment up, after a failure or for a new one. Its batches stay readable. */
  async abandon(): Promise<void> {
    const current = this.#current;
    if (current === null) return;
    this.#current = null;
    this.#old.push(current.name);
    await current.making;
    await current.file.close().catch(() => undefined);
  }

  /** Segments before the current one, oldest first. */
  old(): readonly string[] {
    return [...this.#old].sort();
  }

  /**
   * Removes old segments, oldest first, so that a crash in between leaves no gap. Only when the tiles that they can
   * rebuild are durable.
   */
  async trim(names: readonly string[]): Promise<void> {
    for (const name of names) {
      await this.#files.remove(join(this.#folder, name));
      this.#old = this.#old.filter((other) => other !== name);
    }
    if (names.length > 0) await this.#files.syncDirectory(this.#folder);
  }

  async close(): Promise<void> {
    await this.#current?.making;
    await this.#current?.file.close();
    this.#current = null;
  }
}

function makeRoom(current: Segment): void {
  const from = Math.max(current.length, current.room);
  const made = current.file.write(ROOM, from).then(
    () => {
      current.room = from + ROOM.length;
    },
    // No room is no trouble: batches grow the file themselves, or find that it cannot grow.
    () => undefined,
  );
  current.making = made.finally(() => {
    current.making = null;
  });
}
