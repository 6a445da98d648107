/**
 * The lease model: whatever comes in whatever order (decisions, holds that come late, changes, undo, expiry, passes
 * that end, reloads), no allow outlives its facts, no cached decision differs from a fresh one, and nothing is cut that
 * would have stood.
 */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { loadCategories } from '../../src/categories/load-lists.ts';
import type { ControlAction } from '../../src/core/controls.ts';
import type { DecisionRequest } from '../../src/core/decision.ts';
import type { EventBody } from '../../src/core/event.ts';
import { ok } from '../../src/core/result.ts';
import { decide } from '../../src/policy/decide.ts';
import type { Snapshot } from '../../src/policy/snapshot.ts';
import { bundleWith, filesBelow, NOW, need, principal, request, sha256, shippedBundle } from './fixture.ts';
import { flowOf, type Plane, plane, shippedRevision } from './plane.ts';

const MINUTE = 60_000;
const PEOPLE = [
  { tenant: 'acme', task: 't_1', pass: 'p_1', class: 'research', expiresAt: NOW + 10 * MINUTE },
  { tenant: 'acme', task: 't_2', pass: 'p_2', class: 'strict' },
  { tenant: 'other', task: 't_3', pass: 'p_3', class: 'research' },
].map((over) => principal(over));
const URLS = [
  'https://docs.python.org/3/',
  'https://example.org/',
  'https://github.com/nodejs/node',
  'https://pypi.org/simple/',
];
const REQUESTS = PEOPLE.flatMap((who) => URLS.map((url) => request('GET', url, { principal: who })));

const NARROW = {
  path: 'capabilities/net.read.public.yaml',
  text: `version: 1
name: net.read.public
owner: test
description: Only one host.
risk: low
inspect: auto
grants:
  - { methods: read, hosts: ['docs.python.org'] }
`,
};
const edited = (path: string, change: (text: string) => string) => ({
  path,
  text: change(filesBelow('rules').find((file) => file.path === path)?.text ?? ''),
});
/** What is edited in files: a capability, a profile that loses one, a class that is gone, an approval, lists of categories. */
const BUNDLES = [
  shippedBundle(),
  bundleWith(NARROW),
  bundleWith(edited('profiles/research.yaml', (text) => text.replace('  - net.read.public\n', ''))),
  bundleWith(edited('classes.yaml', (text) => text.replace(/ {2}- name: strict\n.*\n.*\n/, ''))),
  bundleWith({
    path: 'policy/approved-domains/more.yaml',
    text: "version: 1\ntenants: [acme]\ndomains: ['*.python.org', { host: example.org, access: read }]\n",
  }),
];
const LISTED = need(
  loadCategories({
    files: [
      ...filesBelow('categories'),
      { path: 'lists/paste-sites/more.txt', text: '# Reviewed 2026-11-28.\nexample.org\n' },
    ],
    sha256,
  }),
);

const tenants = fc.constantFrom(null, 'acme', 'other');
const hosts = fc.constantFrom('docs.python.org', '*.python.org', 'example.org', 'pypi.org');
const hostDo = (verb: 'host.allow' | 'host.deny' | 'host.clear') =>
  fc.record({ do: fc.constant(verb), host: hosts, tenant: tenants });
