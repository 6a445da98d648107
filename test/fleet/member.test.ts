/** A member over a real NATS, under a hub whose every word and its moment is the test's: what overtakes what, and what never counts. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Controls, NO_CONTROLS } from '../../src/core/controls.ts';
import { err, ok, type Result } from '../../src/core/result.ts';
import { type FleetConnection, openConnection } from '../../src/fleet/connection.ts';
import { open, seal } from '../../src/fleet/envelope.ts';
import { FleetHub } from '../../src/fleet/hub.ts';
import { MemberLease } from '../../src/fleet/lease.ts';
import { FleetMember } from '../../src/fleet/member.ts';
import {
  askSchema,
  type FleetOrder,
  type FleetReceipt,
  type LeaseAsk,
  type LeaseGrant,
  placesOf,
  receiptSchema,
} from '../../src/fleet/messages.ts';
import { digestOf } from '../../src/fleet/policy-archive.ts';
import { type Documents, openDocuments } from '../../src/store/documents.ts';
import { systemClock } from '../../src/telemetry/system-clock.ts';
import { noMeter, silentLog } from '../record/log-fixture.ts';
import { type NatsServer, startNats } from './nats-server.ts';
import { keyOf, signerOf } from './node-signer.ts';

const TTL = 60_000;
const EPOCH = '1'.repeat(26);
const ANEW = '2'.repeat(26);
const A = 'a'.repeat(64);
const B = 'b'.repeat(64);
const PLACES = placesOf('main');
const KEY = { id: 'k', key: Buffer.alloc(32).toString('base64') };

const hub = signerOf('hub');
const node = signerOf('node-1');
let nats: NatsServer;
/** The hub's own client. */
let said: NatsConnection;
let dir: string;
let member: FleetMember;
let lease: MemberLease;
/** What the hub answers; at first it is at order 1. */
let grant: (ask: LeaseAsk) => Promise<Partial<LeaseGrant>>;
let files: (digest: string) => Promise<Result<null, string>>;
let followed: boolean;
/** Each write to disk waits for it. */
let disk: Promise<unknown>;
/** Writes that were begun. */
let writes: number;
let receipts: FleetReceipt[];
/** Keys of the hub's passes that are good here. */
let passKeys: FleetOrder['pass_keys'];
let controls: Controls;

function say(sequence: number, digest = A, more: Partial<FleetOrder> = {}): void {
  const order = {
    ...{ fleet: 'main', epoch: EPOCH, sequence, node: 'hub', issued: 1, cause: null, pass_keys: [KEY] },
    controls: { ...NO_CONTROLS, version: sequence },
    policy: { files: { digest, bytes: 1 }, imports: null, bundle: A, categories: 'c', rules: 'r' },
    ...more,
  };
  said.publish(PLACES.order, seal('order', order, hub));
}

function opened<T>(bytes: Uint8Array, how: Parameters<typeof open<T>>[1]): T {
  const read = open(bytes, how);
  if (!read.ok) throw new Error(read.error);
  return read.value;
}

async function listen(): Promise<void> {
  const { key } = keyOf(node);
  said.subscribe(PLACES.lease, {
    callback: (_, message) => {
      const ask = opened(message.data, { kind: 'ask', key, schema: askSchema });
      const { nonce } = ask;
      const answer = { fleet: 'main', epoch: EPOCH, sequence: 1, node: 'node-1', nonce, ttl_ms: TTL };
      void grant(ask).then((more) => message.respond(seal('grant', { ...answer, ...more }, hub)));
    },
  });
  said.subscribe(PLACES.receipts, {
    callback: (_, { data }) => void receipts.push(opened(data, { kind: 'receipt', key, schema: receiptSchema })),
  });
  await said.flush();
}

/** Until it listens: what is said before is heard by nobody, as NATS is. */
async function begin(url = nats.url): Promise<FleetConnection> {
  lease = new MemberLease(systemClock, TTL);
  const connection = openConnection({ servers: [url], name: 'node-1', log: silentLog });
  member = new FleetMember({
    ...{ fleet: 'main', hub: keyOf(hub), signer: node, connection, lease, leaseMs: TTL, version: 'test' },
    ...{ documents: slowly(openDocuments(dir)), onLease: () => undefined, clock: systemClock },
    ...{ log: silentLog, meter: noMeter },
    acts: {
      follow: async (next) => {
        controls = next;
        return ok(null);
      },
      files: (policy) => files(policy.files.digest),
      followed: () => followed,
      passKeys: (keys) => {
        passKeys = keys;
      },
    },
  });
  member.start();
  const { stop } = member;
  member.stop = async () => {
    await stop.call(member);
    await connection.close();
  };
  await until(() => connection.current() !== null);
  await connection.current()?.nats.flush();
  return connection;
}

function slowly(documents: Documents): Documents {
  return {
    ...documents,
    write: (name, value) => {
      writes += 1;
      return disk.then(() => documents.write(name, value));
    },
  };
}

const until = (right: () => boolean) => vi.waitFor(() => expect(right()).toBe(true), { timeout: 10_000, interval: 5 });
const holds = () => lease.left() > 0;

/** Until the hub was asked, and what it answered has had its effect: one question follows another. */
async function answered(answer: () => Promise<Partial<LeaseGrant>>): Promise<void> {
  const asked = vi.fn(answer);
  grant = asked;
  for (const times of [1, 2]) {
    member.hurry();
    await until(() => asked.mock.calls.length >= times);
  }
}

beforeAll(async () => {
  nats = await startNats();
});

afterAll(() => nats?.remove());

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'locktender-member-'));
  grant = async () => ({});
  files = async () => ok(null);
  followed = true;
  disk = Promise.resolve();
  writes = 0;
  receipts = [];
  said = await connect({ servers: nats.url });
  await listen();
  await begin();
});

