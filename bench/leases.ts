/**
 * The lease index: finding and dropping the dependants of one blocked category among live flows, half of which depend
 * on it. Index only, without sockets. `bin/node24 node bench/leases.ts` prints JSON; times in milliseconds.
 */

import { controlEffects } from '../src/policy/controls/control-effects.ts';
import { createDecider } from '../src/policy/decider.ts';
import { LeaseIndex } from '../src/policy/lease-index.ts';
import { mark, principal, request, snapshot } from '../test/policy/fixture.ts';
import { median, rounded } from './measure.ts';

const ROUNDS = 31;
const before = snapshot();
const controls = { ...before.controls, version: 1, blockedCategories: { documentation: mark() } };
const who = principal();

process.stdout.write(`${JSON.stringify([1000, 10_000, 100_000].map(measured), null, 2)}\n`);

function measured(flows: number) {
  const holds: number[] = [];
  const cuts: number[] = [];
  let missed = 0;
  let touched = 0;
  for (let round = 0; round < (flows > 10_000 ? 5 : ROUNDS); round += 1) {
    let now = before;
    const source = { current: () => now };
    const leases = new LeaseIndex({ source, now: () => requests[0]?.now ?? 0 });
    const decider = createDecider({ source, leases });
    const requests = ['https://docs.python.org/3/', 'https://example.org/'].map((url) =>
      request('GET', url, { principal: who }),
    );
    const start = performance.now();
    for (let n = 0; n < flows; n += 1) hold(leases, decider, requests[n % 2] as (typeof requests)[0], n);
    holds.push((performance.now() - start) / flows);
    const from = performance.now();
    const effects = controlEffects(before.controls, controls);
    now = { ...before, controls };
    leases.forget([...effects.cut, ...effects.forget]);
    const cut = leases.dependants(effects.cut);
    for (const held of cut) leases.drop(held);
    cuts.push(performance.now() - from);
    missed += leases.live().filter(({ flow }) => flow.host === 'docs.python.org').length;
    touched += cut.filter(({ flow }) => flow.host !== 'docs.python.org').length;
  }
  return {
    flows,
    dependants: flows / 2,
    missed,
    touched,
    holdEachMs: rounded(median(holds)),
    cutAllMs: rounded(median(cuts)),
    cutAllMaxMs: rounded(Math.max(...cuts)),
  };
}

function hold(
  leases: LeaseIndex,
  decider: ReturnType<typeof createDecider>,
  of: ReturnType<typeof request>,
  n: number,
): void {
  const decision = decider.decide(of);
  leases.hold(
    {
      id: `f_${n}`,
      kind: 'tunnel',
      task: who.task,
      tenant: who.tenant,
      host: of.target.host.name,
      since: 0,
      cut: async () => undefined,
    },
    decision.facts,
  );
}
