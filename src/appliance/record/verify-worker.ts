/** The thread that verifies the log: reading and hashing all of it is not done where requests are decided. */

import { parentPort, workerData } from 'node:worker_threads';
import { parseVerifierKey } from '../../audit/signed-note.ts';
import { verifyLog } from '../../audit/verify.ts';

export interface VerifyOrder {
  readonly dir: string;
  /** C2SP verifier keys. */
  readonly keys: readonly string[];
}

if (parentPort === null) throw new Error('this is started as a thread');
const { dir, keys } = workerData as VerifyOrder;
const verifiers = keys.map((text) => {
  const key = parseVerifierKey(text);
  if (!key.ok) throw new Error(`a verifier key is not valid (${key.error})`);
  return key.value;
});
parentPort.postMessage(verifyLog(dir, { verifiers }));
