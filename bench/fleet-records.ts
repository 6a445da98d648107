/**
 * Records of a fleet: what shipping costs a member and mirroring costs the hub, for a backlog of decisions, over a real
 * `nats-server` on this machine. One end after the other, so that the CPU of each is its own.
 *
 *   node bench/fleet-records.ts [entries]
 */

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verifyLog } from '../src/audit/verify.ts';
import { startNats } from '../test/fleet/nats-server.ts';
import { RecordHub, RecordNode } from '../test/fleet/record-parts.ts';
import { verifierFor } from '../test/record/log-fixture.ts';

const entries = Number(process.argv[2] ?? 100_000);
const nats = await startNats();
const state = mkdtempSync(join(tmpdir(), 'locktender-bench-'));
process.on('exit', () => rmSync(state, { recursive: true, force: true }));
const node = new RecordNode('node-1', join(state, 'member'));
const hub = new RecordHub([node], join(state, 'hub'));
mkdirSync(join(hub.state, 'fleet'), { recursive: true });
await node.open({ durability: 'relaxed', publishMs: 1000 });
for (let n = 0; n < entries; n += 2000) await node.record(Math.min(2000, entries - n));
await hub.start(nats.url);
await until(() => (hub.intake?.pending ?? 1) === 0);
await new Promise((resolve) => setTimeout(resolve, 1000));
await hub.close();

const shipped = await measured(async () => {
  node.ship(nats.url);
  await until(() => node.shipping?.status().next === entries);
});
await node.stopShipping();
const mirrored = await measured(async () => {
  await hub.start(nats.url);
  await until(() => hub.reportOf('node-1')?.published === entries);
});
await hub.close();
await node.close();
await nats.remove();
const { ok, bytes } = verifyLog(hub.dirOf('node-1'), { verifiers: [verifierFor(node.logSigner)] });
process.stdout.write(
  `${JSON.stringify({ entries, bytes_each: Math.round(bytes / entries), ok, shipped, mirrored })}\n`,
);

async function measured(act: () => Promise<void>) {
  const [began, before] = [performance.now(), process.cpuUsage()];
  await act();
  const { user, system } = process.cpuUsage(before);
  const ms = performance.now() - began;
  return {
    entries_a_second: Math.round((entries * 1000) / ms),
    cpu_us_an_entry: Math.round(((user + system) * 10) / entries) / 10,
  };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}
