/** Idempotency: what was asked under a key, and its one answer, while it is remembered. */

import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { err, type Result } from '../core/result.ts';
import type { TaskReport } from './contract.ts';
import { type Fault, fault, faultStatus } from './fault.ts';

type Answer = Result<TaskReport, Fault>;

interface Remembered {
  readonly asked: string;
  readonly answer: Promise<Answer>;
  /** How many wait for it. */
  waiting: number;
  readonly nobody: AbortController;
}

export interface Asked {
  readonly key: string;
  readonly body: string;
  /** Aborted when this one waits no more. */
  readonly gone: AbortSignal;
}

const KEPT = 2000;
const KEPT_MS = 600_000;

function isPassing(of: Fault): boolean {
  const status = faultStatus(of);
  return status >= 500 || status === 429;
}

export class AnswerMemory {
  readonly #answers = new LRUCache<string, Remembered>({ max: KEPT, ttl: KEPT_MS });

  /**
   * Runs it the first time; later the same answer, or a conflict when something else was asked. The signal that `run`
   * gets is aborted when none of those waits any more that asked for it.
   */
  once({ key, body, gone }: Asked, run: (nobody: AbortSignal) => Promise<Answer>): Promise<Answer> {
    const asked = createHash('sha256').update(body).digest('base64');
    const known = this.#answers.get(key) ?? this.#run(key, asked, run);
    if (known.asked !== asked) {
      const why = 'this idempotency key was used for another order; use a new one';
      return Promise.resolve(err(fault('conflict', why)));
    }
    known.waiting += 1;
    const leave = () => {
      known.waiting -= 1;
      if (known.waiting === 0) known.nobody.abort();
    };
    if (gone.aborted) leave();
    else gone.addEventListener('abort', leave, { once: true });
    return known.answer;
  }

  #run(key: string, asked: string, run: (nobody: AbortSignal) => Promise<Answer>): Remembered {
    const nobody = new AbortController();
    const answer = run(nobody.signal);
    const entry = { asked, answer, waiting: 0, nobody };
    this.#answers.set(key, entry);
    const forget = () => this.#answers.delete(key);
    // What was our own trouble, or came too early, may go better the next time.
    answer.then((report) => report.ok || !isPassing(report.error) || forget(), forget);
    return entry;
  }
}
