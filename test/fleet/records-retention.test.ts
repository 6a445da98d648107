import { existsSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { openRetention } from '../../src/appliance/record/retention.ts';
import { openLog } from '../../src/audit/log.ts';
import { Mirror } from '../../src/audit/mirror/mirror.ts';
import { retainMirror } from '../../src/audit/mirror/mirror-retention.ts';
import { nextGoal, nextShipment } from '../../src/audit/mirror/next-shipment.ts';
import { ShipCursorKeeper, shippedSizes } from '../../src/audit/mirror/ship-cursor.ts';
import { encodeShipment, type Shipment, shipmentEnd } from '../../src/audit/mirror/shipment.ts';
import { inclusionProof } from '../../src/audit/proof.ts';
import { readEntries } from '../../src/audit/read.ts';
import { SEGMENT_ENTRIES } from '../../src/audit/retention.ts';
import { verifyLog } from '../../src/audit/verify.ts';
import { openDocuments } from '../../src/store/documents.ts';
import { nodeFiles } from '../../src/store/files.ts';
import { decisionBody, handClock, logOptions, newSigner, silentLog, verifierFor } from '../record/log-fixture.ts';
import { temporaryDir } from '../record/temporary-dir.ts';

const common = { tenant: null, task: null } as const;
const LIMITS = { entries: 4096, bytes: 4e6 };
/** In the midst of a bundle, and before what is pruned ends. */
const EARLY = 1000;

/** What is shipped of a log from `from` on. */
function shipmentsFrom(dir: string, from: number): Shipment[] {
  const shipments: Shipment[] = [];
  const goal = nextGoal(dir, from);
  for (let at = from; goal !== null && at < goal.size; at = shipmentEnd(shipments.at(-1) as Shipment)) {
    shipments.push(nextShipment(dir, at, { goal, limits: LIMITS }));
  }
  return shipments;
}

describe('a node that pruned its log', () => {
  const signer = newSigner();
  const verifiers = [verifierFor(signer)];
  const dir = temporaryDir();
  const [early, whole] = [temporaryDir(), temporaryDir()];
  let size = 0;

  async function takeAll(own: string, from: number): Promise<Mirror> {
    const mirror = new Mirror({ dir: own, verifiers });
    for (const shipment of shipmentsFrom(dir, from)) {
      expect(await mirror.take(encodeShipment(shipment))).toMatchObject({ is: 'grown' });
    }
    await mirror.flush();
    return mirror;
  }

  beforeAll(async () => {
    const log = await openLog(logOptions(dir, signer, { durability: 'relaxed' }));
    const record = (count: number, from: number) =>
      Promise.all(
        Array.from({ length: count }, (_, i) =>
          log.record({ type: 'node.started', id: `e_${from + i}`, ...common, version: '0', runtime: 'test' }),
        ),
      );
    await record(EARLY, 0);
    await log.publish();
    await takeAll(early, 0);
    for (let n = EARLY; n < SEGMENT_ENTRIES + 300; n += 2000) await record(2000, n);
    await log.publish();
    const before = await takeAll(whole, 0);
    const documents = openDocuments(temporaryDir());
    await new ShipCursorKeeper(documents).write({ next: EARLY, root: null, through: 0, confirmed: EARLY });
    const retention = openRetention({
      ...{ audit: log, clock: handClock(Date.UTC(2030, 0, 1)), log: silentLog },
      ...{ sealAfterDays: 1, retentionDays: 1, verifiers: () => verifiers, forget: () => undefined },
      mirroredTo: () => shippedSizes(documents),
    });
    expect(await retention.run('test', 'test', null)).toMatchObject({ first_kept: SEGMENT_ENTRIES });
    await retention.stop();
    await log.record(decisionBody(1));
    await log.publish();
    size = log.head.size;
    await takeAll(whole, before.state.size);
    await log.close();
  }, 60_000);

  it('ships hashes for what is gone: a mirror that begins verifies, and says what it lacks', async () => {
    const own = temporaryDir();
    expect((await takeAll(own, 0)).state).toEqual({ size, published: size, signed: size, fault: null });
    const kept = size - SEGMENT_ENTRIES;
    expect(verifyLog(own, { verifiers })).toMatchObject({ ok: true, size, firstKept: SEGMENT_ENTRIES, checked: kept });
    expect([...readEntries(own, SEGMENT_ENTRIES)]).toHaveLength(kept);
    expect(inclusionProof(own, size - 1)).toEqual(inclusionProof(dir, size - 1));
    expect(new Mirror({ dir: own, verifiers }).state).toMatchObject({ size });
  });

  it('is followed from the midst of a bundle, and what the mirror had by then stays', async () => {
    expect((await takeAll(early, EARLY)).state).toMatchObject({ published: size, fault: null });
    expect(verifyLog(early, { verifiers })).toMatchObject({ ok: true, size, firstKept: SEGMENT_ENTRIES });
    expect(existsSync(join(early, 'tile/entries/002'))).toBe(true);
    expect(existsSync(join(early, 'tile/entries/003.p/232'))).toBe(true);
  });

  it('has what it pruned removed from its mirror, once that was there for the whole time', async () => {
    const year = Date.UTC(2030, 0, 1);
    const hour = 3_600_000;
    const order = { sealBefore: year, removeBefore: Date.now() - hour };
    expect(await retainMirror(whole, order, nodeFiles)).toEqual({ sealed: 1, removed: 0 });
    expect(verifyLog(whole, { verifiers })).toMatchObject({ ok: true, firstKept: 0, checked: size });
    const then = new Date(Date.now() - 2 * hour);
    utimesSync(join(whole, 'tile/1/000'), then, then);
    expect(await retainMirror(whole, order, nodeFiles)).toEqual({ sealed: 0, removed: SEGMENT_ENTRIES });
    expect(verifyLog(whole, { verifiers })).toMatchObject({ ok: true, firstKept: SEGMENT_ENTRIES });
    expect(existsSync(join(whole, 'sealed/0000000000.zst'))).toBe(false);
    expect(await retainMirror(whole, order, nodeFiles)).toEqual({ sealed: 0, removed: 0 });
  });
});
