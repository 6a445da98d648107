import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { decisionBody, handClock, logOptions, newSigner, verifierFor } from '../../test/record/log-fixture.ts';
import { temporaryDir } from '../../test/record/temporary-dir.ts';
import type { EventBody } from '../core/event.ts';
import { type Files, nodeFiles } from '../store/files.ts';
import { openLog } from './log.ts';
import { readEntries } from './read.ts';
import { verifyLog } from './verify.ts';

const NEVER = new Promise<never>(() => undefined);
const isTile = (path: string): boolean => path.includes('/tile/');
const BATCH = 'locktender_log_batch_entries';

describe('the log', () => {
  it('numbers events in the order they were handed over and keeps them over a restart', async () => {
    const dir = temporaryDir();
    const signer = newSigner();
    const verifiers = [verifierFor(signer)];
    let expected = 0;
    for (const count of [3, 255, 1, 700]) {
      const log = await openLog(logOptions(dir, signer));
      expect(log.head.size).toBe(expected);
      const receipts = await Promise.all(Array.from({ length: count }, (_, i) => log.record(decisionBody(i))));
      expect(receipts.map((r) => r.seq)).toEqual(Array.from({ length: count }, (_, i) => expected + i));
      expected += count;
      await log.close();
      const report = verifyLog(dir, { verifiers });
      expect(report).toMatchObject({ ok: true, fault: null, size: expected, checked: expected, journalled: 0 });
    }
    const seqs = [...readEntries(dir)].map((e) => e.seq);
    expect(seqs).toEqual(Array.from({ length: expected }, (_, i) => i));
    expect([...readEntries(dir, 250, 260)].map((e) => JSON.parse(e.bytes.toString()).v)).toEqual(Array(10).fill(1));
    expect(readdirSync(join(dir, 'journal'))).toHaveLength(1);
  });

  it('keeps acknowledged entries when the process ends without closing, and records the recovery', async () => {
    const dir = temporaryDir();
    const signer = newSigner();
    // It does nothing more, as a process that has ended: what it still wrote would come between what the next one writes.
    const files: Files = { ...nodeFiles, write: (to, data) => (isTile(to) ? NEVER : nodeFiles.write(to, data)) };
    const abandoned = await openLog(logOptions(dir, signer, { files }));
    await Promise.all(Array.from({ length: 300 }, (_, i) => abandoned.record(decisionBody(i))));
    expect(verifyLog(dir, { verifiers: [verifierFor(signer)] })).toMatchObject({ ok: true, journalled: 300 });
    expect([...readEntries(dir)]).toHaveLength(300);

    const log = await openLog(logOptions(dir, signer));
    expect(log.head.size).toBe(301);
    await log.close();
    const last = JSON.parse([...readEntries(dir, 300)][0]?.bytes.toString() ?? '');
    expect(last).toMatchObject({ type: 'node.recovered', entries: 300, truncated_bytes: 0, node: 'test-node' });
    expect(verifyLog(dir, { verifiers: [verifierFor(signer)] }).ok).toBe(true);
  });

  it('commits closes that nothing else is recorded with: within the window, and at the end', async () => {
    const close = (n: number): EventBody => ({
      ...{ type: 'flow.closed', id: `f_${n}`, tenant: 'acme', task: 't_1', decision: `d_${n}`, cause: 'completed' },
      ...{ change: null, reason: null, status: 200, bytes_up: 1, bytes_down: 2, duration_ms: 3 },
    });
    const log = await openLog(logOptions(temporaryDir(), newSigner(), { windowMs: 2 }));
    expect(await log.record(close(1))).toEqual({ seq: 0 });
    expect(await Promise.all([log.record(decisionBody(1)), log.record(close(2))])).toEqual([{ seq: 1 }, { seq: 2 }]);
    expect(await log.record(close(3))).toEqual({ seq: 3 });
    const last = log.record(close(4));
    await log.close();
    expect(await last).toEqual({ seq: 4 });
  });

  it('lets a patient record share the commit of one behind it, and keeps it no longer than it is patient', async () => {
    let commits = 0;
    const meter = { count: () => {}, set: () => {}, observe: (name: string) => (commits += Number(name === BATCH)) };
    const log = await openLog({ ...logOptions(temporaryDir(), newSigner()), meter });
    commits = 0;
    const patient = log.record(decisionBody(1), 60_000);
    const settled = await Promise.race([patient, new Promise((r) => setTimeout(r, 30, 'waits'))]);
    expect([settled, commits]).toEqual(['waits', 0]);
    expect(await Promise.all([patient, log.record(decisionBody(2))])).toEqual([{ seq: 0 }, { seq: 1 }]);
    expect(commits).toBe(1);
    expect(await log.record(decisionBody(3), 5)).toEqual({ seq: 2 });
    const behind = log.record(decisionBody(4), 60_000);
    expect(await log.record(decisionBody(5), 5)).toEqual({ seq: 4 });
    expect([await behind, commits]).toEqual([{ seq: 3 }, 3]);
    await log.close();
  });

  it('makes one commit of what a busy loop brings turn by turn, while much comes', async () => {
    let [commits, now, busy] = [0, 0, true];
    const meter = { count: () => {}, set: () => {}, observe: (name: string) => (commits += Number(name === BATCH)) };
    // A disk that is as quick as can be would have a commit for each few turns.
    const files: Files = {
      ...nodeFiles,
      open: async (path, durable) => Object.assign(await nodeFiles.open(path, durable), { write: async () => {} }),
    };
    const clock = { ...handClock(), monotonic: () => now };
    const log = await openLog({ ...logOptions(temporaryDir(), newSigner(), { files, clock }), meter });
    for (now = 1; now < 20; now += 1) {
      await Promise.all(Array.from({ length: 20 }, (_, i) => log.record(decisionBody(i))));
    }
    commits = 0;
    const { port1, port2 } = new MessageChannel();
    port2.on('message', () => busy && port1.postMessage(null));
    port1.postMessage(null);
    const told: Promise<unknown>[] = [];
    for (let n = 0; n < 20; n += 1) {
      told.push(log.record(decisionBody(n)));
      await setImmediate();
    }
    busy = false;
    await Promise.all(told);
    port1.close();
    expect(commits).toBeLessThanOrEqual(2);
    await log.close();
  });

  it('writes a checkpoint in the form of a signed note', async () => {
    const dir = temporaryDir();
    const log = await openLog(logOptions(dir, newSigner()));
    await log.record(decisionBody(1));
    await log.close();
    const note = readFileSync(join(dir, 'checkpoint'), 'utf8');
    expect(note).toMatch(/^log\.example\/gate\n1\n[A-Za-z0-9+/]{43}=\n\n— log\.example\/gate [A-Za-z0-9+/]+=*\n$/);
  });
});
