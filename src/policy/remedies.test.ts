/**
 * What `would_allow` offers is true: each offer, carried out in the files, controls and pass that it names, allows the very
 * request; and no fewer changes of the kinds that are offered would have. (An override of a host is no such kind: it opens
 * more than was asked for.) What is offered instead of the request is allowed as things are.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bundleWith, controls, filesBelow, mark, principal, request, snapshot } from '../../test/policy/fixture.ts';
import type { Controls } from '../core/controls.ts';
import type { DecisionRequest, Deny } from '../core/decision.ts';
import type { Bundle, BundleFile } from './bundle/bundle.ts';
import { decide } from './decide.ts';

const INTERNAL = {
  path: 'capabilities/net.write.internal.yaml',
  text: `version: 1
name: net.write.internal
owner: test
description: d
risk: high
grants:
  - { methods: read, hosts: [db.corp.example, '10.1.2.3'] }
  - { methods: write, hosts: [db.corp.example, pastebin.com], ports: [443] }
private_destinations: [10.9.0.0/16]
`,
};
const rules = new Map([...filesBelow('rules'), INTERNAL].map((file) => [file.path, file.text]));
const text = (path: string): string => rules.get(path) ?? '';
const base = bundleWith(INTERNAL);

interface World {
  readonly edits: ReadonlyMap<string, string>;
  readonly controls: Controls;
  readonly asked: DecisionRequest;
}
type Change = (world: World) => World;

const edit = (path: string, change: (before: string) => string): Change => {
  return (w) => ({ ...w, edits: new Map(w.edits).set(path, change(w.edits.get(path) ?? text(path))) });
};
const who = (over: Partial<NonNullable<DecisionRequest['principal']>>): Change => {
  return (w) => ({ ...w, asked: { ...w.asked, principal: w.asked.principal && { ...w.asked.principal, ...over } } });
};
const control = (change: (before: Controls) => Partial<Controls>): Change => {
  return (w) => ({ ...w, controls: { ...w.controls, ...change(w.controls) } });
};
const without = <T>(record: Readonly<Record<string, T>>, name: string): Readonly<Record<string, T>> =>
  Object.fromEntries(Object.entries(record).filter(([key]) => key !== name));

/** Each kind of offer: its words, and how a person would carry it out. */
const KINDS: readonly (readonly [RegExp, (...named: string[]) => Change])[] = [
  [/^a new task$/, () => who({ task: 't_new' })],
  [/^a new pass$/, () => who({ pass: 'p_new' })],
  [/^tenant `(.+)` released$/, (t) => control((c) => ({ quarantinedTenants: without(c.quarantinedTenants, t) }))],
  [/^capability `(.+)` restored$/, (n) => control((c) => ({ revokedCapabilities: without(c.revokedCapabilities, n) }))],
  [
    /^the override of host `(.+)` cleared$/,
    (h) => control((c) => ({ hostOverrides: c.hostOverrides.filter(({ host }) => host !== h) })),
  ],
  [
    /^category `(.+)` unblocked$/,
    (n) =>
      control((c) => ({
        blockedCategories: without(c.blockedCategories, n),
        unblockedCategories: { ...c.unblockedCategories, [n]: mark() },
      })),
  ],
  [
    /^host `(.+)` approved for tenant `(.+)`$/,
    (host, tenant) =>
      edit(
        `policy/approved-domains/${tenant}-more.yaml`,
        () => `version: 1\ntenants: [${tenant}]\ndomains: ['${host}']\n`,
      ),
  ],
  [
    /^(`.+`) among the private destinations of capability `(.+)`$/,
    (list, name) =>
      edit(`capabilities/${name}.yaml`, (before) =>
        before.includes('private_destinations: [')
          ? before.replace('private_destinations: [', `private_destinations: [${quoted(list)}, `)
          : `${before}private_destinations: [${quoted(list)}]\n`,
      ),
  ],
  [/^capability `(.+)` \(.+\)$/, (name) => (w) => held(name)(w)],
];

/** Each kind of request that is offered instead, as an agent would send it. */
const INSTEAD: readonly (readonly [
  RegExp,
  (asked: DecisionRequest, ...named: string[]) => Partial<DecisionRequest>,
])[] = [
  [/^method `GET` (without .+)$/, (asked, rest = '') => ({ method: 'GET', upgrade: '', ...leftOut(asked, rest) })],
  [/^the request (without .+)$/, (asked, rest = '') => leftOut(asked, rest)],
  [
    /^scheme `(.+?)`( at port 443)?$/,
    ({ target }, scheme, port = '') => ({
      target: { ...target, scheme: scheme as 'https', port: port || target.port === 80 ? 443 : target.port },
    }),
  ],
  [/^port 443$/, ({ target }) => ({ target: { ...target, port: 443 } })],
];

