import { describe, expect, it } from 'vitest';
import type { Allow } from '../core/decision.ts';
import type { Fact } from '../core/fact.ts';
import type { Principal } from '../core/principal.ts';
import type { Snapshot } from '../policy/snapshot.ts';
import { Endings } from './endings.ts';
import { Exchange, type Order } from './exchange.ts';

const clock = { now: () => 1000 };

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
});
