/**
 * What one isolate asked for that takes a thread of the host: one job at a time, in order, so that the promises of a task
 * take one thread and no more. What they take counts as CPU time of the task.
 */

export interface JobReply {
  readonly json: string;
  readonly bytes: Uint8Array;
  /** The most that it can have taken, where that is known. */
  readonly mostMs: number;
}

interface Job {
  readonly size: number;
  /** Never rejects. */
  readonly run: () => Promise<JobReply>;
  readonly answer: (reply: JobReply) => void;
}

/** Those that wait, and the bytes that they hold. */
const MOST = 2000;
const MOST_BYTES = 32 * 1024 * 1024;

export class HostJobs {
  readonly #waiting: Job[] = [];
  #held = 0;
  #spentMs = 0;
  /** When the one that runs began. */
  #since: number | null = null;
  #running: Promise<void> = Promise.resolve();
  #over = false;

  /** False when too much waits, or the task is over. */
  add(job: Job): boolean {
    if (this.#over || this.#waiting.length >= MOST || this.#held + job.size > MOST_BYTES) return false;
    this.#held += job.size;
    this.#waiting.push(job);
    if (this.#since === null) this.#running = this.#runAll();
    return true;
  }

  /** That which runs included. */
  spentMs(): number {
    return this.#spentMs + (this.#since === null ? 0 : performance.now() - this.#since);
  }

  /** What waits is forgotten. What runs cannot be stopped: gives when it is over, null when nothing runs. */
  end(): Promise<void> | null {
    this.#over = true;
    this.#waiting.length = 0;
    return this.#since === null ? null : this.#running;
  }

  async #runAll(): Promise<void> {
    for (let job = this.#waiting.shift(); job !== undefined; job = this.#waiting.shift()) {
      const from = performance.now();
      this.#since = from;
      const reply = await job.run();
      // By the clock, as the threads of a pool do not tell what each job took; a short one mostly waits for its thread.
      this.#spentMs += Math.min(performance.now() - from, reply.mostMs);
      this.#since = null;
      this.#held -= job.size;
      job.answer(reply);
    }
  }
}
