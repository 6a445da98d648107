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
}

const KEPT = 2000;
const KEPT_MS = 600_000;

function isPassing(of: Fault): boolean {
  const status = faultStatus(of);
  return status >= 500 || status === 429;
}

export class AnswerMemory {
  readonly #answers = new LRUCache<string, Remembered>({ max: KEPT, ttl: KEPT_MS });

  /** Runs it the first time; later the same answer, or a conflict when something else was asked. */
  once(key: string, body: string, run: () => Promise<Answer>): Promise<Answer> {
    const asked = createHash('sha256').update(body).digest('base64');
    const known = this.#answers.get(key);
    if (known === undefined) {
      const answer = run();
      this.#answers.set(key, { asked, answer });
      const forget = () => this.#answers.delete(key);
      // What was our own trouble, or came too early, may go better the next time.
      answer.then((report) => report.ok || !isPassing(report.error) || forget(), forget);
      return answer;
    }
    if (known.asked === asked) return known.answer;
    return Promise.resolve(err(fault('conflict', 'this idempotency key was used for another order; use a new one')));
  }
}
