/**
 * Decisions, cached and not, with 1, 100 and 10,000 rules that do not apply beside those that do.
 * `bin/node24 node bench/decide.ts` prints JSON; times in microseconds, the clock's own cost included.
 */

import { decide } from '../src/policy/decide.ts';
import { createDecider } from '../src/policy/decider.ts';
import { LeaseIndex } from '../src/policy/lease-index.ts';
import { bundleWith, principal, request, snapshot } from '../test/policy/fixture.ts';
import { summary, timeEach } from './measure.ts';

const CALLS = 100_000;
const WARM = 50_000;

const results = [1, 100, 10_000].map((rules) => ({ rules, ...measured(rules) }));
const clock = summary(
  timeEach(CALLS, WARM, () => 0),
  1000,
);
process.stdout.write(`${JSON.stringify({ unit: 'µs', clock, results }, null, 2)}\n`);

function measured(rules: number) {
  const bundle = bundleWith({ path: 'capabilities/net.read.bench.yaml', text: capability(rules) });
  const at = snapshot({ bundle });
  const source = { current: () => at };
  const who = principal({ class: 'code' }, bundle);
  const allowed = request('GET', 'https://docs.python.org/3/', { principal: who });
  const denied = request('POST', 'https://example.org/', { principal: who });
  const decider = createDecider({ source, leases: new LeaseIndex({ source, now: () => allowed.now }) });
  return {
    cachedAllow: summary(
      timeEach(CALLS, WARM, () => decider.decide(allowed)),
      1000,
    ),
    cachedDeny: summary(
      timeEach(CALLS, WARM, () => decider.decide(denied)),
      1000,
    ),
    uncachedAllow: summary(
      timeEach(CALLS, WARM, () => decide(allowed, at)),
      1000,
    ),
    uncachedDeny: summary(
      timeEach(CALLS, WARM, () => decide(denied, at)),
      1000,
    ),
  };
}

function capability(rules: number): string {
  const rows = Array.from({ length: rules }, (_, i) => `'host-${i}.bench.example'`);
  return `version: 1
name: net.read.bench
owner: bench
description: Rules that do not apply.
risk: low
grants:
  - { methods: read, hosts: [${rows.join(', ')}] }
`;
}
