import { appendFileSync, cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { decisionBody, logOptions, newSigner, verifierFor } from '../../../test/record/log-fixture.ts';
import { temporaryDir } from '../../../test/record/temporary-dir.ts';
import { type Files, nodeFiles } from '../../store/files.ts';
import { openLog } from '../log.ts';
import { leafHash } from '../merkle.ts';
import { inclusionProof } from '../proof.ts';
import { readEntries } from '../read.ts';
import { publishedCheckpoint } from '../recover.ts';
import { verifyLog } from '../verify.ts';
import { verifyProof } from '../verify-proof.ts';
import { Mirror } from './mirror.ts';
import { nextGoal, nextShipment } from './next-shipment.ts';
import { decodeShipment, encodeShipment, type Shipment, shipmentEnd } from './shipment.ts';

/** The order of writes is what counts here, not that they outlive the machine. */
const unsynced: Files = { ...nodeFiles, syncFile: async () => undefined, syncDirectory: async () => undefined };
const signer = newSigner();
const verifiers = [verifierFor(signer)];
const LIMITS = { entries: 100, bytes: 64 * 1024 };

/** A log of so many entries a checkpoint, and all that is shipped of it as it grows. */
async function logged(counts: readonly number[], limits = LIMITS, dir = temporaryDir()) {
  const shipments: Shipment[] = [];
  let from = publishedCheckpoint(dir, nodeFiles)?.size ?? 0;
  const log = await openLog(logOptions(dir, signer));
  for (const [i, count] of counts.entries()) {
    await Promise.all(Array.from({ length: count }, (_, n) => log.record(decisionBody(i * 1000 + n))));
    await log.publish();
    for (let goal = nextGoal(dir, from); goal !== null && from < goal.size; ) {
      const shipment = nextShipment(dir, from, { goal, limits });
      shipments.push(shipment);
      from = shipmentEnd(shipment);
    }
  }
  await log.close();
  return { dir, shipments, size: from };
}

const entriesOf = (dir: string) => [...readEntries(dir)].map(({ bytes }) => bytes.toString('utf8'));

async function takeAll(mirror: Mirror, shipments: readonly Uint8Array[]) {
  for (const bytes of shipments) {
    await mirror.take(bytes);
    await mirror.flush();
  }
}

describe('a mirror', () => {
  it('is the log that it is of: files, proofs and verification, over restarts of either', async () => {
    const { dir, shipments, size } = await logged([3, 250, 1, 700, 90]);
    const own = temporaryDir();
    for (const shipment of shipments) {
      const mirror = new Mirror({ dir: own, verifiers });
      // Each opened anew: what is not under a checkpoint comes again.
      for (const again of shipments.filter((s) => s.first >= mirror.state.size && s.first <= shipment.first)) {
        expect(await mirror.take(encodeShipment(again))).toMatchObject({ is: 'grown' });
      }
      await mirror.flush();
    }
    expect(entriesOf(own)).toEqual(entriesOf(dir));
    expect(readFileSync(join(own, 'checkpoint'), 'utf8')).toBe(readFileSync(join(dir, 'checkpoint'), 'utf8'));
    expect(verifyLog(own, { verifiers })).toMatchObject({ ok: true, size, checked: size });
    expect(readdirSync(join(own, 'tile/entries'))).toEqual(expect.arrayContaining(['000', '001', '002', '003']));
    for (const seq of [0, 255, 256, size - 1]) {
      expect(verifyProof(JSON.stringify(inclusionProof(own, seq)), verifiers)).toBeNull();
    }
  });

  it('takes shipments that overlap, of other sizes, and those that it has, and says so', async () => {
    const dir = temporaryDir();
    const { shipments } = await logged([300, 300], LIMITS, dir);
    const mirror = new Mirror({ dir: temporaryDir(), verifiers });
    await takeAll(mirror, shipments.slice(0, 3).map(encodeShipment));
    const goal = nextGoal(dir, 0);
    if (goal === null) throw new Error('no goal');
    const whole = nextShipment(dir, 0, { goal, limits: { entries: 10_000, bytes: 1e7 } });
    expect(await mirror.take(encodeShipment(whole))).toEqual({ is: 'grown', entries: 600 - mirrorSize(shipments, 3) });
    expect(await mirror.take(encodeShipment(whole))).toEqual({ is: 'known' });
    await mirror.flush();
    expect(mirror.state).toMatchObject({ size: 600, published: 600, signed: 600, fault: null });
  });

  it('refuses what another key signed, and what is no shipment, and goes on', async () => {
    const { shipments } = await logged([10, 10]);
    const mirror = new Mirror({ dir: temporaryDir(), verifiers: [verifierFor(newSigner())] });
    const refused = (kind: string) => ({ is: 'refused', fault: { kind } });
    expect(await mirror.take(encodeShipment(shipments[0] as Shipment))).toMatchObject(refused('foreign'));
    for (const bytes of [Buffer.alloc(0), Buffer.from('LTS1'), Buffer.alloc(64), Buffer.from('{"first":0}')]) {
      expect(await mirror.take(bytes)).toMatchObject(refused('malformed'));
    }
    expect(mirror.state).toEqual({ size: 0, published: 0, signed: 0, fault: null });
  });

  it('tells of a gap by the signed checkpoint itself, until what was missing has come', async () => {
    const { shipments, size } = await logged([50, 50, 50]);
    const own = temporaryDir();
    const mirror = new Mirror({ dir: own, verifiers });
    const [first, second, third] = shipments.map(encodeShipment) as [Buffer, Buffer, Buffer];
    await takeAll(mirror, [first, third]);
    const gap = { kind: 'gap', seq: 50, why: 'entries 50 to 99 have not come' };
    expect(mirror.state).toEqual({ size: 50, published: 50, signed: 150, fault: gap });
    expect(verifyLog(own, { verifiers })).toMatchObject({ ok: false, fault: { seq: 50, kind: 'truncated' } });
    const reopened = new Mirror({ dir: own, verifiers });
    expect(reopened.state.fault).toEqual(gap);
    await takeAll(reopened, [second, third]);
    expect(reopened.state).toEqual({ size, published: size, signed: size, fault: null });
    expect(verifyLog(own, { verifiers })).toMatchObject({ ok: true, size });
  });

  it('shows a fork, keeps what it had, and takes nothing more', async () => {
    const { shipments } = await logged([300, 10]);
    const other = await logged([300, 10]);
    for (const at of [0, 3]) {
      const own = temporaryDir();
      const mirror = new Mirror({ dir: own, verifiers });
      await takeAll(mirror, shipments.map(encodeShipment));
      expect(await mirror.take(encodeShipment(other.shipments[at] as Shipment))).toMatchObject({
        is: 'refused',
        fault: { kind: 'forked' },
      });
      expect(verifyLog(own, { verifiers })).toMatchObject({ ok: false, fault: { kind: 'forked' } });
      const reopened = new Mirror({ dir: own, verifiers });
      expect(reopened.state).toMatchObject({ size: 310, fault: { kind: 'forked' } });
      expect(await reopened.take(encodeShipment(shipments[0] as Shipment))).toMatchObject({ is: 'refused' });
    }
  });

  it('shows the fork of a node whose log was put back to an earlier time and went on from there', async () => {
    const dir = temporaryDir();
    const before = await logged([40], LIMITS, dir);
    const copy = temporaryDir();
    cpSync(dir, copy, { recursive: true });
    const went = await logged([60], LIMITS, dir);
    const mirror = new Mirror({ dir: temporaryDir(), verifiers });
    await takeAll(mirror, [...before.shipments, ...went.shipments].map(encodeShipment));
    expect(mirror.state).toMatchObject({ size: 100, fault: null });
    // It sends nothing of the sizes that are known, but goes beyond them in one.
    const put = await logged([200], { entries: 1000, bytes: 1e7 }, copy);
    await takeAll(mirror, put.shipments.map(encodeShipment));
    expect(mirror.state).toMatchObject({ size: 100, published: 100, fault: { kind: 'forked', seq: 40 } });
  });

  it('goes on with a node that was recovered after its journal was torn', async () => {
    const dir = temporaryDir();
    const before = await logged([40], LIMITS, dir);
    const [segment] = readdirSync(join(dir, 'journal'));
    appendFileSync(join(dir, 'journal', segment ?? ''), Buffer.from('LTJ1 torn'));
    const after = await logged([5], LIMITS, dir);
    const own = temporaryDir();
    await takeAll(new Mirror({ dir: own, verifiers }), [...before.shipments, ...after.shipments].map(encodeShipment));
    const seen = entriesOf(own).map((text) => (JSON.parse(text) as { type: string }).type);
    expect(seen).toHaveLength(46);
    expect(seen[40]).toBe('node.recovered');
    expect(verifyLog(own, { verifiers })).toMatchObject({ ok: true, size: 46 });
  });

  it('does not take hashes for entries, unless the record itself tells that they were pruned', async () => {
    const { shipments, size } = await logged([256, 10]);
    const own = temporaryDir();
    const mirror = new Mirror({ dir: own, verifiers });
    const hashed = shipments.flatMap((shipment): Shipment[] => {
      if (shipment.body.kind !== 'entries' || shipment.first >= 256) return [shipment];
      const hashes = shipment.body.entries.map((entry) => leafHash(entry));
      return [{ ...shipment, body: { kind: 'leaves', hashes } }];
    });
    const [last] = hashed.filter(({ first, body }) => body.kind === 'leaves' && first + 100 > 256);
    const honest = shipments.filter(({ first }) => first < (last?.first ?? 0));
    await takeAll(mirror, [...honest, last as Shipment, ...shipments.slice(-1)].map(encodeShipment));
    expect(mirror.state).toMatchObject({ published: 0, fault: { kind: 'altered', seq: 0 } });
    await takeAll(mirror, shipments.map(encodeShipment));
    expect(mirror.state).toEqual({ size, published: size, signed: size, fault: null });
    expect(verifyLog(own, { verifiers })).toMatchObject({ ok: true, checked: size });
  });
});

function mirrorSize(shipments: readonly Shipment[], taken: number): number {
  return shipmentEnd(shipments[taken - 1] as Shipment);
}

describe('whatever comes', () => {
  let source: Awaited<ReturnType<typeof logged>>;
  let texts: string[];
  let messages: Buffer[];
  beforeAll(async () => {
    source = await logged([7, 120, 260, 1, 130], { entries: 60, bytes: 1e6 });
    texts = entriesOf(source.dir);
    messages = source.shipments.map(encodeShipment);
  });

  const index = fc.nat({ max: 1000 });
  const whole = fc.record({ is: fc.constant('whole' as const), at: index });
  const flip = { at: index, byte: fc.nat(), bit: fc.nat({ max: 7 }) };
  const flipped = fc.record({ is: fc.constant('flipped' as const), ...flip });
  const cut = fc.record({ is: fc.constant('cut' as const), at: index, to: fc.nat() });
  const opened = fc.record({ is: fc.constant('opened' as const) });
  const delivery = fc.array(
    fc.oneof(
      { weight: 6, arbitrary: whole },
      { weight: 2, arbitrary: flipped },
      { weight: 1, arbitrary: cut },
      { weight: 1, arbitrary: opened },
    ),
    { maxLength: 25 },
  );
  type Delivery = typeof delivery extends fc.Arbitrary<(infer T)[]> ? T : never;

  /** What of a message comes, and whether that is all of it. */
  function arrived(one: Exclude<Delivery, { is: 'opened' }>): Buffer {
    const message = Buffer.from(messages[one.at % messages.length] as Buffer);
    if (one.is === 'cut') return message.subarray(0, one.to % message.length);
    if (one.is === 'flipped')
      message.writeUInt8(message.readUInt8(one.byte % message.length) ^ (1 << one.bit), one.byte % message.length);
    return message;
  }

  async function deliver(mirror: Mirror, dir: string, one: Exclude<Delivery, { is: 'opened' }>): Promise<void> {
    const shipment = source.shipments[one.at % messages.length] as Shipment;
    const ahead = one.is === 'whole' && shipment.first > mirror.state.size;
    const before = mirror.state;
    const taken = await mirror.take(arrived(one));
    // What is there already is not read once more: nothing comes of it.
    if (one.is === 'flipped' && shipmentEnd(shipment) <= before.size) expect(taken.is).not.toBe('grown');
    else expect(taken.is === 'refused').toBe(ahead || one.is !== 'whole');
    await mirror.flush();
    const { published, fault } = mirror.state;
    expect(fault?.kind).not.toBe('forked');
    if (ahead) expect(fault).not.toBeNull();
    if (published === before.published && fault === before.fault) return;
    expect(entriesOf(dir)).toEqual(texts.slice(0, published));
    const report = verifyLog(dir, { verifiers });
    expect(report.ok).toBe(fault === null);
    expect(report.fault?.seq ?? published).toBe(report.size);
  }

  it('is the same log or a gap that is told, in any order, twice, not at all, altered on the way', async () => {
    await fc.assert(
      fc.asyncProperty(delivery, async (deliveries) => {
        const options = { dir: temporaryDir(), verifiers, files: unsynced };
        let mirror = new Mirror(options);
        for (const one of deliveries) {
          if (one.is === 'opened') mirror = new Mirror(options);
          else await deliver(mirror, options.dir, one);
        }
        // What is sent again, in order, mends it.
        await takeAll(mirror, messages);
        expect(mirror.state).toEqual({
          size: texts.length,
          published: texts.length,
          signed: texts.length,
          fault: null,
        });
        expect(entriesOf(options.dir)).toEqual(texts);
        expect(verifyLog(options.dir, { verifiers })).toMatchObject({ ok: true, size: texts.length });
      }),
      {
        numRuns: 25,
        examples: [
          [
            [
              { is: 'whole', at: 0 },
              { is: 'flipped', at: 0, byte: 197, bit: 0 },
            ],
          ],
        ],
      },
    );
  });

  it('reads back what was written', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 9 }),
        fc.nat(),
        fc.string(),
        (entries, first, note) => {
          const shipment: Shipment = {
            first,
            body: { kind: 'entries', entries: entries.map((e) => Buffer.from(e)) },
            note,
            proof: [leafHash(Buffer.from('x'))],
          };
          const back = decodeShipment(encodeShipment(shipment));
          expect(back).toMatchObject({ ok: true, value: { first, note: Buffer.from(note).toString('utf8') } });
          if (back.ok) expect(encodeShipment(back.value)).toEqual(encodeShipment(shipment));
        },
      ),
    );
  });

  it('never throws at bytes that are none', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 400 }),
        (bytes) => void decodeShipment(Buffer.concat([Buffer.from('LTS1'), bytes])),
      ),
    );
  });
});
