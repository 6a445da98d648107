/**
 * A process that records as fast as it can and is killed at any instant. It prints the id of every acknowledged event,
 * so whoever killed it knows what must be there. Arguments: directory, private key (PKCS 8, base64), run.
 */

import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { writeSync } from 'node:fs';
import { openLog } from '../../src/audit/log.ts';
import { decisionBody, logOptions } from './log-fixture.ts';

const [dir = '', key = '', run = '0'] = process.argv.slice(2);
const privateKey = createPrivateKey({ key: Buffer.from(key, 'base64'), format: 'der', type: 'pkcs8' });
const publicKey = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32);
const signer = { name: 'log.example/gate', publicKey, sign: (m: Uint8Array) => sign(null, m, privateKey) };

const log = await openLog(logOptions(dir, signer, { publishMs: 5, keepMs: 20, segmentBytes: 100_000 }));
writeSync(1, 'ready\n');
let n = 0;
async function record(): Promise<void> {
  for (;;) {
    const body = decisionBody(n, { id: `d_${run}_${n}` });
    n += 1;
    await log.record(body);
    writeSync(1, `${body.id}\n`);
  }
}
await Promise.all(Array.from({ length: 32 }, record));
