/** A member that does not hear its hub, and one that hears somebody else: it denies, and never goes back (T-82). */

import { generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Kvm } from '@nats-io/kv';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startAppliance } from '../../src/appliance/start-appliance.ts';
import { open, parseNodeKey, seal } from '../../src/fleet/envelope.ts';
import { orderSchema, placesOf } from '../../src/fleet/messages.ts';
import { answer, type Lab } from '../proxy/lab.ts';
import { endless, type FleetLab, type FleetOrder, LONG, type Member, openFleetLab } from './fleet-lab.ts';

const WHY = { why: 'a drill' };
const PLACES = placesOf('main');

type Small = FleetLab & { readonly one: Member };

async function openSmall(order: Partial<FleetOrder> = {}): Promise<Small> {
  const fleet = await openFleetLab({ members: ['node-1'], ...order });
  const [one] = fleet.members;
  if (!one) throw new Error('no member');
  return { ...fleet, one };
}

let fleet: Small;
let nats: NatsConnection;

beforeAll(async () => {
  fleet = await openSmall({ hub: { 'fleet.confirm_ms': '300' } });
  nats = await connect({ servers: fleet.nats.url, maxReconnectAttempts: -1 });
}, 120_000);

afterAll(async () => {
  await nats?.close();
  await fleet?.close();
}, 60_000);

const plainly = (hub: Lab) => {
  hub.script = (socket) => socket.end(answer('hello', 'Connection: close\r\n'));
};

const latest = async (nats: NatsConnection) => {
  const bucket = await new Kvm(nats).open(PLACES.orders);
  return (await bucket.get(PLACES.orderKey))?.value ?? new Uint8Array();
};

const stale = (member: Member, pass: string) =>
  vi.waitFor(async () => expect(await member.get(pass)).toBe('503 controls_stale'), LONG);

describe('a member that is kept from its hub (T-82)', () => {
  it('denies everything and cuts what lives once its lease is over, and resumes', () => partition(fleet), 60_000);

  describe('with egress workers', () => {
    let other: Small;
    beforeAll(async () => {
      other = await openSmall({ more: { workers: '2' } });
    }, 60_000);
    afterAll(() => other?.close(), 60_000);

    it('does so', () => partition(other), 60_000);

    it('takes no pass of a hub that began anew without its key, also one that a worker knew (T-49)', async () => {
      const { hub, one } = other;
      const pass = hub.passes.read;
      expect(await one.get(pass)).toBe('200');
      const { config, roots, clock, log, state } = hub.appliance.core;
      await hub.appliance.stop(0);
      rmSync(join(state.folder('documents'), 'fleet-hub.json'));
      rmSync(join(state.folder('keys'), 'pass-1.key'));
      const anew = await startAppliance({ config, roots, clock, log, version: 'test' });
      try {
        const epoch = await vi.waitFor(async () => {
          const { hub: of } = (await one.admin('/v1/fleet')) as { hub: { trouble: string | null } };
          return /fleet follow (\w+)/.exec(of.trouble ?? '')?.[1] ?? Promise.reject(new Error('no other epoch yet'));
        }, LONG);
        await one.admin('/v1/fleet/follow', { epoch, why: 'the hub was set up anew' });
        await vi.waitFor(async () => expect(await one.get(pass)).toBe('403 pass_malformed'), LONG);
      } finally {
        await anew.stop(0);
      }
    }, 60_000);
  });

  async function partition({ hub, nats: server, one }: Small): Promise<void> {
    const pass = hub.passes.read;
    endless(hub);
    const download = await one.download(pass);
    server.pause();
    await download.over;
    await stale(one, pass);
    expect(await one.admin('/readyz')).toMatchObject({ ok: false, missing: [expect.stringContaining('hub `hub`')] });
    expect(await one.admin('/v1/passes', { tenant: 'acme', class: 'lab-read' })).toMatchObject({
      detail: expect.stringContaining('has not heard its controls'),
    });
    // The hub says by when whoever it could not reach denies.
    const receipt = (await hub.admin('/v1/tenants/globex/quarantine', WHY)) as { fleet: Record<string, unknown> };
    expect(receipt.fleet).toMatchObject({ members: 1, confirmed: 0, denying: 1, cut_off: [] });
    server.resume();
    plainly(hub);
    await vi.waitFor(async () => expect(await one.get(pass)).toBe('200'), LONG);
    expect(await one.get(hub.passes.other)).toBe('403 tenant_quarantined');
    const [held, over] = await one.events('fleet.lease');
    expect(held).toMatchObject({ state: 'held', hub: 'hub' });
    expect(over).toMatchObject({ state: 'over', live: 1, cut: 1, missed: 0, change: expect.stringMatching(/^c_/) });
    const closed = (await one.events('flow.closed')).find(({ cause }) => cause === 'lease_ended');
    expect(closed).toMatchObject({ change: over?.['change'] });
    await hub.admin('/v1/tenants/globex/release', WHY);
  }

  it('is named in the receipt of a change with the time from which it denies', async () => {
    const { hub, nats: server, one } = fleet;
    server.pause();
    const receipt = (await hub.admin('/v1/tenants/globex/quarantine', WHY)) as { fleet: Record<string, unknown> };
    const [cut] = receipt.fleet['cut_off'] as { node: string; denies_from: number }[];
    expect(cut).toMatchObject({ node: 'node-1' });
    await stale(one, hub.passes.read);
    // Its lease ran from before it asked: it was over by then.
    await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(cut?.denies_from ?? 0), LONG);
    expect(await one.get(hub.passes.read)).toBe('503 controls_stale');
    server.resume();
    await one.holds();
  }, 60_000);

  it('denies from its start until NATS is there and the hub has spoken', async () => {
    const { hub, nats: server, one } = fleet;
    plainly(hub);
    await one.stop();
    await server.kill();
    await one.start();
    expect(await one.get(hub.passes.read)).toBe('503 controls_stale');
    expect(await one.admin('/readyz')).toMatchObject({ ok: false });
    await server.start();
    await one.holds();
    expect(await one.get(hub.passes.read)).toBe('200');
  }, 60_000);
});

