import { expect, it } from 'vitest';
import { execute, PROGRAM } from './running-appliance.ts';

it('the tour observes every step and ends with 0', async () => {
  const ran = await execute([PROGRAM, 'tour', '--json']);
  const { ok, steps } = JSON.parse(ran.stdout) as { ok: boolean; steps: { step: string; observed: boolean }[] };
  expect(steps.filter((s) => !s.observed)).toEqual([]);
  expect(steps.length).toBe(7);
  expect({ ok, code: ran.code }).toEqual({ ok: true, code: 0 });
}, 60_000);
