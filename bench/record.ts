/**
 * Durable decision records: group commit with fdatasync, at rising numbers of requests that wait at once, beside a file
 * that is appended to and synced once a record. `bin/node24 node bench/record.ts` prints JSON.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLog } from '../src/audit/log.ts';
import { decisionBody, logOptions, newSigner } from '../test/record/log-fixture.ts';
import { median, rounded, summary } from './measure.ts';

const ROUNDS = 3;
const dir = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'locktender-bench-'));
const bodies = Array.from({ length: 1000 }, (_, n) => decisionBody(n));
const body = (n: number) => bodies[n % bodies.length] as ReturnType<typeof decisionBody>;
const log = await openLog(logOptions(join(dir), newSigner(), { publishMs: 1000 }));
try {
  const strict = [];
  for (const waiting of [1, 16, 256, 2048]) strict.push(await records(waiting));
  const naive = await syncEach();
  process.stdout.write(`${JSON.stringify({ bytes: JSON.stringify(body(0)).length, strict, naive }, null, 2)}\n`);
} finally {
  await log.close();
  rmSync(dir, { recursive: true });
}

/** `waiting` requests at once, each waiting for its record before its next. */
async function records(waiting: number) {
  const count = Math.min(60_000, Math.max(1000, waiting * 40));
  const rates: number[] = [];
  let waits = new Float64Array(0);
  for (let round = 0; round < ROUNDS; round += 1) {
    waits = new Float64Array(count);
    let next = 0;
    const start = performance.now();
    const worker = async () => {
      while (next < count) {
        const n = next;
        next += 1;
        const from = performance.now();
        await log.record(body(n));
        waits[n] = performance.now() - from;
      }
    };
    await Promise.all(Array.from({ length: waiting }, worker));
    rates.push((count / (performance.now() - start)) * 1000);
  }
  return { waiting, perSecond: Math.round(median(rates)), waitMs: summary(waits, 1) };
}

async function syncEach() {
  const file = await open(join(dir, 'naive'), 'a');
  const count = 500;
  const start = performance.now();
  for (let n = 0; n < count; n += 1) {
    await file.write(`${JSON.stringify(body(n))}\n`);
    await file.datasync();
  }
  const perSecond = rounded((count / (performance.now() - start)) * 1000);
  await file.close();
  return { perSecond };
}
