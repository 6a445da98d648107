/** The cut on real sockets: flows of four kinds, half of them of what is ended (bench/cut.ts, smaller). */

import { expect, it } from 'vitest';
import { cutScenario } from '../../bench/cut/scenario.ts';

it.each([
  ['block', 'of the blocked category', 'category:news'],
  ['quarantine', 'of the tenant in quarantine', 'tenant:lost'],
] as const)(
  '%s cuts every flow %s, of every kind, and none of the others',
  { timeout: 120_000 },
  async (act, _, fact) => {
    const report = await cutScenario(act, 40, 300);
    expect(report.kinds).toEqual(
      ['tunnel', 'inspected', 'websocket', 'sse'].map((kind) => ({ kind, lostAlive: 0, keptAlive: 5, each: 5 })),
    );
    expect(report.keptMoving).toBe(20);
    expect(report.receipt).toMatchObject({ facts: [fact], missed: [] });
    expect(report.receipt['cut']).toBe(report.receipt['dependants']);
    expect(report.receipt['cut']).toBeGreaterThanOrEqual(20);
  },
);
