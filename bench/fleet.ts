/**
 * A revocation across many members: from the change at the hub to the last flow cut at each of them, through a real `nats-server`;
 * then a partition, until each denies. `bin/node24 node bench/fleet.ts [members] [rounds]` prints JSON; times in milliseconds.
 * The clock is one machine's, and so are its cores.
 */

import { type ChildProcess, fork } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NO_CONTROLS } from '../src/core/controls.ts';
import { openConnection } from '../src/fleet/connection.ts';
import { type NodeSigner, nodeKeyText, parseNodeKey } from '../src/fleet/envelope.ts';
import { FleetHub } from '../src/fleet/hub.ts';
import { digestOf } from '../src/fleet/policy-archive.ts';
import { openSigningKeys } from '../src/pki/signing-keys.ts';
import { openDocuments } from '../src/store/documents.ts';
import { createLog } from '../src/telemetry/log.ts';
import { createMetrics } from '../src/telemetry/metrics.ts';
import { systemClock } from '../src/telemetry/system-clock.ts';
import { startNats } from '../test/fleet/nats-server.ts';
import { Heard } from './fleet/heard.ts';
import type { HalvesOrder, HalvesSaid } from './fleet/member-halves.ts';
import { rounded } from './measure.ts';

const [members = 100, rounds = 30] = process.argv.slice(2).map(Number);
const PROCESSES = 4;
const FLOWS = 10;
const LEASE_MS = 10_000;
const epochMs = () => performance.timeOrigin + performance.now();

const dir = mkdtempSync(join(tmpdir(), 'locktender-bench-fleet-'));
const nats = await startNats();
const children: ChildProcess[] = [];
try {
  process.stdout.write(`${JSON.stringify(await measured(), null, 2)}\n`);
} finally {
  for (const child of children) child.kill('SIGKILL');
  await nats.remove();
  rmSync(dir, { recursive: true, force: true });
}
process.exit(0);

async function measured() {
  const names = Array.from({ length: members }, (_, n) => `node-${n}`);
  const signer = signerOf('hub');
  const keys = new Map(names.map((node) => [node, verifierOf(signerOf(node))]));
  const log = createLog({ level: 'silent' });
  const connection = openConnection({ servers: [nats.url], name: 'hub', log });
  mkdirSync(join(dir, 'hub', 'documents'), { recursive: true });
  const hub = new FleetHub({
    ...{ fleet: 'bench', signer, connection, log, clock: systemClock, meter: createMetrics() },
    members: { all: () => keys },
    documents: openDocuments(join(dir, 'hub', 'documents')),
    leaseMs: LEASE_MS,
    confirmMs: 10_000,
  });
  const heard = new Heard(names.length);
  hub.order(stateOf(-1));
  hub.start();
  await begin(names, nodeKeyText(signer), heard);
  const each: number[] = [];
  const last: number[] = [];
  const confirmed: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const from = epochMs();
    const sequence = hub.order(stateOf(round));
    const receipt = await hub.confirmed(sequence);
    const times = (await heard.cuts(round)).map((at) => at - from);
    each.push(...times);
    last.push(Math.max(...times));
    confirmed.push(receipt.confirmed === names.length ? (receipt.confirmed_ms ?? Number.NaN) : Number.NaN);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const partition = await cutOff(heard);
  return {
    ...{ members, rounds, flows_each: FLOWS, lease_ms: LEASE_MS },
    revoke_at_each_member: figures(each),
    revoke_at_last_member: figures(last),
    confirmed_at_hub: figures(confirmed),
    partition: { denied_after: figures(partition), longest_of_lease: rounded(Math.max(...partition) / LEASE_MS) },
  };
}

/** The server stops answering: how long until each member denies. */
async function cutOff(heard: Heard): Promise<number[]> {
  const from = epochMs();
  nats.pause();
  const times = (await heard.denials()).map((at) => at - from);
  nats.resume();
  return times;
}

function signerOf(node: string): NodeSigner {
  const folder = join(dir, node, 'keys');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const key = openSigningKeys(folder, ['fleet']).current('fleet');
  return { node, publicKey: key.rawPublicKey, sign: (message) => key.sign(message) };
}

function verifierOf(signer: NodeSigner) {
  const key = parseNodeKey(nodeKeyText(signer));
  if (!key.ok) throw new Error(key.error);
  return key.value.key;
}

/** Each round puts one tenant more in quarantine. */
function stateOf(round: number): Parameters<FleetHub['order']>[0] {
  const at = Date.now();
  const mark = { by: 'bench', why: 'measured', at, until: null, change: `c_${round}` };
  const names = Array.from({ length: round + 1 }, (_, n) => `tenant-${n}`);
  const quarantinedTenants = Object.fromEntries(names.map((name, n) => [name, { ...mark, at: 0, change: `c_${n}` }]));
  const bytes = Buffer.from('[]\n');
  const digest = digestOf(bytes);
  return {
    controls: { ...NO_CONTROLS, version: round + 1, quarantinedTenants },
    cause: null,
    ...{ files: { digest, bytes }, imports: null, bundle: digest, categories: digest, rules: digest, passKeys: [] },
  };
}

async function begin(names: readonly string[], hubKey: string, heard: Heard): Promise<void> {
  const share = Math.ceil(names.length / PROCESSES);
  const ready = Array.from({ length: PROCESSES }, (_, n) => {
    const nodes = names.slice(n * share, (n + 1) * share);
    const child = fork(new URL('fleet/member-halves.ts', import.meta.url));
    children.push(child);
    const order: HalvesOrder = { nats: nats.url, hubKey, dir, nodes, flows: FLOWS, rounds, leaseMs: LEASE_MS };
    return new Promise<void>((resolve) => {
      child.on('message', (said: HalvesSaid) => (said.kind === 'ready' ? resolve() : heard.said(said)));
      child.send(order);
    });
  });
  await Promise.all(ready);
}

function figures(times: readonly number[]) {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => rounded(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return { p50: at(0.5), p99: at(0.99), max: rounded(sorted.at(-1) ?? 0) };
}
