import { expect, it, vi } from 'vitest';
import {
  decisionBody,
  logOptions,
  newSigner,
  noMeter,
  silentLog,
  verifierFor,
} from '../../../test/record/log-fixture.ts';
import { temporaryDir } from '../../../test/record/temporary-dir.ts';
import { openDocuments } from '../../store/documents.ts';
import { systemClock } from '../../telemetry/system-clock.ts';
import { openLog } from '../log.ts';
import { Mirror } from './mirror.ts';
import { Shipper } from './shipper.ts';

it('T-80 what a stream stored before what it follows is sent once more, and comes to the mirror without being asked for', async () => {
  const [dir, documents, signer] = [temporaryDir(), openDocuments(temporaryDir()), newSigner()];
  const log = await openLog(logOptions(dir, signer));
  await Promise.all(Array.from({ length: 300 }, (_, n) => log.record(decisionBody(n))));
  await log.publish();
  // As JetStream keeps them: in the order in which they came, each by its id once.
  const stored = new Map<string, Uint8Array>();
  let first = true;
  const shipper = new Shipper({
    ...{ dir, documents, clock: systemClock, log: silentLog, meter: noMeter },
    ...{ pollMs: 5, window: 8, backoffMs: 5, maxBackoffMs: 5, resendMs: 60_000 },
    limits: () => ({ entries: 100, bytes: 64 * 1024 }),
    send: async (bytes, id) => {
      if (first) {
        first = false;
        throw new Error('no stream yet');
      }
      if (!stored.has(id)) stored.set(id, bytes);
    },
  });
  shipper.start();
  await vi.waitFor(() => expect(shipper.status()).toMatchObject({ state: 'current', next: 300 }), 10_000);
  await shipper.close();
  await log.close();
  expect(shipper.status().failures).toBe(1);
  const mirror = new Mirror({ dir: temporaryDir(), verifiers: [verifierFor(signer)] });
  for (const bytes of stored.values()) await mirror.take(bytes);
  await mirror.flush();
  expect(mirror.state).toMatchObject({ size: 300, published: 300, fault: null });
});
