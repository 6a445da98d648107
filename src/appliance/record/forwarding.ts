/**
 * Forwarding as the appliance has it: a thread of its own, so that no receiver, however slow, and no backlog, however long,
 * takes time from decisions. Should the thread end by itself it is started again; the cursors are on disk.
 */

import { Worker } from 'node:worker_threads';
import { threadEnvironment } from '../../guard/workers/thread-environment.ts';
import type { Core } from '../open-core.ts';
import type { ForwardNews, ForwardOrder, ForwardTold, ReceiverStatus } from './receivers.ts';

type Parts = Pick<Core, 'audit' | 'config' | 'log' | 'meter' | 'state' | 'version'>;

export interface Forwarding {
  status(): Promise<readonly ReceiverStatus[]>;
  close(): Promise<void>;
}

const AGAIN_MS = 1000;
const STOP_MS = 5000;
const ANSWER_MS = 5000;

export function startForwarding(parts: Parts): Forwarding {
  const { audit, config, state, version } = parts;
  const receivers = config.audit.forward;
  if (receivers.length === 0) return { status: async () => [], close: async () => undefined };
  const { origin, checkpoint_ms: pollMs } = config.audit;
  const documents = state.folder('documents');
  return new ForwardThread({ receivers, dir: audit.dir, documents, origin, version, pollMs }, parts);
}

class ForwardThread implements Forwarding {
  readonly #order: ForwardOrder;
  readonly #parts: Parts;
  readonly #asked = new Map<number, (receivers: readonly ReceiverStatus[]) => void>();
  #worker: Worker;
  #asks = 0;
  #again: NodeJS.Timeout | null = null;
  #closing = false;

  constructor(order: ForwardOrder, parts: Parts) {
    this.#order = order;
    this.#parts = parts;
    this.#worker = this.#start();
  }

  status(): Promise<readonly ReceiverStatus[]> {
    this.#asks += 1;
    const ask = this.#asks;
    return new Promise((resolve, reject) => {
      const late = () => {
        this.#asked.delete(ask);
        reject(new Error('the forwarding thread does not answer; see the log'));
      };
      const timer = setTimeout(late, ANSWER_MS);
      this.#asked.set(ask, (receivers) => {
        clearTimeout(timer);
        resolve(receivers);
      });
      this.#tell({ ask });
    });
  }

  async close(): Promise<void> {
    this.#closing = true;
    if (this.#again !== null) clearTimeout(this.#again);
    const worker = this.#worker;
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    const late = setTimeout(() => void worker.terminate(), STOP_MS);
    this.#tell('stop');
    // One that has ended by itself says nothing any more.
    if (worker.threadId !== -1) await ended;
    clearTimeout(late);
  }

  #tell(told: ForwardTold): void {
    this.#worker.postMessage(told);
  }

  #start(): Worker {
    const worker = new Worker(new URL('./forward-worker.ts', import.meta.url), {
      workerData: this.#order,
      env: threadEnvironment(),
    });
    worker.on('message', (news: ForwardNews) => this.#hear(news));
    worker.on('error', (error) => this.#parts.log.error({ error }, 'the forwarding thread failed'));
    worker.on('exit', () => {
      if (this.#closing) return;
      this.#again = setTimeout(() => {
        this.#worker = this.#start();
      }, AGAIN_MS);
    });
    return worker;
  }

  #hear(news: ForwardNews): void {
    const { log, meter } = this.#parts;
    if (news.say === 'count') meter.count(news.name, news.labels, news.by);
    else if (news.say === 'set') meter.set(news.name, news.value, news.labels);
    else if (news.say === 'log') log[news.level](news.fields, news.message);
    else {
      this.#asked.get(news.ask)?.(news.receivers);
      this.#asked.delete(news.ask);
    }
  }
}