describe('a member that hears somebody else (T-82)', () => {
  it('refuses orders that are forged, changed, or older than what is in force, also after a restart', async () => {
    const { hub, one } = fleet;
    // It may just have come back.
    const old = await vi.waitFor(() => latest(nats), LONG);
    await hub.admin('/v1/tenants/acme/quarantine', WHY);
    plainly(hub);
    expect(await one.get(hub.passes.read)).toBe('403 tenant_quarantined');
    const refused = async () => Number(/fleet_refused_total\{kind="order"\} (\d+)/.exec(await metrics(one))?.[1] ?? 0);
    const key = parseNodeKey(fleet.hubKey);
    if (!key.ok) throw new Error(key.error);
    const read = open(old, { kind: 'order', key: key.value.key, schema: orderSchema });
    if (!read.ok) throw new Error(read.error);
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const own = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
    const thief = { node: 'hub', publicKey: own, sign: (message: Uint8Array) => sign(null, message, privateKey) };
    const before = await refused();
    nats.publish(PLACES.order, old);
    nats.publish(PLACES.order, seal('order', { ...read.value, sequence: read.value.sequence + 100 }, thief));
    nats.publish(PLACES.order, new Uint8Array([1, 2, 3]));
    await vi.waitFor(async () => expect(await refused()).toBe(before + 3), LONG);
    expect(await one.get(hub.passes.read)).toBe('403 tenant_quarantined');
    await one.stop();
    await (await new Kvm(nats).open(PLACES.orders)).put(PLACES.orderKey, old);
    await one.start();
    // The old order does not bring it back; the hub, which hears that it is behind, says the right one again.
    expect(await one.get(hub.passes.read)).toMatch(/503 controls_stale|403 tenant_quarantined/);
    await one.holds();
    expect(await one.get(hub.passes.read)).toBe('403 tenant_quarantined');
  }, 60_000);

  it('follows a hub that began anew, or went back, only by an operator’s word', async () => {
    const { hub, one } = fleet;
    plainly(hub);
    await hub.admin('/v1/tenants/acme/release', WHY);
    const { epoch } = (await hub.admin('/v1/fleet')) as { epoch: string };
    // What a member keeps of a hub that is not this one: another epoch.
    await one.stop();
    const kept = join(one.state, 'documents', 'fleet-member.json');
    const position = JSON.parse(readFileSync(kept, 'utf8')) as Record<string, unknown>;
    writeFileSync(kept, JSON.stringify({ ...position, epoch: '0'.repeat(26), sequence: 900 }));
    await one.start();
    await vi.waitFor(async () => {
      const status = (await one.admin('/v1/fleet')) as { hub: { trouble: string; lease_ms: number } };
      expect(status.hub.trouble).toContain(`locktender fleet follow ${epoch}`);
      expect(status.hub.lease_ms).toBe(0);
    }, LONG);
    expect(await one.get(hub.passes.read)).toBe('503 controls_stale');
    await one.admin('/v1/fleet/follow', { epoch, why: 'the hub was set up anew' });
    await one.holds();
    expect(await one.get(hub.passes.read)).toBe('200');
    // The same epoch, but behind what it gave before.
    await one.stop();
    const again = JSON.parse(readFileSync(kept, 'utf8')) as Record<string, unknown>;
    writeFileSync(kept, JSON.stringify({ ...again, sequence: 900 }));
    await one.start();
    await vi.waitFor(async () => {
      const status = (await one.admin('/v1/fleet')) as { hub: { trouble: string } };
      expect(status.hub.trouble).toContain('its state went back');
    }, LONG);
    expect(await one.get(hub.passes.read)).toBe('503 controls_stale');
    rmSync(kept);
  }, 60_000);
});

async function metrics(member: Member): Promise<string> {
  return (await fetch(`http://${member.appliance.adminAddress}/metrics`)).text();
}
