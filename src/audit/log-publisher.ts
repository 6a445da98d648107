/** What follows a commit at leisure: tiles, published checkpoints, kept checkpoints, trimming of the journal. */

import type { Clock, Log, Meter } from '../core/ports.ts';
import type { Edge } from './journal.ts';
import type { JournalWriter } from './journal-writer.ts';
import type { TileWriter } from './tile-writer.ts';
import type { TileFile } from './tree.ts';

/** Full tiles that may wait before commits wait for them: bounds memory when tiles are slower than the journal. */
const MAX_PENDING = 128;

/** The log's durable head. */
export interface LogHead {
  readonly size: number;
  /** Signed checkpoint of that size; null while the log is empty. */
  readonly note: string | null;
  readonly edge: Edge;
}

export interface PublisherOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: Meter;
  readonly publishMs?: number;
  readonly keepMs?: number;
  /** Has a kept checkpoint signed by witnesses: the note with their lines, or null. Never rejects for a witness. */
  readonly cosign?: (note: string) => Promise<string | null>;
}

export class LogPublisher {
  readonly #options: PublisherOptions;
  readonly #journal: JournalWriter;
  readonly #tiles: TileWriter;
  readonly #log: { head(): LogHead; failed(error: unknown): void };
  #published = 0;
  #publishedNote: string | null = null;
  /** Monotonic ms since when there is something unpublished; null when there is not. */
  #dirtySince: number | null = null;
  #keptAt = Number.NEGATIVE_INFINITY;
  #keptSize = -1;
  /** One thing at a time. */
  #last: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | null = null;
  #flushing = false;
  #cosigning: Promise<void> | null = null;

  constructor(
    options: PublisherOptions,
    parts: { readonly journal: JournalWriter; readonly tiles: TileWriter },
    log: { head(): LogHead; failed(error: unknown): void },
  ) {
    this.#options = options;
    this.#journal = parts.journal;
    this.#tiles = parts.tiles;
    this.#log = log;
  }

  /** Publishes what recovery found and forgets its journal. */
  async start(published: number): Promise<void> {
    this.#published = published;
    const old = this.#journal.old();
    // Always: what was published before a crash may not have reached the disk.
    if (this.#log.head().size > 0) this.#dirtySince = this.#options.clock.monotonic();
    await this.#inTurn(() => this.#publishNow());
    await this.#inTurn(() => this.#trim(old));
    this.#timer = setInterval(() => void this.#tick(), this.#options.publishMs ?? 1000);
    this.#timer.unref();
  }

  get behind(): boolean {
    return this.#tiles.pending > MAX_PENDING;
  }

  add(full: readonly TileFile[]): void {
    this.#dirtySince ??= this.#options.clock.monotonic();
    this.#tiles.add(full);
    if (full.length === 0 || this.#flushing) return;
    this.#flushing = true;
    void this.#guarded(async () => {
      this.#flushing = false;
      await this.#tiles.flush();
    });
  }

  /** Waits until the tiles have caught up with the journal. */
  async catchUp(): Promise<void> {
    await this.#inTurn(() => this.#tiles.flush());
  }

  async publish(): Promise<void> {
    await this.#inTurn(() => this.#publishNow());
  }

  /** After a new segment began: the ones before it go once their tiles are durable. */
  trimLater(): void {
    const old = this.#journal.old();
    void this.#guarded(async () => {
      await this.#publishNow();
      await this.#trim(old);
    });
  }

  /** With `healthy`, leaves a log whose journal is empty. */
  async close(healthy: boolean): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#last;
    if (!healthy) return;
    await this.#publishNow();
    await this.#keep();
    await this.#cosigning;
    await this.#cosign();
    await this.#journal.start(this.#log.head().edge);
    await this.#trim(this.#journal.old());
  }

  async #tick(): Promise<void> {
    const { clock, meter } = this.#options;
    const lag = this.#dirtySince === null ? 0 : (clock.monotonic() - this.#dirtySince) / 1000;
    meter.set('locktender_log_lag_seconds', lag);
    if (this.#dirtySince === null) return;
    await this.#guarded(async () => {
      await this.#publishNow();
      if (clock.monotonic() - this.#keptAt < (this.#options.keepMs ?? 3_600_000)) return;
      await this.#keep();
      this.#cosigning ??= this.#cosign().finally(() => {
        this.#cosigning = null;
      });
    });
  }

  /** Outside the turns: a slow witness delays nothing but its own signature. */
  async #cosign(): Promise<void> {
    const { cosign, log } = this.#options;
    const [size, note] = [this.#keptSize, this.#publishedNote];
    if (cosign === undefined || note === null || size !== this.#published) return;
    try {
      const cosigned = await cosign(note);
      if (cosigned !== null) await this.#tiles.keep(size, cosigned);
    } catch (error) {
      log.error({ error }, 'the signatures of witnesses could not be kept');
    }
  }

  async #publishNow(): Promise<void> {
    await this.#tiles.flush();
    const head = this.#log.head();
    if (head.note === null || (head.size === this.#published && this.#dirtySince === null)) return;
    this.#dirtySince = null;
    try {
      await this.#journal.flush();
      await this.#tiles.publish(head.edge, head.note);
      this.#published = head.size;
      this.#publishedNote = head.note;
    } catch (error) {
      this.#dirtySince ??= this.#options.clock.monotonic();
      throw error;
    }
  }

  async #keep(): Promise<void> {
    // What is published, not the head: a kept checkpoint beyond the published one would look like a cut log.
    const size = this.#published;
    if (this.#publishedNote === null || size === this.#keptSize) return;
    await this.#tiles.keep(size, this.#publishedNote);
    this.#keptAt = this.#options.clock.monotonic();
    this.#keptSize = size;
  }

  async #trim(old: readonly string[]): Promise<void> {
    await this.#tiles.sync();
    await this.#journal.trim(old);
  }

  async #guarded(act: () => Promise<void>): Promise<void> {
    try {
      await this.#inTurn(act);
    } catch (error) {
      this.#log.failed(error);
    }
  }

  #inTurn(act: () => Promise<void>): Promise<void> {
    const next = this.#last.then(act);
    this.#last = next.catch(() => undefined);
    return next;
  }
}
