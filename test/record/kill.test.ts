import { expect, it } from 'vitest';
import { killLoop } from './kill-loop.ts';
import { temporaryDir } from './temporary-dir.ts';

it('T-81 loses no acknowledged entry to SIGKILL at any instant', async () => {
  const tally = await killLoop(temporaryDir(), 12, 150, Math.random);
  expect(tally.problems).toEqual([]);
  expect(tally.kills).toBe(12);
  expect(tally.acknowledged).toBeGreaterThan(100);
  expect(tally.recovered).toBeGreaterThan(0);
});
