import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Allow } from '../core/decision.ts';
import type { Fact } from '../core/fact.ts';
import type { Principal } from '../core/principal.ts';
import type { Snapshot } from '../policy/snapshot.ts';
import { Endings } from './endings.ts';
import { Exchange, type Order } from './exchange.ts';

const clock = { now: () => 1000, monotonic: () => 0 };
afterEach(() => vi.useRealTimers());

/** Allowed until `until`, by a pass that ends at `passEnd`. */
async function ended(facts: readonly Fact[], until: number, passEnd: number, wallEnd = Number.POSITIVE_INFINITY) {
  const exchange = new Exchange('d', { principal: null } as unknown as Order, {} as Snapshot, 1000);
  exchange.principal = { expiresAt: passEnd } as Principal;
  exchange.allowed = { until, facts } as unknown as Allow;
  exchange.wallEnd = wallEnd;
  const over = new Promise<void>((resolve) => exchange.onCut(resolve));
  expect(new Endings().add(clock, exchange)).not.toBeNull();
  await over;
  return { cause: exchange.cause, reason: exchange.reason, change: exchange.change };
}

describe('a flow that ends by itself', () => {
  const facts: readonly Fact[] = ['bundle:b', 'controls:c_leave', 'host:h'];

  it('names the change whose time was over before that of its pass', async () => {
    expect(await ended(facts, 1010, 5000)).toEqual({ cause: 'lease_ended', reason: 'lease_ended', change: 'c_leave' });
  });

  it('says so where it is the pass that ended, and where it is the wall time', async () => {
    expect(await ended(facts, 1010, 1010)).toEqual({ cause: 'lease_ended', reason: 'pass_expired', change: null });
    expect(await ended(facts, 5000, 5000, 1010)).toEqual({ cause: 'budget', reason: 'budget_wall', change: null });
  });

  it('has no more time when the clock is set back, and is over once a clock set forward says so', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
    for (const [step, after] of [
      [-7_200_000, 600_000],
      [3_600_000, 31_000],
    ] as const) {
      let [now, elapsed] = [1000, 0];
      const turned = { now: () => now + elapsed, monotonic: () => elapsed };
      const exchange = new Exchange('d', { principal: null } as unknown as Order, {} as Snapshot, 1000);
      exchange.principal = { expiresAt: 601_000 } as Principal;
      exchange.allowed = { until: 601_000, facts: [] } as unknown as Allow;
      new Endings().add(turned, exchange);
      now += step;
      const pass = (ms: number): void => {
        for (let at = 0; at < ms; at += 1000) {
          elapsed += 1000;
          vi.advanceTimersByTime(1000);
        }
      };
      pass(after - 1000);
      expect(exchange.isCut).toBe(false);
      pass(1000);
      expect([exchange.isCut, exchange.reason]).toEqual([true, 'pass_expired']);
    }
  });
});