const categories = fc.constantFrom('documentation', 'uncategorised', 'package-registries', 'code-hosting');
const actions: fc.Arbitrary<ControlAction> = fc.oneof(
  fc.record({ do: fc.constantFrom('category.block' as const, 'category.unblock' as const), category: categories }),
  fc.record({
    do: fc.constantFrom('capability.revoke' as const, 'capability.restore' as const),
    capability: fc.constantFrom('net.read.public', 'net.read.approved-domains'),
  }),
  fc.record({
    do: fc.constantFrom('tenant.quarantine' as const, 'tenant.release' as const),
    tenant: fc.constantFrom('acme', 'other'),
  }),
  fc.record({ do: fc.constant('task.kill' as const), task: fc.constantFrom('t_1', 't_3'), tenant: tenants }),
  fc.record({ do: fc.constant('pass.revoke' as const), pass: fc.constantFrom('p_2', 'p_3') }),
  hostDo('host.allow'),
  hostDo('host.deny'),
  hostDo('host.clear'),
);
const which = fc.nat({ max: REQUESTS.length - 1 });
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ op: fc.constant('open' as const), which }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('decide' as const), which }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('hold' as const), which: fc.nat({ max: 5 }) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      op: fc.constant('act' as const),
      action: actions,
      forMs: fc.constantFrom(null, MINUTE, 3 * MINUTE),
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('undo' as const), back: fc.nat({ max: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('wait' as const), minutes: fc.integer({ min: 1, max: 6 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('reload' as const),
      which: fc.nat({ max: BUNDLES.length - 1 }),
      listed: fc.boolean(),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** Everything that was ever in force, and when. */
interface Moment {
  readonly snapshot: Snapshot;
  readonly now: number;
}

class World {
  readonly #plane: Plane;
  readonly #moments: Moment[] = [];
  readonly #opened = new Map<
    string,
    { readonly request: DecisionRequest; readonly from: number; readonly facts: readonly string[] }
  >();
  readonly #late: ReturnType<typeof decide>[] = [];
  readonly #lateRequests: DecisionRequest[] = [];
  #checked = 0;

  constructor(at: Plane) {
    this.#plane = at;
    this.note();
  }

  note(): void {
    this.#moments.push({ snapshot: this.#plane.control.current(), now: this.#plane.clock.now });
  }

  async take(step: Step): Promise<unknown> {
    const { control, decider, clock } = this.#plane;
    switch (step.op) {
      case 'open':
        return this.#hold(this.#asked(step.which), decider.decide(this.#asked(step.which)));
      case 'decide':
        this.#lateRequests.push(this.#asked(step.which));
        return this.#late.push(decider.decide(this.#asked(step.which)));
      case 'hold': {
        const [decision, asked] = [this.#late[step.which], this.#lateRequests[step.which]];
        return decision && asked ? this.#hold(asked, decision) : null;
      }
      case 'act':
        return this.#plane.act(step.action, { forMs: step.forMs });
      case 'undo':
        return control.undo(control.changes().changes[step.back]?.change ?? 'none', { by: 'bob', why: 'test' });
      case 'wait':
        clock.now += step.minutes * MINUTE;
        return control.settle();
      case 'reload':
        return control.reload(ok(this.#revision(step)));
    }
  }

  #revision({ which, listed }: { readonly which: number; readonly listed: boolean }) {
    const shipped = shippedRevision();
    return { bundle: BUNDLES[which] ?? shipped.bundle, categories: listed ? LISTED : shipped.categories };
  }

  /** What must hold whenever nothing is under way. */
  check(): void {
    this.note();
    const { control, leases, decider, cut } = this.#plane;
    const snapshot = control.current();
    for (const { flow } of leases.live()) {
      const of = this.#opened.get(flow.id);
      if (of)
        expect({ flow: flow.id, effect: decide(this.#at(of.request), snapshot).effect }).toMatchObject({
          effect: 'allow',
        });
    }
    for (const asked of REQUESTS) {
      const [cached, fresh] = [decider.decide(this.#at(asked)), decide(this.#at(asked), snapshot)];
      expect([cached.effect, cached.reason]).toEqual([fresh.effect, fresh.reason]);
    }
    for (const id of cut.slice(this.#checked))
      expect({ id, wouldStand: this.#stood(id) }).toEqual({ id, wouldStand: false });
    this.#checked = cut.length;
  }

  #hold(asked: DecisionRequest, decision: ReturnType<typeof decide>): boolean {
    if (decision.effect === 'deny') return false;
    const id = `f_${this.#opened.size}`;
    const lease = this.#plane.leases.hold(flowOf(id, asked, this.#plane.cut), decision.facts, asked);
    if (!lease) return false;
    const held = this.#plane.leases.live().find(({ flow }) => flow.id === id);
    this.#opened.set(id, { request: asked, from: this.#moments.length - 1, facts: held?.facts ?? [] });
    return true;
  }

  /** Whether a flow was allowed on what it stood on, in the same way, at every moment of its life. */
  #stood(id: string): boolean {
    const of = this.#opened.get(id);
    if (!of) throw new Error(`flow ${id} was never opened`);
    const modes = new Set<string>();
    const facts = new Set(of.facts);
    let policy = this.#moments[of.from]?.snapshot;
    return this.#moments.slice(of.from).every(({ snapshot, now }) => {
      const decision = decide({ ...of.request, now }, snapshot);
      if (decision.effect === 'allow') modes.add(decision.mode);
      const stood =
        decision.effect === 'allow' && modes.size === 1 && [...facts].every((f) => !revokedSince(f, snapshot));
      // A reload judges every flow again: from then on it stands on what that found.
      if (policy?.bundle !== snapshot.bundle || policy.categories !== snapshot.categories) {
        for (const found of decision.facts) facts.add(found);
        policy = snapshot;
      }
      return stood;
    });
  }

  #at(asked: DecisionRequest): DecisionRequest {
    return { ...asked, now: this.#plane.clock.now };
  }

  #asked(which: number): DecisionRequest {
    return this.#at(REQUESTS[which] ?? (REQUESTS[0] as DecisionRequest));
  }
}

/** A capability that it stood on was revoked: that ends it, although another might allow it anew. */
function revokedSince(of: string, { controls }: Snapshot): boolean {
  const [kind, name = ''] = of.split(/:(.*)/s);
  return kind === 'capability' && Object.hasOwn(controls.revokedCapabilities, name);
}

/** The record, that also takes note of what is in force whenever it is written. */
function watched(note: () => void): EventBody[] {
  const events: EventBody[] = [];
  events.push = (...more) => {
    note();
    return Array.prototype.push.apply(events, more);
  };
  return events;
}

it('no allow outlives its facts, and nothing else is touched, after any interleaving', {
  timeout: 120_000,
}, async () => {
  const runs = Number(process.env['LEASE_RUNS'] ?? 60);
  const batches = fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 12 });
  let flows = 0;
  await fc.assert(
    fc.asyncProperty(batches, async (steps) => {
      let world: World | null = null;
      const at = await plane(
        undefined,
        watched(() => world?.note()),
      );
      try {
        world = new World(at);
        for (const batch of steps) {
          // Begun together: they interleave where they wait.
          await Promise.all(batch.map((one) => world?.take(one)));
          world.check();
        }
        flows += at.cut.length;
      } finally {
        await at.remove();
      }
    }),
    { numRuns: runs },
  );
  // The model is of no use when nothing is ever cut in it.
  expect(flows).toBeGreaterThan(runs / 4);
});