const quoted = (list: string) => list.replaceAll('`', "'");

/** The profile holds it, and the pass was issued with it. */
function held(name: string): Change {
  return (w) => {
    const { profile = '', capabilities = [] } = w.asked.principal ?? {};
    const add = (before: string) =>
      before.includes(`- ${name}\n`) ? before : before.replace('capabilities:\n', `capabilities:\n  - ${name}\n`);
    return who({ capabilities: [...capabilities, name] })(edit(`profiles/${profile}.yaml`, add)(w));
  };
}

function changeOf(words: string): Change {
  for (const [shape, make] of KINDS) {
    const found = shape.exec(words);
    if (found) return make(...found.slice(1));
  }
  throw new Error(`no person could carry out: ${words}`);
}

function leftOut({ query, hasBody }: DecisionRequest, words: string): Partial<DecisionRequest> {
  return {
    hasBody: hasBody === true && !words.includes('without a body'),
    query: words.includes('the name of a method in its query') ? '' : query,
  };
}

function askedInstead(asked: DecisionRequest, words: string): DecisionRequest {
  for (const [shape, make] of INSTEAD) {
    const found = shape.exec(words);
    if (found) return { ...asked, ...make(asked, ...found.slice(1)) };
  }
  throw new Error(`no agent could ask: ${words}`);
}

const compiled = new Map<string, Bundle>();
function bundleOf(edits: World['edits']): Bundle {
  if (edits.size === 0) return base;
  const key = JSON.stringify([...edits].sort());
  const files = [...edits].map(([path, body]): BundleFile => ({ path, text: body }));
  const made = compiled.get(key) ?? bundleWith(...(edits.has(INTERNAL.path) ? [] : [INTERNAL]), ...files);
  compiled.set(key, made);
  return made;
}

const answer = (w: World) => decide(w.asked, snapshot({ bundle: bundleOf(w.edits), controls: w.controls }));

const CAPABILITIES = [
  'net.read.public',
  'net.read.approved-domains',
  'net.write.approved-domains',
  'net.write.internal',
];
const ADDRESSES = '`10.1.2.3`, `10.9.9.9`, `192.168.0.7`';

/** Every single change of the kinds that are offered, that could matter to this request. */
function universe(w: World): Change[] {
  const { categories } = answer(w);
  const c = w.controls;
  return [
    who({ task: 't_new' }),
    who({ pass: 'p_new' }),
    ...Object.keys(c.quarantinedTenants).map((t) => changeOf(`tenant \`${t}\` released`)),
    ...Object.keys(c.revokedCapabilities).map((n) => changeOf(`capability \`${n}\` restored`)),
    ...c.hostOverrides
      .filter((o) => o.effect === 'deny')
      .map((o) => changeOf(`the override of host \`${o.host}\` cleared`)),
    ...categories.map((n) => changeOf(`category \`${n}\` unblocked`)),
    changeOf(`host \`${w.asked.target.host.name}\` approved for tenant \`acme\``),
    ...CAPABILITIES.map(held),
    ...CAPABILITIES.map((n) => changeOf(`${ADDRESSES} among the private destinations of capability \`${n}\``)),
  ];
}

const some = <T>(...values: T[]) => fc.subarray(values, { maxLength: 2 });
const marks = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, mark()]));
const worlds = fc
  .record({
    class: fc.constantFrom('strict', 'research', 'code'),
    risk: fc.constantFrom(0, 0, 55),
    method: fc.constantFrom('GET', 'GET', 'POST'),
    url: fc.constantFrom(
      'https://example.org/',
      'https://pastebin.com/x',
      'https://db.corp.example/',
      'https://pypi.org/simple/',
      'https://10.1.2.3/',
      'https://api.acme.example/',
      'https://hooks.slack.com/services/x',
      'http://example.org:8080/',
    ),
    addresses: fc.constantFrom(null, null, ['10.1.2.3'], ['10.9.9.9'], ['10.1.2.3', '192.168.0.7']),
    blocked: some('uncategorised', 'package-registries'),
    revoked: some('net.read.public', 'net.write.internal', 'net.write.approved-domains'),
    allowed: some('db.corp.example', '*.corp.example'),
    denied: some('example.org', '*.corp.example'),
    ended: some('task', 'pass', 'tenant'),
  })
  .map((row): World => {
    const made = principal({ class: row.class, risk: row.risk }, base);
    const resolved = row.addresses === null ? null : { addresses: row.addresses, cnames: [] };
    return {
      edits: new Map(),
      asked: request(row.method, row.url, { principal: made, resolved } as Partial<DecisionRequest>),
      controls: controls({
        blockedCategories: marks(row.blocked),
        revokedCapabilities: marks(row.revoked),
        hostOverrides: [
          ...row.denied.map((host) => ({ ...mark(), host, effect: 'deny' as const, tenant: null })),
          // An override takes the place of the one of the same host.
          ...row.allowed
            .filter((host) => !row.denied.includes(host))
            .map((host) => ({ ...mark(), host, effect: 'allow' as const, tenant: null })),
        ],
        killedTasks: marks(row.ended.includes('task') ? ['t_1'] : []),
        revokedPasses: marks(row.ended.includes('pass') ? ['p_1'] : []),
        quarantinedTenants: marks(row.ended.includes('tenant') ? ['acme'] : []),
      }),
    };
  });

