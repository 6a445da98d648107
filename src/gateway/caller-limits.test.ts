import { expect, test } from 'vitest';
import { CallerLimits } from './caller-limits.ts';

const acme = { id: 'cert/agent', tenant: 'acme' };
const globex = { id: 'cert/agent', tenant: 'globex' };

test('callers of two tenants that have one name do not use up what is the other’s', () => {
  const limits = new CallerLimits({ rate: 1, burst: 2, concurrency: 1 }, { monotonic: () => 0 });
  const release = limits.enter(acme);
  expect(release).not.toBeNull();
  expect(limits.enter(acme)).toBeNull();
  expect(limits.enter(globex)).not.toBeNull();
  release?.();
  expect(limits.enter(acme)).not.toBeNull();
});
