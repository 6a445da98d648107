import { beforeEach, describe, expect, it } from 'vitest';
import type { FleetReceipt, LeaseAsk } from './messages.ts';
import { Roster } from './roster.ts';

const LEASE = 60_000;
const EPOCH = '1'.repeat(26);
let at = { now: 0, monotonic: 0 };
const clock = { now: () => at.now, monotonic: () => at.monotonic };
let roster: Roster;

function pass(ms: number): void {
  at = { now: at.now + ms, monotonic: at.monotonic + ms };
}

function receipt(node: string, sequence: number, more: Partial<FleetReceipt> = {}): FleetReceipt {
  const counted = { live: 4, dependants: 2, cut: 2, missed: [], decisions: 0, slowest_ms: 3 };
  return { fleet: 'main', epoch: EPOCH, node, sequence, ...counted, whole: true, refused: null, ...more };
}

function ask(node: string, sequence: number, more: Partial<LeaseAsk> = {}): LeaseAsk {
  return { fleet: 'main', node, nonce: 'n', epoch: EPOCH, sequence, version: '1', receipt: null, ...more };
}

const ONE = '1'.repeat(32);
const TWO = '2'.repeat(32);

const confirmed = (sequence: number, nodes: readonly string[]) =>
  roster.confirmed(sequence, nodes, { withinMs: 0, since: at.monotonic });

beforeEach(() => {
  at = { now: 1_800_000_000_000, monotonic: 5000 };
  roster = new Roster(clock, { before: 0, longest: LEASE });
});

describe('what the hub knows of its members', () => {
  it('sums what they did, and names who did not confirm with the time from which it denies', async () => {
    for (const node of ['a', 'b']) roster.asked(ask(node, 1), LEASE);
    pass(1000);
    roster.receipt(receipt('a', 2));
    expect(await confirmed(2, ['a', 'b', 'c'])).toEqual({
      ...{
        members: 3,
        confirmed: 1,
        denying: 1,
        live: 4,
        dependants: 2,
        cut: 2,
        missed: 0,
        slowest_ms: 3,
        confirmed_ms: 0,
      },
      cut_off: [{ node: 'b', denies_from: at.now + LEASE - 1000 }],
    });
  });

  it('counts a lease as running however the clock of the hub is set (T-82)', async () => {
    roster.asked(ask('a', 1), LEASE);
    at = { ...at, now: at.now + 3_600_000 };
    expect(await confirmed(2, ['a'])).toMatchObject({ denying: 0, cut_off: [{ node: 'a' }] });
    expect(roster.leased()).toEqual(['a']);
    pass(LEASE);
    expect(await confirmed(2, ['a'])).toMatchObject({ denying: 1, cut_off: [] });
    expect(roster.leased()).toEqual([]);
  });

  it('takes leases of before its start for running until they must be over', async () => {
    roster = new Roster(clock, { before: LEASE, longest: LEASE });
    expect(await confirmed(1, ['a'])).toMatchObject({ cut_off: [{ node: 'a', denies_from: at.now + LEASE }] });
    pass(LEASE);
    expect(await confirmed(1, ['a'])).toMatchObject({ denying: 1 });
  });

  it('learns nothing from what is said again later (T-82)', () => {
    roster.receipt(receipt('a', 1));
    pass(1000);
    roster.receipt(receipt('a', 2, { refused: 'of another version' }));
    const heardAt = at.now;
    pass(1000);
    roster.receipt(receipt('a', 1));
    expect(roster.stateOf('a')).toMatchObject({ refused: 'of another version', sequence: 2, heardAt });
  });

  it('shows files that were refused where none are in force, and does not count the order as whole', () => {
    roster.receipt(receipt('a', 1, { whole: false, refused: 'of another version' }));
    expect(roster.stateOf('a')).toMatchObject({ refused: 'of another version', sequence: -1 });
  });

  it('grants nothing to who follows another epoch', () => {
    roster.asked(ask('a', 7), null);
    expect(roster.stateOf('a')).toMatchObject({ sequence: -1, heardAt: at.now, leaseUntil: at.now });
  });

  it('takes a change for confirmed by a copied machine only once both copies have it (T-82)', async () => {
    roster.asked(ask('a', 1, { run: ONE, count: 1 }), LEASE);
    roster.asked(ask('a', 1, { run: TWO, count: 1 }), LEASE);
    roster.receipt(receipt('a', 2, { run: ONE }));
    expect(await confirmed(2, ['a'])).toMatchObject({ confirmed: 0, denying: 0, cut: 2, cut_off: [{ node: 'a' }] });
    expect(roster.stateOf('a').sequence).toBe(1);
    roster.receipt(receipt('a', 2, { run: TWO }));
    expect(await confirmed(2, ['a'])).toMatchObject({ confirmed: 1, cut: 4, cut_off: [] });
    roster.receipt(receipt('a', 3, { run: ONE }));
    pass(LEASE);
    expect(await confirmed(3, ['a'])).toMatchObject({ confirmed: 1, cut_off: [] });
  });

  it('tells two machines with one key from one that was started again', () => {
    roster.asked(ask('a', 1, { run: ONE, count: 1 }), LEASE);
    roster.asked(ask('a', 1, { run: TWO, count: 1 }), LEASE);
    roster.asked(ask('a', 1, { run: TWO, count: 2 }), LEASE);
    expect(roster.stateOf('a').doubled).toBe(false);
    roster.asked(ask('a', 1, { run: ONE, count: 2 }), LEASE);
    expect(roster.stateOf('a').doubled).toBe(true);
    pass(LEASE);
    expect(roster.stateOf('a').doubled).toBe(false);
  });

  it('waits no longer for one that gave its lease back, and hears nothing more of that run (T-82)', async () => {
    roster.asked(ask('a', 1, { run: ONE, count: 1 }), LEASE);
    expect(roster.asked(ask('a', 1, { run: ONE, count: 2, leaving: true }), LEASE)).toBe(false);
    expect(await confirmed(2, ['a'])).toMatchObject({ confirmed: 0, denying: 1, cut_off: [] });
    expect(roster.asked(ask('a', 2, { run: ONE, count: 3 }), LEASE)).toBe(false);
    expect(roster.leased()).toEqual([]);
  });

  it('grants nothing to a question that NATS says again (T-82)', () => {
    expect(roster.asked(ask('a', 1, { run: ONE, count: 1 }), LEASE)).toBe(true);
    pass(LEASE);
    expect(roster.asked(ask('a', 1, { run: ONE, count: 1 }), LEASE)).toBe(false);
    expect(roster.leased()).toEqual([]);
  });

  it('forgets runs whose lease is over, and grants none to more than may be of one name', () => {
    const run = (n: number) => n.toString(16).padStart(32, '0');
    const asks = (n: number) => roster.asked(ask('a', 1, { run: run(n), count: 1 }), LEASE);
    for (let n = 0; n < 64; n++) expect(asks(n)).toBe(true);
    expect(asks(64)).toBe(false);
    pass(LEASE);
    expect(asks(64)).toBe(true);
  });

  it('hears members of before, which do not name their run', async () => {
    for (const sequence of [1, 2]) expect(roster.asked(ask('a', sequence), LEASE)).toBe(true);
    expect(await confirmed(2, ['a'])).toMatchObject({ confirmed: 1, cut_off: [] });
    expect(roster.stateOf('a').doubled).toBe(false);
  });
});
