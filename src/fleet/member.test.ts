import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NO_CONTROLS } from '../core/controls.ts';
import { err, ok, type Result } from '../core/result.ts';
import { type Documents, openDocuments } from '../store/documents.ts';
import { createLog } from '../telemetry/log.ts';
import { systemClock } from '../telemetry/system-clock.ts';
import type { Connected, FleetConnection } from './connection.ts';
import { type NodeSigner, nodeKeyText, open, parseNodeKey, seal } from './envelope.ts';
import { MemberLease } from './lease.ts';
import { FleetMember } from './member.ts';
import { askSchema, type FleetOrder, type LeaseAsk, type LeaseGrant, receiptSchema } from './messages.ts';

const TTL = 60_000;
const EPOCH = '1'.repeat(26);
const ANEW = '2'.repeat(26);
const A = 'a'.repeat(64);
const B = 'b'.repeat(64);

function signerOf(node: string): NodeSigner {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  return { node, publicKey: raw, sign: (message) => sign(null, message, privateKey) };
}

function keyOf(signer: NodeSigner) {
  const key = parseNodeKey(nodeKeyText(signer));
  if (!key.ok) throw new Error(key.error);
  return key.value;
}

const hub = signerOf('hub');
const node = signerOf('node-1');
let dir: string;
let member: FleetMember;
let lease: MemberLease;
let hear: (bytes: Uint8Array) => void;
/** What the hub answers; at first it is at order 1. */
let grant: (ask: LeaseAsk) => Promise<Partial<LeaseGrant>>;
let files: (digest: string) => Promise<Result<null, string>>;
let followed: boolean;
/** Epochs of the orders that were in force as a whole, in turn. */
let settled: string[];
/** Each write to disk waits for it. */
let disk: Promise<unknown>;

function say(sequence: number, digest = A, more: Partial<FleetOrder> = {}): void {
  const order = {
    ...{ fleet: 'main', epoch: EPOCH, sequence, node: 'hub', issued: 1, cause: null, pass_keys: [] },
    controls: { ...NO_CONTROLS, version: sequence },
    policy: { files: { digest, bytes: 1 }, imports: null, bundle: A, categories: 'c', rules: 'r' },
    ...more,
  };
  hear(seal('order', order, hub));
}

function begin(): void {
  const nats = {
    info: undefined,
    publish: (_: string, data: Uint8Array) => {
      const receipt = open(data, { kind: 'receipt', key: keyOf(node).key, schema: receiptSchema });
      if (receipt.ok && receipt.value.whole) settled.push(receipt.value.epoch);
    },
    subscribe: (_: string, { callback }: { callback: (error: null, message: { data: Uint8Array }) => void }) => {
      hear = (data) => callback(null, { data });
      return { unsubscribe: () => undefined };
    },
    request: async (_: string, data: Uint8Array) => {
      const ask = open(data, { kind: 'ask', key: keyOf(node).key, schema: askSchema });
      if (!ask.ok) throw new Error(ask.error);
      const { nonce } = ask.value;
      const said = { fleet: 'main', epoch: EPOCH, sequence: 1, node: 'node-1', nonce, ttl_ms: TTL };
      return { data: seal('grant', { ...said, ...(await grant(ask.value)) }, hub) };
    },
  };
  const buckets = { open: async () => ({ get: async () => null }) };
  const connected = { nats, buckets } as unknown as Connected;
  const connection: FleetConnection = {
    current: () => connected,
    onConnected: (act) => {
      act(connected);
      return () => undefined;
    },
    onLost: () => () => undefined,
    close: async () => undefined,
  };
  lease = new MemberLease(systemClock, TTL);
  member = new FleetMember({
    ...{ fleet: 'main', hub: keyOf(hub), signer: node, connection, lease, leaseMs: TTL, version: 'test' },
    ...{ documents: slowly(openDocuments(dir)), onLease: () => undefined, clock: systemClock },
    ...{ log: createLog({ level: 'silent' }), meter: { count: () => undefined } as never },
    acts: {
      follow: async () => ok(null),
      files: (policy) => files(policy.files.digest),
      followed: () => followed,
      passKeys: () => undefined,
    },
  });
  member.start();
}

function slowly(documents: Documents): Documents {
  return { ...documents, write: (name, value) => disk.then(() => documents.write(name, value)) };
}

