import { appendFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { nextGoal, nextShipment } from '../../src/audit/mirror/next-shipment.ts';
import { encodeShipment, type Shipment } from '../../src/audit/mirror/shipment.ts';
import { readEntries } from '../../src/audit/read.ts';
import { verifyLog } from '../../src/audit/verify.ts';
import { recordsPlaces, recordsSubject } from '../../src/fleet/records/records-stream.ts';
import { nodeFiles } from '../../src/store/files.ts';
import { verifierFor } from '../record/log-fixture.ts';
import { temporaryDir } from '../record/temporary-dir.ts';
import { type NatsServer, startNats } from './nats-server.ts';
import { FLEET, RecordHub, RecordNode } from './record-parts.ts';

const ending: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

async function server(settings?: string): Promise<NatsServer> {
  const nats = await startNats(settings);
  ending.push(() => nats.remove());
  return nats;
}

async function nodeOf(name: string): Promise<RecordNode> {
  const node = new RecordNode(name, temporaryDir());
  ending.push(() => node.close());
  await node.open();
  return node;
}

function hubOf(...nodes: RecordNode[]): RecordHub {
  const hub = new RecordHub(nodes, temporaryDir());
  ending.push(() => hub.close());
  return hub;
}

const texts = (dir: string) => [...readEntries(dir)].map(({ bytes }) => bytes.toString('utf8'));
const within = { timeout: 40_000, interval: 30 };
const verified = (node: RecordNode, dir: string) => verifyLog(dir, { verifiers: [verifierFor(node.logSigner)] });

async function mirrored(hub: RecordHub, node: RecordNode, size: number): Promise<void> {
  await vi.waitFor(() => expect(hub.reportOf(node.node)).toMatchObject({ published: size, fault: null }), within);
  expect(texts(hub.dirOf(node.node))).toEqual(texts(node.dir));
  expect(verified(node, hub.dirOf(node.node))).toMatchObject({ ok: true, size, checked: size });
}

/** A client of NATS as its owner has it. */
async function owner(nats: NatsServer) {
  const client = await connect({ servers: nats.url });
  ending.push(() => client.close());
  const js = jetstream(client);
  const manager = await js.jetstreamManager();
  const publish = (node: string, bytes: Uint8Array) => js.publish(recordsSubject(FLEET, node), bytes);
  return { js, manager, publish };
}

function shipmentsOf(node: RecordNode, entries: number): Shipment[] {
  const shipments: Shipment[] = [];
  const goal = nextGoal(node.dir, 0);
  for (let from = 0; goal !== null && from < goal.size; ) {
    const shipment = nextShipment(node.dir, from, { goal, limits: { entries, bytes: 1e6 } });
    shipments.push(shipment);
    from += shipment.body.kind === 'entries' ? shipment.body.entries.length : 0;
  }
  return shipments;
}

describe('records of a fleet', () => {
  it('come to the hub as each node has them, over restarts of the node, of the hub and of NATS', async () => {
    const nats = await server();
    const [one, two] = [await nodeOf('node-1'), await nodeOf('node-2.eu')];
    const hub = hubOf(one, two);
    await hub.start(nats.url);
    one.ship(nats.url);
    two.ship(nats.url);
    await one.record(700);
    await two.record(3);
    await mirrored(hub, one, 700);
    await mirrored(hub, two, 3);

    await one.close();
    await one.open();
    one.ship(nats.url);
    await one.record(10);
    await mirrored(hub, one, 710);

    await hub.close();
    await one.record(300);
    await hub.start(nats.url);
    await mirrored(hub, one, 1010);

    await nats.kill();
    await one.record(1500);
    await vi.waitFor(
      () => expect(one.shipping?.status()).toMatchObject({ state: 'failing', lag_entries: 2510 }),
      within,
    );
    expect(one.log?.writable()).toBe(true);
    await nats.start();
    await mirrored(hub, one, 2510);
    await two.record(1);
    await mirrored(hub, two, 4);
  }, 90_000);

  it('go on from a log whose torn end was cut', async () => {
    const nats = await server();
    const node = await nodeOf('node-1');
    const hub = hubOf(node);
    await hub.start(nats.url);
    node.ship(nats.url);
    await node.record(20);
    await mirrored(hub, node, 20);
    await node.close();
    const [segment] = readdirSync(join(node.dir, 'journal'));
    appendFileSync(join(node.dir, 'journal', segment ?? ''), 'LTJ1 torn');
    await node.open();
    node.ship(nats.url);
    await node.record(5);
    await mirrored(hub, node, 26);
  });

  it('T-80 are told to lack what was dropped on the way, and have it once the node hears of that', async () => {
    const nats = await server();
    const node = await nodeOf('node-1');
    const hub = hubOf(node);
    node.ship(nats.url, 200);
    const { manager } = await owner(nats);
    const { stream, subjects } = recordsPlaces(FLEET);
    await manager.streams.add({ name: stream, subjects: [subjects] });
    const stored = (next: number) => vi.waitFor(() => expect(node.shipping?.status().next).toBe(next), within);
    await node.record(10);
    await stored(10);
    await node.record(10);
    await stored(20);
    await node.record(10);
    await stored(30);
    const { state } = await manager.streams.info(stream);
    await manager.streams.deleteMessage(stream, state.last_seq - 1);
    await hub.start(nats.url);
    const gap = { kind: 'gap', seq: 10, why: 'entries 10 to 19 have not come' };
    await vi.waitFor(
      () => expect(hub.reportOf('node-1')).toMatchObject({ published: 10, signed: 30, fault: gap }),
      within,
    );
    expect(verified(node, hub.dirOf('node-1'))).toMatchObject({ ok: false, fault: { seq: 10, kind: 'truncated' } });
    await vi.waitFor(async () => {
      await node.hear(hub);
      expect(hub.reportOf('node-1')).toMatchObject({ published: 30, fault: null });
    }, within);
    // On a slow machine more than once, before the first is there.
    expect(node.shipping?.status().resent).toBeGreaterThanOrEqual(20);
    await mirrored(hub, node, 30);
    await vi.waitFor(async () => {
      await node.hear(hub);
      expect(node.shipping?.status()).toMatchObject({ confirmed: 30, lag_entries: 0, state: 'current' });
    }, within);
  });

  it('T-80 are sent again when the last of them was dropped and nothing came after it', async () => {
    const nats = await server();
    const node = await nodeOf('node-1');
    const hub = hubOf(node);
    await hub.start(nats.url);
    node.ship(nats.url, 200);
    await node.record(10);
    await mirrored(hub, node, 10);
    await hub.close();
    await node.record(5);
    await vi.waitFor(() => expect(node.shipping?.status().next).toBe(15), within);
    const { manager } = await owner(nats);
    await manager.streams.purge(recordsPlaces(FLEET).stream);
    await hub.start(nats.url);
    await vi.waitFor(async () => {
      await node.hear(hub);
      // Its own word says that there is more than came.
      expect(hub.reportOf('node-1')).toMatchObject({ signed: 15 });
      expect(hub.reportOf('node-1')).toMatchObject({ published: 15, fault: null });
    }, within);
    await mirrored(hub, node, 15);
  });

  it('T-80 take nothing that whoever owns NATS altered, replayed, reordered, or took from another node', async () => {
    const nats = await server();
    const [node, other] = [await nodeOf('node-1'), await nodeOf('node-2')];
    const hub = hubOf(node, other);
    await hub.start(nats.url);
    await node.record(300);
    await other.record(300);
    const { publish, manager } = await owner(nats);
    await vi.waitFor(() => manager.streams.info(recordsPlaces(FLEET).stream), within);
    const own = shipmentsOf(node, 64).map(encodeShipment) as [Buffer, Buffer, Buffer, Buffer, Buffer];
    const foreign = shipmentsOf(other, 64).map(encodeShipment) as [Buffer, Buffer];
    const altered = Buffer.from(own[0]);
    altered.writeUInt8(altered.readUInt8(altered.length - 9) ^ 1, altered.length - 9);
    for (const bytes of [altered, foreign[0], Buffer.from('nonsense'), own[0], own[2], own[0], foreign[1], own[1]]) {
      await publish('node-1', bytes);
    }
    await publish('nobody', own[0]);
    const told = { size: 128, published: 0, refused: 5, fault: { kind: 'altered', seq: 0 } };
    await vi.waitFor(() => expect(hub.reportOf('node-1')).toMatchObject(told), within);
    expect(hub.reportOf('node-2')).toMatchObject({ size: 0, refused: 0, fault: null });
    for (const bytes of own.slice(2)) await publish('node-1', bytes);
    await mirrored(hub, node, 300);
  });

  it('T-80 show a node whose log went on from an earlier state', async () => {
    const nats = await server();
    const node = await nodeOf('node-1');
    const hub = hubOf(node);
    await hub.start(nats.url);
    node.ship(nats.url);
    await node.record(10);
    await mirrored(hub, node, 10);
    await node.close();
    const again = new RecordNode('node-1', temporaryDir());
    Object.assign(again, { logSigner: node.logSigner });
    ending.push(() => again.close());
    await again.open();
    await again.record(12);
    again.ship(nats.url);
    await vi.waitFor(() => expect(hub.reportOf('node-1')?.fault?.kind).toBe('forked'), within);
    expect(hub.reportOf('node-1')).toMatchObject({ published: 10 });
    expect(texts(hub.dirOf('node-1'))).toEqual(texts(node.dir));
    expect(verified(node, hub.dirOf('node-1'))).toMatchObject({ ok: false });
    await again.hear(hub);
    expect(again.shipping?.status()).toMatchObject({
      state: 'refused',
      why: 'the hub holds another history of this log',
    });
  });

  it('are taken once the disk of the hub has room again', async () => {
    const nats = await server();
    const node = await nodeOf('node-1');
    const hub = hubOf(node);
    let full = true;
    const files = {
      ...nodeFiles,
      write: (to: string, data: Uint8Array) =>
        full && to.includes('/fleet/') ? Promise.reject(new Error('ENOSPC')) : nodeFiles.write(to, data),
    };
    await hub.start(nats.url).then(() => hub.close());
    await hub.start(nats.url, { files });
    node.ship(nats.url);
    await node.record(600);
    await vi.waitFor(() => expect(node.shipping?.status().next).toBe(600), within);
    expect(hub.reportOf('node-1')).toMatchObject({ published: 0 });
    full = false;
    await mirrored(hub, node, 600);
  });

  it('are shipped by small messages to a server that takes no larger ones', async () => {
    const nats = await server('max_payload: 16384');
    const node = await nodeOf('node-1');
    const hub = hubOf(node);
    await hub.start(nats.url);
    node.ship(nats.url);
    await node.record(300);
    await mirrored(hub, node, 300);
  });
});
