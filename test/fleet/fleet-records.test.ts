/** Records of a fleet with the threads that ship and keep them, and the commands that look at what is kept. */

import { generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type FleetRecords, mirrorRecords, shipRecords } from '../../src/appliance/fleet/fleet-records.ts';
import { type AuditLog, openLog } from '../../src/audit/log.ts';
import { verifierKey } from '../../src/audit/signed-note.ts';
import { configSchema } from '../../src/config/schema.ts';
import { type NodeSigner, nodeKeyText, parseNodeKey } from '../../src/fleet/envelope.ts';
import { openStateDir } from '../../src/store/state-dir.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { execute, PROGRAM, temporaryDirectory } from '../journey/running-appliance.ts';
import { decisionBody, logOptions, newSigner } from '../record/log-fixture.ts';
import { type NatsServer, startNats } from './nats-server.ts';

const directory = temporaryDirectory();
const within = { timeout: 45_000, interval: 100 };
let nats: NatsServer;
const ending: (() => Promise<void>)[] = [];

function nodeSigner(node: string): NodeSigner {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  return { node, publicKey: raw, sign: (message) => sign(null, message, privateKey) };
}

const signers = new Map(['hub', 'node-1', 'stranger'].map((node) => [node, nodeSigner(node)]));
const signerOf = (node: string) => signers.get(node) as NodeSigner;
function publicKeyOf(node: string) {
  const key = parseNodeKey(nodeKeyText(signerOf(node)));
  return key.ok ? key.value.key : null;
}

async function partsOf(node: string, logSigners = [newSigner('log.example/gate')]) {
  const state = openStateDir(join(directory.path, node));
  const config = configSchema.parse({ node, state: state.path, audit: { checkpoint_ms: 100 } });
  const [first, ...rest] = logSigners;
  const audit = await openLog(
    logOptions(state.folder('audit'), first as (typeof logSigners)[0], { publishMs: 50, node }),
  );
  audit.signWith([first as (typeof logSigners)[0], ...rest]);
  const keys = logSigners.map(({ name, publicKey }) => verifierKey(name, publicKey));
  writeFileSync(join(state.path, 'log-keys.txt'), `${keys.join('\n')}\n`);
  ending.push(async () => {
    await audit.close();
    state.release();
  });
  return { audit, config, log: createLog({ level: 'silent' }), meter: createMetrics(), state };
}

function roleOf(node: string) {
  return { fleet: 'test', signer: signerOf(node), connection: { servers: [nats.url], name: node } };
}

async function record(log: AuditLog, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) await log.record(decisionBody(n, n % 5 === 0 ? { effect: 'deny' } : {}));
  await log.publish();
}

let hub: FleetRecords;
const mirrorOf = (node: string) => hub.status().mirrors.find((one) => one.node === node);

beforeAll(async () => {
  nats = await startNats();
  const keyOf = (node: string) => (node === 'node-1' ? publicKeyOf(node) : null);
  hub = mirrorRecords(await partsOf('hub'), { ...roleOf('hub'), keyOf });
  ending.push(() => hub.close());
});
afterAll(async () => {
  for (const end of ending.reverse()) await end();
  await nats.remove();
  directory.remove();
});

describe('the records of a fleet', () => {
  it('are mirrored at the hub, where every command of the record reads them, and the node hears that they are safe', async () => {
    const parts = await partsOf('node-1');
    const hubKey = publicKeyOf('hub');
    if (hubKey === null) throw new Error('no key');
    const member = shipRecords(parts, { ...roleOf('node-1'), hubKey });
    ending.push(() => member.close());
    await record(parts.audit, 20);
    await vi.waitFor(
      () => expect(mirrorOf('node-1')).toMatchObject({ published: 20, signed: 20, fault: null }),
      within,
    );
    const safe = { state: 'current', confirmed: 20, lag_entries: 0 };
    await vi.waitFor(() => expect(member.status().shipping).toMatchObject(safe), within);

    const state = join(directory.path, 'hub/fleet/node-1');
    expect(readFileSync(join(state, 'log-keys.txt'))).toEqual(readFileSync(join(parts.state.path, 'log-keys.txt')));
    const cli = (...args: string[]) => execute([PROGRAM, 'audit', ...args], { cwd: directory.path });
    const [verify, query, lines, proof] = await Promise.all([
      cli('verify', state),
      cli('query', '--effect', 'deny', '--json', '--state', state),
      cli('export', '--format', 'jsonl', '--state', state),
      cli('proof', '7', '--state', state),
    ]);
    expect(verify).toMatchObject({ code: 0, stdout: expect.stringMatching(/^verified: 20 entries/) });
    expect((JSON.parse(query.stdout) as { events: { seq: number }[] }).events.map(({ seq }) => seq)).toEqual([
      15, 10, 5, 0,
    ]);
    expect(lines.stdout.split('\n')).toHaveLength(21);
    expect(JSON.parse(proof.stdout)).toMatchObject({ seq: 7 });
  }, 90_000);

  it('are not taken from who is no member, and it ships nothing before it is known', async () => {
    const parts = await partsOf('stranger');
    const hubKey = publicKeyOf('hub');
    if (hubKey === null) throw new Error('no key');
    const stranger = shipRecords(parts, { ...roleOf('stranger'), hubKey });
    ending.push(() => stranger.close());
    await record(parts.audit, 5);
    await vi.waitFor(() => expect(stranger.status().shipping).toMatchObject({ state: 'waiting', next: 0 }), within);
    expect(hub.status().mirrors.map(({ node }) => node)).toEqual(['node-1']);
  }, 60_000);
});
