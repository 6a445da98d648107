import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bundleWith,
  filesBelow,
  NOW,
  principal,
  request,
  shippedBundle,
  shippedCategories,
} from '../../test/policy/fixture.ts';
import { type ControlAction, NO_CONTROLS } from '../core/controls.ts';
import type { DecisionRequest } from '../core/decision.ts';
import type { Flow } from '../core/ports.ts';
import { expired, nextControls, withoutExpired } from './controls/control-change.ts';
import { controlEffects } from './controls/control-effects.ts';
import { decide } from './decide.ts';
import { createDecider } from './decider.ts';
import { type HeldFlow, LeaseIndex } from './lease-index.ts';
import type { Snapshot } from './snapshot.ts';

const PATH = 'capabilities/net.read.public.yaml';
const TEXT = filesBelow('rules').find((f) => f.path === PATH)?.text ?? '';
const BUNDLES = [
  shippedBundle(),
  bundleWith({ path: PATH, text: TEXT.replace('any_public_host: true', 'hosts: ["*.python.org"]') }),
];

const WHO = [
  principal({ class: 'research' }),
  principal({ class: 'code', task: 't_2', pass: 'p_2' }),
  principal({ class: 'research', tenant: 'beta', task: 't_1', pass: 'p_3', expiresAt: NOW + 50 }),
];
const URLS = [
  'https://docs.python.org/3/',
  'https://example.org/',
  'https://pastebin.com/raw',
  'https://hooks.slack.com/x',
  'https://api.acme.example/',
];

const asked = fc
  .record({
    who: fc.constantFrom(...WHO),
    method: fc.constantFrom('GET', 'POST'),
    url: fc.constantFrom(...URLS),
    resolved: fc.constantFrom(
      null,
      { addresses: ['93.184.216.34'], cnames: ['webhook.site'] },
      { addresses: ['10.0.0.1'], cnames: [] },
    ),
  })
  .map(({ who, method, url, resolved }) => request(method, url, { principal: who, resolved }));

const host = fc.constantFrom('docs.python.org', 'example.org', '*.python.org', 'pastebin.com');
const tenant = fc.constantFrom(null, 'acme', 'beta');
const action: fc.Arbitrary<ControlAction> = fc.oneof(
  fc.record({
    do: fc.constantFrom('category.block' as const, 'category.unblock' as const),
    category: fc.constantFrom('documentation', 'paste-sites', 'uncategorised', 'request-bins'),
  }),
  fc.record({
    do: fc.constantFrom('capability.revoke' as const, 'capability.restore' as const),
    capability: fc.constantFrom('net.read.public', 'net.read.approved-domains'),
  }),
  fc.record({
    do: fc.constantFrom('tenant.quarantine' as const, 'tenant.release' as const),
    tenant: fc.constantFrom('acme', 'beta'),
  }),
  fc.record({ do: fc.constant('task.kill' as const), task: fc.constantFrom('t_1', 't_2'), tenant }),
  fc.record({ do: fc.constant('pass.revoke' as const), pass: fc.constantFrom('p_1', 'p_2') }),
  fc.record({ do: fc.constantFrom('host.allow' as const, 'host.deny' as const, 'host.clear' as const), host, tenant }),
);

type Step =
  | { readonly kind: 'ask'; readonly request: DecisionRequest }
  | { readonly kind: 'change'; readonly action: ControlAction; readonly forMs: number | null }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'reload'; readonly bundle: number }
  | { readonly kind: 'end' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: asked.map((r) => ({ kind: 'ask' as const, request: r })) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('change' as const), action, forMs: fc.constantFrom(null, 10, 40) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 30 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reload' as const), bundle: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'end' as const }) },
);

