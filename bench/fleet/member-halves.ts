/**
 * One process of `bench/fleet.ts`: members as an appliance has them (control plane, lease index, durable position, lease), each with
 * flows that hang on what is revoked and flows that do not. Says by its own parent's channel when the last flow of a change was cut.
 */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ControlPlane } from '../../src/control/control-plane.ts';
import { loadPolicy, rootsOf } from '../../src/control/load-revision.ts';
import type { AuditSink, Flow } from '../../src/core/ports.ts';
import { openConnection } from '../../src/fleet/connection.ts';
import { type NodeKey, type NodeSigner, parseNodeKey } from '../../src/fleet/envelope.ts';
import { MemberLease } from '../../src/fleet/lease.ts';
import { FleetMember } from '../../src/fleet/member.ts';
import { openSigningKeys } from '../../src/pki/signing-keys.ts';
import { LeaseIndex } from '../../src/policy/lease-index.ts';
import { openBundleStore } from '../../src/store/bundle-store.ts';
import { openDocuments } from '../../src/store/documents.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { systemClock } from '../../src/telemetry/system-clock.ts';

export interface HalvesOrder {
  readonly nats: string;
  readonly hubKey: string;
  readonly dir: string;
  readonly nodes: readonly string[];
  /** Of each member, for each round. */
  readonly flows: number;
  readonly rounds: number;
  readonly leaseMs: number;
}

/** What a process says: that it is ready; that a member has cut every flow of a round's tenant (epoch ms); that its lease is over. */
export type HalvesSaid =
  | { readonly kind: 'ready' }
  | { readonly kind: 'cut'; readonly node: string; readonly round: number; readonly at: number }
  | { readonly kind: 'denies'; readonly node: string; readonly at: number };

const log = createLog({ level: 'silent' });
/** Records are not what is measured. */
const audit: AuditSink = { record: async () => ({ seq: 0 }), writable: () => true };
const epochMs = () => performance.timeOrigin + performance.now();

const say = (said: HalvesSaid) => void process.send?.(said);

process.once('message', (order: HalvesOrder) => {
  void begin(order);
});

async function begin(order: HalvesOrder): Promise<void> {
  const revision = loadPolicy(rootsOf({ state: order.dir }));
  if (!revision.ok) throw new Error('the shipped policy does not load');
  const hub = parseNodeKey(order.hubKey);
  if (!hub.ok) throw new Error(hub.error);
  const members = await Promise.all(
    order.nodes.map((node) => member(node, { ...order, hub: hub.value, revision: revision.value })),
  );
  while (members.some(({ left }) => left() === 0)) await new Promise((resolve) => setTimeout(resolve, 20));
  say({ kind: 'ready' });
}

interface Making extends HalvesOrder {
  readonly hub: NodeKey;
  readonly revision: ConstructorParameters<typeof ControlPlane>[0]['revision'];
}

async function member(node: string, { dir, hub, revision, nats, flows, rounds, leaseMs }: Making) {
  const state = join(dir, node);
  for (const name of ['keys', 'documents', 'bundles']) mkdirSync(join(state, name), { recursive: true, mode: 0o700 });
  const documents = openDocuments(join(state, 'documents'));
  const bundles = openBundleStore(join(state, 'bundles'));
  const meter = createMetrics();
  const clock = systemClock;
  const control = new ControlPlane({ revision, documents, bundles, audit, clock, log, meter, hub: hub.node });
  const lease = new MemberLease(clock, leaseMs);
  const leases = new LeaseIndex({ source: control, now: () => clock.now() });
  await control.start(leases);
  hold(node, leases, { flows, rounds });
  const key = openSigningKeys(join(state, 'keys'), ['fleet']).current('fleet');
  const signer: NodeSigner = { node, publicKey: key.rawPublicKey, sign: (message) => key.sign(message) };
  const connection = openConnection({ servers: [nats], name: node, log });
  const half = new FleetMember({
    ...{ fleet: 'bench', hub, signer, connection, documents, lease, leaseMs, version: 'bench', clock, log, meter },
    onLease: () => undefined,
    acts: {
      follow: (controls, cause) => control.follow(controls, cause),
      files: async () => ({ ok: true, value: null }),
      followed: () => true,
      passKeys: () => undefined,
    },
  });
  half.start();
  let held = false;
  setInterval(() => {
    const holds = lease.check() > 0;
    if (held && !holds) say({ kind: 'denies', node, at: epochMs() });
    held = holds;
  }, 10);
  return { left: () => lease.left() };
}

/** So many of each round's tenant; each round ends one tenant. */
function hold(node: string, leases: LeaseIndex, { flows, rounds }: Pick<HalvesOrder, 'flows' | 'rounds'>): void {
  for (let round = 0; round < rounds; round += 1) {
    const tenant = `tenant-${round}`;
    let cut = 0;
    let at = 0;
    for (let n = 0; n < flows; n += 1) {
      const flow: Flow = {
        ...{ id: `${node}-${tenant}-${n}`, kind: 'tunnel', task: 't', tenant, host: 'example.com', since: Date.now() },
        cut: () => {
          at = epochMs();
          cut += 1;
          if (cut === flows) setImmediate(() => say({ kind: 'cut', node, round, at }));
          return null;
        },
      };
      leases.hold(flow, [`tenant:${tenant}`]);
    }
  }
}
