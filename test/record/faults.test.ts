import { describe, expect, it } from 'vitest';
import { AuditUnavailable } from '../../src/audit/audit-unavailable.ts';
import { openLog } from '../../src/audit/log.ts';
import { readEntries } from '../../src/audit/read.ts';
import { verifyLog } from '../../src/audit/verify.ts';
import { type Fault, FaultyFiles, STEPS } from './faulty-files.ts';
import { decisionBody, handClock, logOptions, newSigner, verifierFor } from './log-fixture.ts';
import { temporaryDir } from './temporary-dir.ts';

const CASES: Fault[] = STEPS.flatMap((step) =>
  ['ENOSPC', 'EIO'].flatMap((code) => [false, true].map((persisted) => ({ step, code, persisted }))),
);
for (const short of [0, 0.3, 0.99]) {
  CASES.push({ step: 'write:journal', code: 'SHORT_WRITE', persisted: false, short });
}

async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const idOf = (bytes: Buffer): string => JSON.parse(bytes.toString()).id;

describe('T-81 a failing disk', () => {
  it.each(CASES)(
    '$code at $step (persisted: $persisted, short: $short): denies, heals, loses nothing',
    async (fault) => {
      const dir = temporaryDir();
      const signer = newSigner();
      const files = new FaultyFiles();
      // Small segments, so that new ones are begun all the time.
      const options = logOptions(dir, signer, { files, publishMs: 10, probeMs: 4, segmentBytes: 20_000 });
      const log = await openLog(options);
      const acknowledged = new Set<string>();
      const attempt = async (n: number) => {
        const body = decisionBody(n);
        try {
          await log.record(body);
          acknowledged.add(body.id);
        } catch (error) {
          expect(error).toBeInstanceOf(AuditUnavailable);
        }
      };
      await Promise.all(Array.from({ length: 300 }, (_, i) => attempt(i)));
      expect(acknowledged.size).toBe(300);

      for (let round = 0; round < 2; round += 1) {
        files.fault = fault;
        const strikes = files.struck;
        for (let i = 0; log.writable() && i < 1000; i += 1) {
          await Promise.all([attempt(i), attempt(i)]);
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
        expect(files.struck).toBeGreaterThan(strikes);
        expect(log.writable()).toBe(false);
        await expect(log.record(decisionBody(1))).rejects.toThrow(/the record cannot be written/);
        files.fault = null;
        await until(() => log.writable());
        await attempt(round);
      }

      const crashed = verifyLog(dir, { verifiers: [verifierFor(signer)] });
      expect(crashed.fault).toBeNull();
      await log.close();

      const again = await openLog(options);
      await again.close();
      const report = verifyLog(dir, { verifiers: [verifierFor(signer)] });
      expect(report).toMatchObject({ ok: true, fault: null });
      const ids = [...readEntries(dir)].map((entry) => idOf(entry.bytes));
      expect(new Set(ids).size).toBe(ids.length);
      for (const id of acknowledged) expect(ids).toContain(id);
    },
  );

  it('keeps what has already happened and writes it when the disk heals', async () => {
    const dir = temporaryDir();
    const files = new FaultyFiles();
    const log = await openLog(logOptions(dir, newSigner(), { files, probeMs: 4 }));
    files.fault = { step: 'write:journal', code: 'ENOSPC', persisted: false };
    await expect(log.record(decisionBody(1))).rejects.toThrow(AuditUnavailable);
    const closed = {
      type: 'flow.closed',
      id: 'e_CLOSED',
      tenant: 'a',
      task: 't',
      decision: 'd_1',
      cause: 'completed',
      change: null,
      reason: null,
      status: 200,
      bytes_up: 1,
      bytes_down: 2,
      duration_ms: 3,
    } as const;
    await expect(log.record(closed)).rejects.toThrow(AuditUnavailable);
    files.fault = null;
    await until(() => log.writable());
    await log.record(decisionBody(2));
    await log.close();
    expect([...readEntries(dir)].map((entry) => idOf(entry.bytes))).toContain('e_CLOSED');
  });

  it('denies while the disk hangs, and goes on when it returns', async () => {
    let hang: (() => void) | null = null;
    const slow = new FaultyFiles();
    const slowOpen = slow.open.bind(slow);
    let hanging = false;
    slow.open = async (path, durable) => {
      const file = await slowOpen(path, durable);
      const wait = () =>
        hanging
          ? new Promise<void>((resolve) => {
              hang = resolve;
            })
          : Promise.resolve();
      return { ...file, write: (data, at) => wait().then(() => file.write(data, at)) };
    };
    const log = await openLog(logOptions(temporaryDir(), newSigner(), { files: slow, stallMs: 20 }));
    hanging = true;
    await expect(log.record(decisionBody(1))).rejects.toThrow(/stalled/);
    expect(log.writable()).toBe(false);
    hanging = false;
    await until(() => hang !== null);
    (hang as unknown as () => void)();
    await until(() => log.writable());
    expect(await log.record(decisionBody(2))).toEqual({ seq: 1 });
    await log.close();
  });

  it('heals by one recovery at a time, also when tiles fail again while the journal is slow', async () => {
    const dir = temporaryDir();
    const signer = newSigner();
    const files = new FaultyFiles();
    const open = files.open.bind(files);
    let [opening, most] = [0, 0];
    files.open = async (path, durable) => {
      opening += 1;
      most = Math.max(most, opening);
      await new Promise((resolve) => setTimeout(resolve, 20));
      opening -= 1;
      return open(path, durable);
    };
    const log = await openLog(logOptions(dir, signer, { files, publishMs: 2, probeMs: 1 }));
    for (let round = 0; round < 4; round += 1) {
      await log.record(decisionBody(round));
      files.fault = { step: 'write:tile', code: 'EIO', persisted: true };
      await until(() => !log.writable());
      const seen = files.struck;
      await until(() => files.struck > seen + 6);
      files.fault = null;
      await until(() => log.writable());
    }
    expect(most).toBe(1);
    await log.close();
    await (await openLog(logOptions(dir, signer))).close();
    expect(verifyLog(dir, { verifiers: [verifierFor(signer)] })).toMatchObject({ ok: true, size: 4 });
  });

  it('keeps its order when the clock jumps back and forth', async () => {
    const dir = temporaryDir();
    const signer = newSigner();
    const clock = handClock();
    const log = await openLog(logOptions(dir, signer, { clock }));
    for (const jump of [0, 86_400_000, -86_400_000 * 365, 3_600_000, 0]) {
      clock.set(Date.UTC(2026, 10, 23) + jump);
      await log.record(decisionBody(1));
    }
    await log.close();
    expect(verifyLog(dir, { verifiers: [verifierFor(signer)] })).toMatchObject({ ok: true, size: 5 });
  });
});
