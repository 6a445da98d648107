/**
 * Appends batches to the current journal segment. After any failure the segment is given up: what the kernel says about
 * a file after a failed fsync cannot be trusted, so the same batch is written again to a new segment.
 */

import { join } from 'node:path';
import type { Files, OpenFile } from '../store/files.ts';
import { type Batch, type Edge, encodeBatch, encodeHead, parseSegmentName, segmentName } from './journal.ts';
import { JOURNAL_FOLDER } from './recover.ts';

export class JournalWriter {
  readonly #folder: string;
  readonly #files: Files;
  readonly #sync: boolean;
  #current: { readonly name: string; readonly file: OpenFile; length: number } | null = null;
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
      this.#current = { name, file, length: head.length };
    } catch (error) {
      await file.close().catch(() => undefined);
      throw error;
    }
  }

  /** Resolves when the batch is durable, with `sync` by the write itself. On a rejection, call `abandon`, `start` and `append` it again. */
  async append(batch: Batch): Promise<void> {
    const current = this.#current;
    if (current === null) throw new Error('the journal has no open segment');
    const bytes = encodeBatch(batch);
    await current.file.write(bytes, current.length);
    current.length += bytes.length;
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
    await this.#current?.file.close();
    this.#current = null;
  }
}