/** The appliance in small: what the control plane does, in its order, without disk and sockets. */
class Bench {
  #snapshot: Snapshot = {
    bundle: BUNDLES[0] as Snapshot['bundle'],
    controls: NO_CONTROLS,
    categories: shippedCategories(),
  };
  now = NOW;
  #ids = 0;
  readonly #releases = new Map<Flow, () => void>();
  readonly leases = new LeaseIndex({ source: { current: () => this.#snapshot }, now: () => this.now });
  readonly #decider = createDecider({ source: { current: () => this.#snapshot }, leases: this.leases });

  run(of: Step): void {
    if (of.kind === 'ask') this.#ask(of.request);
    else if (of.kind === 'change') this.#change(of.action, of.forMs);
    else if (of.kind === 'wait') this.#wait(of.ms);
    else if (of.kind === 'reload') this.#reload(of.bundle);
    else this.#end();
  }

  /** No cached decision differs from one made now; no flow is alive that would be denied now. */
  check(requests: readonly DecisionRequest[]): void {
    for (const r of requests) {
      const at = { ...r, now: this.now };
      expect(this.#decider.decide(at)).toEqual(decide(at, this.#snapshot));
    }
    for (const { flow, origin } of this.leases.live()) {
      const again = origin && decide({ ...origin.request, now: this.now }, this.#snapshot);
      expect({ flow: flow.host, effect: again?.effect, mode: again?.effect === 'allow' && again.mode }).toEqual({
        flow: flow.host,
        effect: 'allow',
        mode: origin?.decision.effect === 'allow' && origin.decision.mode,
      });
    }
  }

  #ask(r: DecisionRequest): void {
    const decision = this.#decider.decide({ ...r, now: this.now });
    if (decision.effect === 'deny' || !r.principal) return;
    this.#ids += 1;
    const { task, tenant: of } = r.principal;
    const flow: Flow = {
      id: `f_${this.#ids}`,
      kind: 'tunnel',
      task,
      tenant: of,
      host: r.target.host.name,
      since: this.now,
      cut: async () => undefined,
    };
    const lease = this.leases.hold(flow, decision.facts, r);
    expect(lease).not.toBeNull();
    if (lease) this.#releases.set(flow, () => lease.release());
  }

  #change(of: ControlAction, forMs: number | null): void {
    this.#ids += 1;
    const mark = {
      by: 'ann',
      why: '',
      at: this.now,
      until: forMs === null ? null : this.now + forMs,
      change: `c_${this.#ids}`,
    };
    const next = nextControls(this.#snapshot.controls, of, mark, this.#snapshot.bundle);
    if (next.ok) this.#swap(next.value);
  }

  #wait(ms: number): void {
    this.now += ms;
    for (const action of expired(this.#snapshot.controls, this.now)) {
      this.#swap(withoutExpired(this.#snapshot.controls, action, this.now));
    }
    for (const held of this.leases.overdue()) this.leases.drop(held);
  }

  #reload(bundle: number): void {
    this.#snapshot = { ...this.#snapshot, bundle: BUNDLES[bundle] as Snapshot['bundle'] };
    for (const held of this.leases.rejudge()) this.leases.drop(held);
  }

  #end(): void {
    const [first] = this.leases.live();
    if (first) this.#releases.get(first.flow)?.();
  }

  #swap(controls: Snapshot['controls']): void {
    const effects = controlEffects(this.#snapshot.controls, controls);
    this.#snapshot = { ...this.#snapshot, controls };
    this.leases.forget([...effects.cut, ...effects.rejudge, ...effects.forget]);
    const cut = this.leases.endedBy(effects);
    for (const held of cut) {
      expect(this.#stands(held)).toBe(false);
      this.leases.drop(held);
    }
  }

  /** True when the very same decision would be made now: then there was no reason to cut. */
  #stands({ facts, origin }: HeldFlow): boolean {
    const again = origin && decide({ ...origin.request, now: this.now }, this.#snapshot);
    return again?.effect === 'allow' && JSON.stringify(again.facts) === JSON.stringify(facts);
  }
}

describe('leases, after any interleaving of decisions, changes, expiries, reloads and ends', () => {
  it('no allow outlives its facts, no cached decision is stale, and nothing is cut that still stands', () => {
    const property = fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const bench = new Bench();
      const requests: DecisionRequest[] = [];
      for (const of of steps) {
        bench.run(of);
        if (of.kind === 'ask') requests.push(of.request);
        bench.check(requests);
      }
    });
    fc.assert(property, { numRuns: 250 });
  });
});

describe('a flow after a reload', () => {
  it('is judged by its own request, not by another that was decided the same before', () => {
    const opened = (paths: string) =>
      bundleWith({ path: PATH, text: TEXT.replace('any_public_host: true', `hosts: [docs.python.org]${paths}`) });
    const categories = shippedCategories();
    let snapshot: Snapshot = { bundle: opened(''), controls: NO_CONTROLS, categories };
    const source = { current: () => snapshot };
    const leases = new LeaseIndex({ source, now: () => NOW });
    const decider = createDecider({ source, leases });
    const ask = (path: string) => {
      const asked = request('GET', `https://docs.python.org${path}`);
      const { facts } = decider.decide(asked);
      const flow = {
        id: path,
        kind: 'exchange',
        task: 't_1',
        tenant: 'acme',
        host: 'docs.python.org',
        since: NOW,
      } as const;
      leases.hold({ ...flow, cut: async () => undefined }, facts, asked);
    };
    ask('/open');
    ask('/closed');
    snapshot = { ...snapshot, bundle: opened('\n    paths: [/open]') };
    expect(leases.rejudge().map(({ flow }) => flow.id)).toEqual(['/closed']);
  });
});
