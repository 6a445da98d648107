import { expect, it } from 'vitest';
import { heapInUse } from '../../test/collected.ts';
import { request, snapshot } from '../../test/policy/fixture.ts';
import { createDecider } from './decider.ts';
import { LeaseIndex } from './lease-index.ts';

it('T-48 a decision that is remembered keeps nothing of the heads that its question stood in', () => {
  const at = snapshot();
  const source = { current: () => at };
  const decider = createDecider({ source, leases: new LeaseIndex({ source, now: () => 0 }) });
  const ask = (i: number) => {
    const head = `A-METHOD-OF-MY-OWN-${i} ${'x'.repeat(20_000)}`;
    const method = head.slice(0, head.indexOf(' '));
    const nobody = { principal: null, passProblem: 'pass_missing' } as const;
    return decider.decide({ ...request('GET', 'https://docs.example.org/', nobody), method }).effect;
  };
  ask(0);
  const before = heapInUse();
  for (let i = 1; i <= 200; i += 1) expect(ask(i)).toBe('deny');
  expect(heapInUse() - before).toBeLessThan(2e6);
  expect(decider.counts.misses).toBe(201);
});

it('T-48 an allow that is remembered keeps what was decided, not the path and query that were asked', () => {
  const at = snapshot();
  const source = { current: () => at };
  const leases = new LeaseIndex({ source, now: () => 0 });
  const decider = createDecider({ source, leases });
  const ask = (i: number) => {
    const query = 'x'.repeat(20_000 + i);
    return decider.decide(request('GET', `https://v${i}.docs.python.org/?${query}`));
  };
  ask(0);
  const before = heapInUse();
  const kept = Array.from({ length: 200 }, (_, i) => ask(i + 1));
  expect(heapInUse() - before).toBeLessThan(2e6);
  expect(kept.map(({ facts, effect }) => [effect, leases.decidedBy(facts) !== null])).toEqual(
    kept.map(() => ['allow', true]),
  );
});
