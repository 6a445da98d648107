/**
 * Operations of Web Cryptography that one isolate asked for: one at a time, in order, so that the promises of a task
 * take one of the host's threads and no more. What they take counts as CPU time of the task.
 */

import { type SubtleReply, subtleCall } from './subtle-call.ts';

interface Job {
  readonly text: string;
  readonly bytes: Uint8Array;
  readonly answer: (reply: SubtleReply) => void;
}

/** Those that wait, and the bytes that they hold. */
const MOST = 2000;
const MOST_BYTES = 32 * 1024 * 1024;

/** The most that is counted for an operation that is short. */
const SHORT_MS = 0.2;
const BYTES_PER_MS = 100_000;

export class CryptoJobs {
  readonly #waiting: Job[] = [];
  #held = 0;
  #spentMs = 0;
  /** When the one that runs began. */
  #since: number | null = null;

  /** False when too much waits. */
  add(text: string, bytes: Uint8Array, answer: Job['answer']): boolean {
    if (this.#waiting.length >= MOST || this.#held + bytes.length > MOST_BYTES) return false;
    this.#held += bytes.length;
    this.#waiting.push({ text, bytes, answer });
    if (this.#since === null) void this.#runAll();
    return true;
  }

  /** That which runs included. */
  spentMs(): number {
    return this.#spentMs + (this.#since === null ? 0 : performance.now() - this.#since);
  }

  /** What waits is forgotten; what runs cannot be stopped, and nobody hears of it. */
  end(): void {
    this.#waiting.length = 0;
  }

  async #runAll(): Promise<void> {
    for (let job = this.#waiting.shift(); job !== undefined; job = this.#waiting.shift()) {
      const from = performance.now();
      this.#since = from;
      const reply = await subtleCall(job.text, job.bytes);
      this.#spentMs += charged(performance.now() - from, job.bytes.length, reply.long);
      this.#since = null;
      this.#held -= job.bytes.length;
      job.answer(reply);
    }
  }
}

/**
 * By the clock, as the threads of a pool do not tell what each job took; what is short mostly waited for its thread, and
 * for this one, so it counts as what it can have taken.
 */
function charged(elapsedMs: number, bytes: number, long: boolean): number {
  return long ? elapsedMs : Math.min(elapsedMs, SHORT_MS + bytes / BYTES_PER_MS);
}