const until = (right: () => boolean) => vi.waitFor(() => expect(right()).toBe(true), { timeout: 10_000, interval: 5 });
const holds = () => lease.left() > 0;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'locktender-member-'));
  grant = async () => ({});
  files = async () => ok(null);
  followed = true;
  settled = [];
  disk = Promise.resolve();
  begin();
});

afterEach(async () => {
  await member.stop();
  rmSync(dir, { recursive: true, force: true });
});

describe('a member (T-82)', () => {
  it('acts on no order whose files are replaced by those of an order before that came late', async () => {
    const came: string[] = [];
    const late = Promise.withResolvers<void>();
    files = async (digest) => {
      if (digest === B) await late.promise;
      came.push(digest === A ? 'a' : 'b');
      return ok(null);
    };
    say(1);
    await until(holds);
    say(2, B);
    await until(() => member.view().sequence === 2);
    say(3);
    await until(() => member.view().sequence === 3);
    late.resolve();
    grant = async () => ({ sequence: 3 });
    await until(() => came.length >= 3);
    expect(came).toEqual(['a', 'b', 'a']);
  });

  it('keeps how far it has come also where files come into force at the same time', async () => {
    const late = Promise.withResolvers<void>();
    const slow = Promise.withResolvers<void>();
    const settled = vi.fn();
    files = async () => {
      await late.promise;
      settled();
      return ok(null);
    };
    say(1);
    await until(() => member.view().sequence === 1);
    disk = slow.promise;
    say(2);
    await new Promise((resolve) => setImmediate(resolve));
    late.resolve();
    await until(() => settled.mock.calls.length > 0);
    await new Promise((resolve) => setImmediate(resolve));
    slow.resolve();
    grant = async () => ({ sequence: 2 });
    await until(holds);
    expect(openDocuments(dir).read('fleet-member')).toMatchObject({ sequence: 2, files: { edited: { digest: A } } });
  });

  it('holds no lease while no files of the hub ever were in force, and does once they are', async () => {
    followed = false;
    let tries = 0;
    files = async () => {
      tries += 1;
      return tries === 1 ? err('of another version') : ok(null);
    };
    const asked = vi.fn(async () => ({}));
    grant = asked;
    say(1);
    await until(() => member.view().refused !== null);
    member.hurry();
    await until(() => asked.mock.calls.length > 0);
    expect(holds()).toBe(false);
    grant = async () => ({ sequence: 2 });
    say(2);
    await until(() => tries === 2);
    member.hurry();
    await until(holds);
  });

  it('takes an answer that an order overtook for what it is: no hub that went back', async () => {
    say(1);
    await until(holds);
    lease.void();
    lease.applied(1);
    grant = async () => {
      say(2);
      await until(() => member.view().sequence === 2);
      return { sequence: 1 };
    };
    member.hurry();
    await until(holds);
    expect(member.view().trouble).toBeNull();
  });

  it('never follows a hub again that went back in its epoch, also once it has counted on, also after a restart', async () => {
    say(8);
    await until(() => member.view().sequence === 8);
    grant = async () => ({ sequence: 5 });
    member.hurry();
    await until(() => (member.view().trouble ?? '').includes('went back'));
    expect(holds()).toBe(false);
    for (const again of [false, true]) {
      if (again) {
        await member.stop();
        begin();
      }
      const asked = vi.fn(async () => ({ sequence: 9 }));
      grant = asked;
      say(9);
      member.hurry();
      await until(() => asked.mock.calls.length > 0 && (member.view().trouble ?? '').includes('went back'));
      await new Promise((resolve) => setImmediate(resolve));
      expect([holds(), member.view().sequence]).toEqual([false, 8]);
    }
    expect(await member.agree(EPOCH)).toMatchObject({ ok: false });
    expect(await member.agree(ANEW)).toMatchObject({ ok: true });
    grant = async () => ({ epoch: ANEW, sequence: 1 });
    say(1, A, { epoch: ANEW });
    await until(holds);
  });

  it('takes no answer to what it asked while it followed another epoch: its hub granted nothing then', async () => {
    say(1);
    await until(holds);
    await member.agree(ANEW);
    const asked: (string | null)[] = [];
    grant = async ({ epoch }) => {
      asked.push(epoch);
      if (epoch === EPOCH) {
        say(1, A, { epoch: ANEW });
        // It is in force as a whole.
        await until(() => settled.includes(ANEW));
        expect(holds()).toBe(false);
      }
      return { epoch: ANEW };
    };
    member.hurry();
    await until(() => asked.length === 2 && holds());
    expect(asked).toEqual([EPOCH, ANEW]);
  });
});
