/**
 * Writes events to one reader: many in one piece, ten times a second, since a piece costs more than an event. Keeps a
 * bounded number of bytes for it, whatever the rate.
 */

import type { ServerResponse } from 'node:http';
import type { RecordedEntry } from './recorded-entry.ts';

/** What becomes of a reader that is too slow: its stream ends and it resumes, or it is told how many it did not get. */
export type WhenBehind = 'end' | 'skip';

export interface PassedOver {
  /** The last that was left out. */
  readonly seq: number;
  readonly entries: number;
  /** How many of them were denials; null when they were not looked at. */
  readonly denied: number | null;
}

type Answer = Pick<ServerResponse, 'write' | 'end' | 'destroy' | 'writableLength' | 'destroyed'>;

const GATHER_MS = 100;
/** Characters that are gathered at most before they go out. */
const MOST_GATHERED = 64 * 1024;
/** Bytes that a reader may leave unread: of a stream that ends, and of one that skips. */
const MOST_UNREAD = { end: 4 * 1024 * 1024, skip: 512 * 1024 } as const;

export class FrameWriter {
  readonly #response: Answer;
  readonly #whenBehind: WhenBehind;
  #gathered = '';
  #timer: NodeJS.Timeout | null = null;
  #missed: PassedOver | null = null;

  constructor(response: Answer, whenBehind: WhenBehind) {
    this.#response = response;
    this.#whenBehind = whenBehind;
  }

  /** The first byte, so that the reader knows that it is connected. */
  open(): void {
    this.#response.write(': open\n\n');
  }

  beat(): void {
    this.flush();
    this.#response.write(': here\n\n');
  }

  add({ seq, text, event }: RecordedEntry): void {
    if (this.#response.destroyed) return;
    if (this.#isBehind()) {
      if (this.#whenBehind === 'end') return void this.#response.destroy();
      const denied = event.effect === 'deny' ? 1 : 0;
      this.passOver({ seq, entries: 1, denied });
      return;
    }
    this.#tellMissed();
    // Canonical JSON has no line feed: it is one line of data as it stands.
    this.#gather(`id: ${seq}\nevent: ${event.type}\ndata: {"seq":${seq},"event":${text}}\n\n`);
  }

  /** Told to the reader as soon as it reads again. */
  passOver({ seq, entries, denied }: PassedOver): void {
    const before = this.#missed ?? { entries: 0, denied: 0 };
    const sum = denied === null || before.denied === null ? null : before.denied + denied;
    this.#missed = { seq, entries: before.entries + entries, denied: sum };
    this.#timer ??= setTimeout(() => this.flush(), GATHER_MS);
  }

  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#response.destroyed) return;
    if (!this.#isBehind()) this.#tellMissed();
    const piece = this.#gathered;
    this.#gathered = '';
    if (piece !== '') this.#response.write(piece);
    if (this.#missed !== null) this.#timer = setTimeout(() => this.flush(), GATHER_MS);
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#response.end();
  }

  #isBehind(): boolean {
    return this.#response.writableLength > MOST_UNREAD[this.#whenBehind];
  }

  #gather(frame: string): void {
    this.#gathered += frame;
    if (this.#gathered.length >= MOST_GATHERED) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), GATHER_MS);
  }

  #tellMissed(): void {
    if (this.#missed === null) return;
    const { seq, entries, denied } = this.#missed;
    this.#missed = null;
    this.#gathered += `id: ${seq}\nevent: passed_over\ndata: ${JSON.stringify({ seq, passed_over: { entries, denied } })}\n\n`;
  }
}
