/**
 * What the record takes on disk: bytes an event as entries, hashes and index, and what sealing leaves of it. Events are
 * decisions as the proxy records them, with ids and hashes that do not compress. `node bench/sizing.ts [events]`, JSON.
 */

import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLog } from '../src/audit/log.ts';
import { openQueryIndex } from '../src/audit/query.ts';
import { SEGMENT_ENTRIES, sealSegments } from '../src/audit/retention.ts';
import { decisionBody, logOptions, newSigner } from '../test/record/log-fixture.ts';

const EVENTS = Math.max(1, Math.round(Number(process.argv[2] ?? 131_072) / SEGMENT_ENTRIES)) * SEGMENT_ENTRIES;
const BATCH = 2048;

const dir = mkdtempSync(join(tmpdir(), 'locktender-sizing-'));
const audit = join(dir, 'audit');
const log = await openLog(logOptions(audit, newSigner(), { publishMs: 1000 }));
for (let n = 0; n < EVENTS; n += BATCH) {
  await Promise.all(Array.from({ length: BATCH }, (_, i) => log.record(decision(n + i))));
}
await log.close();
const entries = bytesUnder(join(audit, 'tile', 'entries'));
const hashes = bytesUnder(join(audit, 'tile')) - entries;
const index = openQueryIndex(audit, join(dir, 'index.sqlite'));
while (index.catchUp(EVENTS, 4096) > 0);
index.close();
const indexed = bytesUnder(dir) - bytesUnder(audit);
const started = performance.now();
await sealSegments({ dir: audit, size: EVENTS }, 0, EVENTS / SEGMENT_ENTRIES);
const sealMs = performance.now() - started;
const sealed = bytesUnder(join(audit, 'sealed'));
const each = (bytes: number) => Math.round((bytes / EVENTS) * 10) / 10;
process.stdout.write(
  `${JSON.stringify(
    {
      events: EVENTS,
      bytes_each: { entry: each(entries), hashes: each(hashes), index: each(indexed), sealed: each(sealed) },
      seal_ms_per_segment: Math.round(sealMs / (EVENTS / SEGMENT_ENTRIES)),
    },
    null,
    2,
  )}\n`,
);
rmSync(dir, { recursive: true });

/** Every path its own, as in life: its hash is what an event holds that does not compress. */
function decision(n: number): ReturnType<typeof decisionBody> {
  const body = decisionBody(n);
  if (body.type !== 'decision') throw new Error('not a decision');
  return { ...body, input: { ...body.input, path_hash: randomBytes(16).toString('hex') } };
}

function bytesUnder(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.size;
  return readdirSync(path).reduce((sum, name) => sum + bytesUnder(join(path, name)), 0);
}