afterEach(async () => {
  await member.stop();
  await said.close();
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
    files = async () => {
      await late.promise;
      return ok(null);
    };
    say(1);
    await until(() => receipts.length === 1);
    disk = slow.promise;
    writes = 0;
    say(2);
    await until(() => writes === 1);
    late.resolve();
    await until(() => writes === 2);
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
    say(1);
    await until(() => member.view().refused !== null);
    await answered(async () => ({}));
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
    let overtaken = false;
    grant = async () => {
      // Where it was told to ask while it asked, it asks twice: then the hub is at order 2.
      if (overtaken) return { sequence: 2 };
      overtaken = true;
      say(2);
      await until(() => member.view().sequence === 2);
      return { sequence: 1 };
    };
    member.hurry();
    await until(() => overtaken && holds());
    expect(member.view().trouble).toBeNull();
  });

  it('asks once more where it was told to while it asked', async () => {
    say(1);
    await until(holds);
    const asked: PromiseWithResolvers<void>[] = [];
    grant = async () => {
      const next = Promise.withResolvers<void>();
      asked.push(next);
      await next.promise;
      return {};
    };
    member.hurry();
    await until(() => asked.length === 1);
    member.hurry();
    asked[0]?.resolve();
    await until(() => asked.length === 2);
    asked[1]?.resolve();
  });

  it('never follows a hub again that went back in its epoch, also once it has counted on, also after a restart', async () => {
    say(8);
    await until(() => member.view().sequence === 8);
    grant = async () => ({ sequence: 5 });
    member.hurry();
    // On a busy machine an answer may come too late, and is asked for again.
    await until(() => member.view().trouble?.includes('went back') === true);
    expect(holds()).toBe(false);
    for (const again of [false, true]) {
      if (again) {
        await member.stop();
        await begin();
      }
      say(9);
      await answered(async () => ({ sequence: 9 }));
      expect(member.view()).toMatchObject({ sequence: 8, trouble: expect.stringContaining('went back') });
      expect(holds()).toBe(false);
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
    const asked: (readonly [epoch: string | null, held: boolean])[] = [];
    grant = async ({ epoch }) => {
      asked.push([epoch, holds()]);
      if (epoch === EPOCH) {
        say(1, A, { epoch: ANEW });
        await until(() => receipts.some((one) => one.epoch === ANEW && one.whole));
        expect(holds()).toBe(false);
      }
      return { epoch: ANEW };
    };
    member.hurry();
    await until(() => asked.length === 2 && holds());
    expect(asked).toEqual([
      [EPOCH, true],
      [ANEW, false],
    ]);
  });

  it('is without its lease from a key of passes that was withdrawn until it is granted anew', async () => {
    say(1);
    await until(holds);
    const more = { id: 'l', key: KEY.key };
    say(2, A, { pass_keys: [more, KEY] });
    await until(() => receipts.some(({ sequence, whole }) => sequence === 2 && whole));
    expect([holds(), passKeys]).toEqual([true, [more, KEY]]);
    const asked = Promise.withResolvers<void>();
    const slow = Promise.withResolvers<void>();
    grant = async () => {
      asked.resolve();
      await slow.promise;
      return { sequence: 3 };
    };
    say(3, A, { pass_keys: [more] });
    await asked.promise;
    expect([holds(), passKeys]).toEqual([false, [more]]);
    slow.resolve();
    await until(holds);
  });
});

describe('a hub and a member', () => {
  const text = Buffer.from('files');
  const archive = { digest: digestOf(text), bytes: text };
  const rest = { cause: null, files: archive, imports: null, bundle: A, categories: 'c', rules: 'r', passKeys: [] };

  /** Names that nothing makes smaller. */
  function many(count: number): Controls {
    const { publicKey } = hub;
    const mark = { by: 'ann', why: 'a drill', at: 1, until: null, change: 'c_1' };
    const names = Array.from({ length: count }, (_, n) => digestOf(Buffer.concat([publicKey, Buffer.from(`${n}`)])));
    return { ...NO_CONTROLS, version: 2, revokedPasses: Object.fromEntries(names.map((name) => [name, mark])) };
  }

  it('have an order that is larger than a message, also where nobody listened when it was said', async () => {
    await member.stop();
    await said.close();
    const own = await startNats('max_payload: 262144');
    const documents = openDocuments(mkdtempSync(join(dir, 'hub-')));
    const connection = openConnection({ servers: [own.url], name: 'hub', log: silentLog });
    const ports = { clock: systemClock, log: silentLog, meter: noMeter };
    const members = { all: () => new Map([[node.node, keyOf(node).key]]) };
    const chief = new FleetHub({
      ...{ fleet: 'main', signer: hub, members, connection, documents, leaseMs: TTL, confirmMs: 20_000, ...ports },
    });
    try {
      chief.order({ controls: { ...NO_CONTROLS, version: 1 }, ...rest });
      chief.start();
      const link = await begin(own.url);
      await until(holds);
      const large = many(10_000);
      chief.order({ controls: large, ...rest });
      expect(await chief.confirmed()).toMatchObject({ members: 1, confirmed: 1, cut_off: [] });
      expect(controls).toEqual(large);
      const stored = await (await link.current()?.buckets.open(PLACES.orders))?.get(PLACES.orderKey);
      expect(stored?.value.length).toBeLessThan(2000);
      await member.stop();
      controls = NO_CONTROLS;
      await begin(own.url);
      await until(holds);
      expect(controls).toEqual(large);
    } finally {
      await member.stop();
      await chief.stop();
      await connection.close();
      await own.remove();
    }
  }, 60_000);
});
