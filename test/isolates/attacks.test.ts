import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Egress } from '../../src/core/ports.ts';
import type { Principal } from '../../src/core/principal.ts';
import { joinBindings } from '../../src/isolates/bindings/binding-part.ts';
import { fetchBinding } from '../../src/isolates/bindings/fetch-binding.ts';
import { createIsolatePool, type IsolatePool } from '../../src/isolates/pool.ts';
import type { TaskOrder } from '../../src/isolates/task-order.ts';
import { programOf } from './attack.ts';
import { ATTACKS } from './attacks.ts';
import { PLATFORM_ATTACKS } from './platform-attacks.ts';

const clock = { now: () => Date.now(), monotonic: () => performance.now() };
const limits = { wall_ms: 500, cpu_ms: 250, memory_mb: 16, output_bytes: 50_000 };
/** For those that must end by themselves, however busy the machine is. */
const patient = { ...limits, wall_ms: 10_000, cpu_ms: 5000 };
/** Beyond its wall time: noticing, killing, telling. Loose, as the machine may be busy. */
const GRACE_MS = 5000;
const egress: Egress = {
  fetch: async () => ({
    ok: false,
    error: { reason: 'default_deny', status: 403, message: 'no', decision: 'd_1', wouldAllow: [] },
  }),
};

let pool: IsolatePool;
let serial = 0;

beforeAll(async () => {
  pool = createIsolatePool({ clock, settings: { hosts: 5, spares: 2, slots: 1, ahead: 1, memoryMb: 16 } });
  expect(await pool.ready(20_000)).toBe(true);
});
afterAll(() => pool.close());

function order(tenant: string, code: string, limits: TaskOrder['limits']): TaskOrder {
  serial += 1;
  const usage = { requests: 0, bytes: 0 };
  const principal = { task: 't', tenant } as Principal;
  const fetching = fetchBinding({ egress, principal, usage, onDecision: () => undefined });
  const bindings = joinBindings([fetching], { storage: false, tools: [], usage });
  return { task: `a${serial}`, tenant, language: 'js', input: 'null', limits, bindings, code, queue_ms: 30_000 };
}

describe('hostile programs', () => {
  test.concurrent.each([...ATTACKS, ...PLATFORM_ATTACKS])('$name', async (attack) => {
    const given = attack.ends.includes('timeout') ? limits : patient;
    const outcome = await pool.run(order('hostile', programOf(attack), given));
    expect(attack.ends).toContain(outcome.status);
    expect(outcome.usage.wall_ms).toBeLessThan(given.wall_ms + GRACE_MS);
    const text = JSON.stringify(outcome);
    expect(text.length).toBeLessThan(200_000);
    expect(text).not.toMatch(/host-entry|isolate-slot|node_modules|node:internal/);
  });

  test('T-62 another tenant does not notice, and the pool serves on', async () => {
    for (const tenant of ['calm', 'hostile', 'calm']) {
      const outcome = await pool.run(order(tenant, 'export default () => 7;', patient));
      expect(outcome).toMatchObject({ status: 'completed', result: '7' });
    }
    expect(pool.stats()).toMatchObject({ running: 0, queued: 0 });
  });
});