/** How many changes were offered together; 0 when nothing was. */
function offered(world: World, denied: Deny): number {
  const offers = denied.wouldAllow
    .filter((offer) => !offer.startsWith('instead: '))
    .map((offer) => offer.split(' and '));
  for (const offer of offers) {
    const after = offer.reduce((w, words) => changeOf(words)(w), world);
    expect({ offer, effect: answer(after).effect }).toEqual({ offer, effect: 'allow' });
  }
  for (const offer of denied.wouldAllow) {
    if (!offer.startsWith('instead: ')) continue;
    const asked = askedInstead(world.asked, offer.slice('instead: '.length));
    expect({ offer, effect: answer({ ...world, asked }).effect }).toEqual({ offer, effect: 'allow' });
  }
  const sizes = new Set(offers.map((offer) => offer.length));
  expect(sizes.size).toBeLessThan(2);
  return [...sizes][0] ?? 0;
}

function nothingSmaller(world: World, size: number): void {
  if (size === 1) return;
  const all = universe(world);
  for (const one of all) expect(answer(one(world)).effect).toBe('deny');
  if (size !== 3) return;
  for (const one of all) for (const two of all) expect(answer(two(one(world))).effect).toBe('deny');
}

test('what would allow it does, and nothing smaller of its kind would', { timeout: 120_000 }, () => {
  const sizes: number[] = [];
  const rounds = () =>
    fc.assert(
      fc.property(worlds, (world) => {
        const denied = answer(world);
        if (denied.effect === 'allow') return;
        const size = offered(world, denied);
        sizes.push(size);
        nothingSmaller(world, size);
      }),
      { numRuns: Number(process.env['REMEDY_RUNS'] ?? 40) },
    );
  const few = () => [1, 2].some((size) => sizes.filter((n) => n === size).length <= 2);
  rounds();
  // Worlds are made at random: forty may hold too few in which one change, or two together, are offered.
  for (let left = 8; left > 0 && few(); left -= 1) rounds();
  // Of no use when nothing was offered, one by one and together.
  expect(few()).toBe(false);
});

test.each([
  ['POST', 'https://example.org/', true, 'method `GET` without a body'],
  [
    'POST',
    'https://example.org/?_method=PUT',
    true,
    'method `GET` without a body and without the name of a method in its query',
  ],
  ['PUT', 'https://example.org/?a=1&_method=PUT', false, /^method `GET` without a body and without the name of/],
  ['GET', 'https://example.org/', true, 'the request without a body'],
  ['POST', 'http://api.acme.example/', true, 'scheme `https`'],
  ['POST', 'http://api.acme.example:8080/', true, 'scheme `https` at port 443'],
  ['POST', 'https://api.acme.example:8443/', true, 'port 443'],
])('instead of %s %s with a body (%s), what is offered is allowed: %s', (method, url, hasBody, words) => {
  const made = principal({ class: 'code' }, base);
  const world: World = {
    edits: new Map(),
    controls: controls({}),
    asked: request(method, url, { principal: made, hasBody }),
  };
  const denied = answer(world) as Deny;
  const offers = denied.wouldAllow.filter((offer) => offer.startsWith('instead: ')).map((offer) => offer.slice(9));
  expect(offers).toEqual([typeof words === 'string' ? words : expect.stringMatching(words)]);
  expect(answer({ ...world, asked: askedInstead(world.asked, offers[0] ?? '') }).effect).toBe('allow');
});
