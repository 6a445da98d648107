/** The cut on real sockets: flows of four kinds, half of them in the category that is blocked (bench/cut.ts, smaller). */

import { expect, it } from 'vitest';
import { cutScenario } from '../../bench/cut/scenario.ts';

it('cuts every flow of the blocked category, of every kind, and none of the others', { timeout: 120_000 }, async () => {
  const report = await cutScenario(40, 300);
  expect(report.kinds).toEqual(
    ['tunnel', 'inspected', 'websocket', 'sse'].map((kind) => ({ kind, lostAlive: 0, keptAlive: 5, each: 5 })),
  );
  expect(report.keptMoving).toBe(20);
  expect(report.receipt).toMatchObject({ facts: ['category:news'], missed: [] });
  expect(report.receipt['cut']).toBe(report.receipt['dependants']);
  expect(report.receipt['cut']).toBeGreaterThanOrEqual(20);
});
