import { beforeEach, describe, expect, it } from 'vitest';
import { MemberLease } from './lease.ts';

const TTL = 60_000;
let now = { monotonic: 0, wall: 0, sleeping: 0 };
let lease: MemberLease;

/** All clocks go on; `only`: as they do on a machine that sleeps, or whose clock is set. */
function pass(ms: number, only: readonly (keyof typeof now)[] = ['monotonic', 'wall', 'sleeping']): void {
  for (const clock of only) now = { ...now, [clock]: now[clock] + ms };
}

beforeEach(() => {
  now = { monotonic: 5_000, wall: 1_800_000_000_000, sleeping: 900_000 };
  const clock = { now: () => now.wall, monotonic: () => now.monotonic };
  lease = new MemberLease(clock, TTL, () => now.sleeping);
});

describe('a member’s lease', () => {
  it('holds nothing before an order is applied, however often the hub agrees', () => {
    lease.grant(lease.instant(), TTL, 3);
    expect(lease.left()).toBe(0);
    lease.applied(2);
    expect(lease.left()).toBe(0);
    lease.applied(3);
    expect(lease.left()).toBe(TTL);
  });

  it('runs from before the question: an answer that was held back is worth what is left of it', () => {
    lease.applied(1);
    const asked = lease.instant();
    pass(45_000);
    lease.grant(asked, TTL, 1);
    expect(lease.check()).toBe(15_000);
    pass(15_000);
    expect(lease.check()).toBe(0);
  });

  it('goes on under the lease that it has while a newer order is not applied yet, and no longer', () => {
    lease.applied(1);
    lease.grant(lease.instant(), TTL, 1);
    pass(20_000);
    lease.grant(lease.instant(), TTL, 2);
    expect(lease.check()).toBe(40_000);
    pass(40_000);
    expect(lease.check()).toBe(0);
    lease.applied(2);
    expect(lease.check()).toBe(20_000);
  });

  it('never lasts longer than this node lets it', () => {
    lease.applied(1);
    lease.grant(lease.instant(), 300_000, 1);
    expect(lease.left()).toBe(TTL);
  });

  it.each([
    ['the machine slept', ['sleeping'], 0],
    ['the machine slept and its clock went on', ['sleeping', 'wall'], 0],
    ['the clock was set forward', ['wall'], 0],
    ['only time awake passed by a clock that was set back', ['monotonic'], 0],
  ] as const)('is over where %s', (_, clocks, left) => {
    lease.applied(1);
    lease.grant(lease.instant(), TTL, 1);
    pass(TTL + 50, [...clocks]);
    expect(lease.check()).toBe(left);
  });

  it('is over at once where what was ordered did not come into force', () => {
    lease.applied(1);
    lease.grant(lease.instant(), TTL, 1);
    lease.void();
    lease.grant(lease.instant(), TTL, 1);
    expect(lease.left()).toBe(0);
  });
});
