/** Entries as they become durable, for those who watch: the tail, the index, forwarding. */

import type { AuditEvent } from '../core/event.ts';
import type { Log } from '../core/ports.ts';
import type { QueueItem } from './commit-queue.ts';

export interface FeedEntry {
  readonly seq: number;
  /** The canonical JSON of the event. */
  readonly text: string;
  /** The event itself, before anything in it was shortened. Not to be changed. */
  readonly event: AuditEvent;
}

/** Must not throw; must be quick: it runs in the writer's turn. */
export type EntryListener = (entry: FeedEntry) => void;

export class EntryFeed {
  readonly #log: Log;
  readonly #listeners = new Set<EntryListener>();

  constructor(log: Log) {
    this.#log = log;
  }

  subscribe(listener: EntryListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  push(first: number, items: readonly QueueItem[]): void {
    for (const listener of this.#listeners) {
      try {
        for (let i = 0; i < items.length; i += 1) {
          const { event, encoded } = items[i] as QueueItem;
          listener({ seq: first + i, text: encoded.text, event });
        }
      } catch (error) {
        // A watcher that fails is dropped; the record goes on.
        this.#listeners.delete(listener);
        this.#log.error({ error }, 'a watcher of the log failed and was dropped');
      }
    }
  }
}
