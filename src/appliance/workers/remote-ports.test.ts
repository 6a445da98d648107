import { expect, it } from 'vitest';
import { principal } from '../../../test/policy/fixture.ts';
import { RemotePasses, type Upward } from './remote-ports.ts';

it('T-49 a pass that a worker knows lives no longer where the clock is set back', async () => {
  const pass = principal({ expiresAt: 60_000 });
  let asked = 0;
  const ask = async () => {
    asked += 1;
    return { outcome: { ok: true, value: pass }, pathKey: null };
  };
  const clock = { at: 0, elapsed: 500, now: () => clock.at, monotonic: () => clock.elapsed };
  const passes = new RemotePasses({ ask } as unknown as Upward, clock, new Uint8Array(32));
  const verified = async (at: number, elapsed: number) => {
    Object.assign(clock, { at, elapsed });
    return (await passes.verify('token')).ok;
  };
  expect(await verified(0, 500)).toBe(true);
  expect(await verified(-30_000, 60_499)).toBe(true);
  expect(await verified(-30_000, 60_500)).toBe(false);
  expect(await verified(60_000, 501)).toBe(false);
  expect(asked).toBe(1);
});

it('T-49 what a worker knows of passes is asked anew once it was forgotten, also what was under way', async () => {
  const answer = { outcome: { ok: true, value: principal({ expiresAt: 60_000 }) }, pathKey: null };
  const asked: PromiseWithResolvers<typeof answer>[] = [];
  const ask = () => {
    const next = Promise.withResolvers<typeof answer>();
    asked.push(next);
    return next.promise;
  };
  const clock = { now: () => 0, monotonic: () => 0 };
  const passes = new RemotePasses({ ask } as unknown as Upward, clock, new Uint8Array(32));
  const early = passes.verify('token');
  passes.forget();
  asked[0]?.resolve(answer);
  await early;
  const again = passes.verify('token');
  expect(asked).toHaveLength(2);
  asked[1]?.resolve(answer);
  await again;
  await passes.verify('token');
  expect(asked).toHaveLength(2);
  passes.forget();
  void passes.verify('token');
  expect(asked).toHaveLength(3);
});
