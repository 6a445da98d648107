/** A guard worker as a thread of this process. */

import { Worker } from 'node:worker_threads';
import type { Thread } from './guard-workers.ts';
import { threadEnvironment } from './thread-environment.ts';
import type { WorkerAsk, WorkerSay, WorkerSetup } from './worker-talk.ts';

/** Of its own heap; what it decodes is bounded by the limits of layers and bodies. */
const HEAP_MB = 256;

export function startThread(setup: WorkerSetup): Thread {
  const worker = new Worker(new URL('./guard-worker.ts', import.meta.url), {
    workerData: setup,
    env: threadEnvironment(),
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
  });
  worker.unref();
  let why = 'unknown';
  // An error ends it, and its end is heard. What it says may quote a body.
  worker.on('error', (error: NodeJS.ErrnoException) => {
    why = error.code ?? error.name;
  });
  return {
    postMessage: (ask: WorkerAsk, give) => worker.postMessage(ask, give),
    onSay: (hear) => void worker.on('message', (said: WorkerSay) => hear(said)),
    onEnd: (ended) => void worker.once('exit', () => ended(why)),
    hold: (isBusy) => (isBusy ? worker.ref() : worker.unref()),
    terminate: () => void worker.terminate(),
  };
}
