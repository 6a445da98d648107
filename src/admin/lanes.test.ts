import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { lanes } from './lanes.ts';

test('each lane keeps its order, one at a time, whatever fails', async () => {
  for (const name of ['controlsInTurn', 'othersInTurn'] as const) {
    const inTurn = lanes()[name];
    const seen: string[] = [];
    const act = (what: string, fails = false) =>
      inTurn(async () => {
        seen.push(`${what} begins`);
        await setImmediate();
        seen.push(`${what} ends`);
        if (fails) throw new Error(what);
      });
    const all = await Promise.allSettled([act('a'), act('b', true), act('c')]);
    expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  }
});

test('what takes its time stands back while a control is being changed, and not the other way round', async () => {
  const { controlsInTurn, othersInTurn } = lanes();
  const seen: string[] = [];
  const other = (name: string) => othersInTurn(async () => void seen.push(name));
  const control = async (name: string) => {
    await controlsInTurn(async () => {
      for (let i = 0; i < 20; i += 1) await setImmediate();
      seen.push(name);
    });
  };
  await Promise.all([other('reload 1'), other('reload 2'), control('cut 1'), control('cut 2')]);
  expect(seen).toEqual(['cut 1', 'cut 2', 'reload 1', 'reload 2']);
});
