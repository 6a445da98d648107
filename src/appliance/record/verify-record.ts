/** "Verify now": the whole log, by its public keys, in a thread of its own. */

import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { RecordDesk } from '../../admin/ports.ts';
import type { VerifyReport } from '../../audit/verify.ts';
import type { Clock } from '../../core/ports.ts';
import { threadEnvironment } from '../../guard/workers/thread-environment.ts';
import type { VerifyOrder } from './verify-worker.ts';

export interface VerifyParts {
  readonly dir: string;
  /** `log-keys.txt`: a verifier key a line. */
  readonly keysFile: string;
  readonly clock: Clock;
}

/** Whoever asks while one runs gets the answer of that one. */
export function verifyRecord({ dir, keysFile, clock }: VerifyParts): RecordDesk['verify'] {
  let running: ReturnType<RecordDesk['verify']> | null = null;
  const run = async () => {
    const began = clock.monotonic();
    const keys = readFileSync(keysFile, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
    const { firstKept, ...report } = await inThread({ dir, keys });
    const { ok, fault, size, journalled, checked, bytes, root, checkpoints } = report;
    const witnesses = report.witnesses.map(({ name }) => name);
    const took = clock.monotonic() - began;
    return {
      ...{ ok, fault, size, journalled, checked, first_kept: firstKept, bytes, root, checkpoints, witnesses },
      took_ms: took,
    };
  };
  return () => {
    running ??= run().finally(() => {
      running = null;
    });
    return running;
  };
}

function inThread(order: VerifyOrder): Promise<VerifyReport> {
  const worker = new Worker(new URL('./verify-worker.ts', import.meta.url), {
    workerData: order,
    env: threadEnvironment(),
  });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('the thread that verifies ended without an answer')));
  });
}
