/**
 * A thread that works on the record beside the decisions: started again should it end by itself, since where it was is on disk.
 * What it logs and counts becomes ours.
 */

import { Worker } from 'node:worker_threads';
import type { Log, Meter } from '../../core/ports.ts';
import { threadEnvironment } from '../../guard/workers/thread-environment.ts';

type Labels = Readonly<Record<string, string>> | undefined;

/** What every such thread says. */
export type CommonNews =
  | { readonly say: 'count'; readonly name: string; readonly labels: Labels; readonly by: number }
  | { readonly say: 'set'; readonly name: string; readonly labels: Labels; readonly value: number }
  | { readonly say: 'log'; readonly level: keyof Log; readonly fields: object; readonly message: string };

export interface ThreadOptions<News> {
  /** Its file. */
  readonly url: URL;
  /** Plain data. */
  readonly order: unknown;
  /** For the log: "the forwarding thread". */
  readonly name: string;
  readonly log: Log;
  readonly meter: Meter;
  readonly hear: (news: News) => void;
}

const AGAIN_MS = 1000;
const STOP_MS = 5000;

/** It ends when it is told `stop`. */
export class RecordThread<News extends { readonly say: string }, Told> {
  readonly #options: ThreadOptions<News>;
  #worker: Worker;
  #again: NodeJS.Timeout | null = null;
  #closing = false;

  constructor(options: ThreadOptions<News>) {
    this.#options = options;
    this.#worker = this.#start();
  }

  tell(told: Told | 'stop'): void {
    this.#worker.postMessage(told);
  }

  async close(): Promise<void> {
    this.#closing = true;
    if (this.#again !== null) clearTimeout(this.#again);
    const worker = this.#worker;
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    const late = setTimeout(() => void worker.terminate(), STOP_MS);
    this.tell('stop');
    // One that has ended by itself says nothing any more.
    if (worker.threadId !== -1) await ended;
    clearTimeout(late);
  }

  #start(): Worker {
    const { url, order, name, log } = this.#options;
    const worker = new Worker(url, { workerData: order, env: threadEnvironment() });
    worker.on('message', (news: News | CommonNews) => this.#hear(news));
    worker.on('error', (error) => log.error({ error }, `${name} failed`));
    worker.on('exit', () => {
      if (this.#closing) return;
      this.#again = setTimeout(() => {
        this.#worker = this.#start();
      }, AGAIN_MS);
    });
    return worker;
  }

  #hear(news: News | CommonNews): void {
    const { log, meter, hear } = this.#options;
    if (!isCommon(news)) hear(news);
    else if (news.say === 'count') meter.count(news.name, news.labels, news.by);
    else if (news.say === 'set') meter.set(news.name, news.value, news.labels);
    else log[news.level](news.fields, news.message);
  }
}

function isCommon(news: { readonly say: string }): news is CommonNews {
  return news.say === 'count' || news.say === 'set' || news.say === 'log';
}
