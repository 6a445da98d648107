/** A hub and a member that are stopped while a real NATS is silent: its sockets stay, and nobody answers. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { NO_CONTROLS } from '../../src/core/controls.ts';
import { ok } from '../../src/core/result.ts';
import { type FleetConnection, openConnection } from '../../src/fleet/connection.ts';
import type { NodeSigner } from '../../src/fleet/envelope.ts';
import { FleetHub } from '../../src/fleet/hub.ts';
import { MemberLease } from '../../src/fleet/lease.ts';
import { FleetMember } from '../../src/fleet/member.ts';
import type { Fetch } from '../../src/fleet/member-parts.ts';
import { digestOf } from '../../src/fleet/policy-archive.ts';
import { openDocuments } from '../../src/store/documents.ts';
import { systemClock } from '../../src/telemetry/system-clock.ts';
import { temporaryDirectory } from '../journey/running-appliance.ts';
import { noMeter, silentLog } from '../record/log-fixture.ts';
import { type NatsServer, startNats } from './nats-server.ts';
import { keyOf, signerOf } from './node-signer.ts';

const TTL = 60_000;
const PORTS = { clock: systemClock, meter: noMeter };
let nats: NatsServer;
let dir: ReturnType<typeof temporaryDirectory>;
let links: FleetConnection[];
let hub: FleetHub;
let member: FleetMember;
let lease: MemberLease;
let files: (fetch: Fetch) => Promise<unknown>;
/** Why something was not done, at either. */
let troubles: string[];

const log = { ...silentLog, warn: (fields: object) => void troubles.push('error' in fields ? `${fields.error}` : '') };
const until = (right: () => boolean) => vi.waitFor(() => expect(right()).toBe(true), { timeout: 10_000, interval: 5 });

/** What of a node is its own. */
function nodeOf(signer: NodeSigner) {
  const state = join(dir.path, signer.node);
  mkdirSync(state);
  const connection = openConnection({ servers: [nats.url], name: signer.node, log: silentLog });
  links.push(connection);
  return { fleet: 'main', signer, connection, documents: openDocuments(state), leaseMs: TTL, log, ...PORTS };
}

function order(text: string): void {
  const bytes = Buffer.from(text);
  const rest = { cause: null, imports: null, bundle: digestOf(bytes), categories: 'c', rules: 'r', passKeys: [] };
  hub.order({ controls: { ...NO_CONTROLS, version: 1 }, files: { digest: digestOf(bytes), bytes }, ...rest });
}

beforeEach(async () => {
  nats = await startNats();
  dir = temporaryDirectory();
  [links, troubles, files] = [[], [], async () => undefined];
  const [first, second] = [signerOf('hub'), signerOf('node-1')];
  const members = { all: () => new Map([[second.node, keyOf(second).key]]) };
  const own = nodeOf(first);
  hub = new FleetHub({ ...own, members, confirmMs: 20_000 });
  order('files');
  hub.start();
  // Before that it answers nobody, and who asks waits for seconds.
  await until(() => own.connection.current() !== null && own.documents.read('fleet-hub') !== null);
  lease = new MemberLease(systemClock, TTL);
  member = new FleetMember({
    ...{ ...nodeOf(second), hub: keyOf(first), lease, version: 'test', onLease: () => undefined },
    acts: {
      follow: async () => ok(null),
      files: async (_, fetch) => {
        await files(fetch);
        return ok(null);
      },
      followed: () => true,
      passKeys: () => undefined,
    },
  });
  member.start();
  await until(() => lease.left() > 0);
  troubles = [];
});

afterEach(async () => {
  nats.resume();
  for (const link of links) await link.close();
  await nats.remove();
  dir.remove();
});

it('a member stops, and holds no lease then', async () => {
  nats.pause();
  await member.stop();
  expect(lease.left()).toBe(0);
  expect(troubles).toEqual([expect.stringContaining('NATS did not answer within 1 s')]);
});

it('a member waits no longer for files of an order', async () => {
  const fetching = Promise.withResolvers<void>();
  files = async (fetch) => {
    nats.pause();
    fetching.resolve();
    await fetch({ digest: digestOf(Buffer.from('files')), bytes: 5 });
  };
  order('other files');
  await fetching.promise;
  await member.stop();
  expect(troubles).toContainEqual(expect.stringContaining('this node is being stopped'));
  expect(lease.left()).toBe(0);
});

it('a hub waits a moment for what it sends', async () => {
  nats.pause();
  order('other files');
  await hub.stop();
  // On a busy machine it has begun to send once more.
  expect(new Set(troubles)).toEqual(new Set([expect.stringContaining('this node is being stopped')]));
});
