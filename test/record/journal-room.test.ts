/** T-81 room that the journal makes ahead of its batches: never taken for entries, nor for what a crash tore. */

import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type AuditLog, openLog } from '../../src/audit/log.ts';
import { readEntries } from '../../src/audit/read.ts';
import { verifyLog } from '../../src/audit/verify.ts';
import { decisionBody, logOptions, newSigner, verifierFor } from './log-fixture.ts';
import { temporaryDir } from './temporary-dir.ts';

const signer = newSigner();
const verifiers = [verifierFor(signer)];

function segment(dir: string): string {
  return join(dir, 'journal', readdirSync(join(dir, 'journal')).sort().at(-1) ?? '');
}

/** Offset behind the last byte that is not zero. */
function used(path: string): number {
  const bytes = readFileSync(path);
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return end;
}

/** Commits one after another, quickly, until there is room; how many entries that took. */
async function fill(log: AuditLog, dir: string): Promise<number> {
  let n = 0;
  const hasRoom = () => statSync(segment(dir)).size > used(segment(dir)) + 1_000;
  for (; n < 20_000 && !hasRoom(); n += 1) await log.record(decisionBody(n));
  expect(hasRoom()).toBe(true);
  return n;
}

it('stands when batches come fast, is read as nothing, and goes back when it is quiet', async () => {
  const dir = temporaryDir();
  // Never published: everything is in the journal alone.
  const log = await openLog(logOptions(dir, signer, { publishMs: 3_600_000 }));
  const entries = await fill(log, dir);
  const crashed = temporaryDir();
  cpSync(dir, crashed, { recursive: true });
  expect(verifyLog(crashed, { verifiers })).toMatchObject({ ok: true, journalled: entries, tornBytes: 0 });
  const torn = temporaryDir();
  cpSync(dir, torn, { recursive: true });
  const end = used(segment(torn));
  const bytes = readFileSync(segment(torn));
  // A batch of which one sector reached the disk.
  bytes.copy(bytes, end, 0, 300);
  writeFileSync(segment(torn), bytes);
  expect(verifyLog(torn, { verifiers })).toMatchObject({ journalled: entries, tornBytes: expect.any(Number) });
  expect(verifyLog(torn, { verifiers }).tornBytes).toBeGreaterThan(0);
  for (const [at, recovered] of [
    [crashed, 0],
    [torn, expect.any(Number)],
  ] as const) {
    const again = await openLog(logOptions(at, signer));
    await again.close();
    const last = JSON.parse([...readEntries(at)].at(-1)?.bytes.toString() ?? '{}');
    expect(last).toMatchObject({ type: 'node.recovered', truncated_bytes: recovered, entries });
    expect(verifyLog(at, { verifiers })).toMatchObject({ ok: true, size: entries + 1 });
  }
  await expect.poll(() => statSync(segment(dir)).size - used(segment(dir)), { timeout: 5_000 }).toBe(0);
  await log.record(decisionBody(1));
  await log.close();
  expect(verifyLog(dir, { verifiers })).toMatchObject({ ok: true, size: entries + 1 });
});
