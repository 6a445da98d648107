import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bundleWith,
  controls,
  filesBelow,
  mark,
  NOW,
  need,
  principal,
  request,
  sha256,
  shippedBundle,
  snapshot,
} from '../../../test/policy/fixture.ts';
import { changed, recorded } from '../../../test/policy/recorded.ts';
import { type ControlAction, type Controls, NO_CONTROLS } from '../../core/controls.ts';
import type { AuditEvent } from '../../core/event.ts';
import type { Bundle } from '../bundle/bundle.ts';
import { bundleDocument, bundleFromDocument } from '../bundle/bundle-document.ts';
import { supposedControls } from '../controls/supposed-controls.ts';
import { Replay, type ReplayOptions } from './replay.ts';

const GIT = 'https://github.com/a/b.git';
const BLOCKED: Controls = controls({ blockedCategories: { documentation: mark() } });

/** One of each kind: reads, writes, read equivalents, tunnels, resolved names, aliases, bad passes, private addresses. */
function traffic(at = snapshot()): AuditEvent[] {
  const upload = { contentType: 'application/x-git-upload-pack-request' };
  const code = { principal: principal({ class: 'code' }) };
  return [
    recorded(request('GET', 'https://example.org/a?b=c'), at),
    recorded(request('POST', 'https://example.org/'), at),
    recorded(request('CONNECT', 'example.org:443'), at),
    recorded(request('POST', `${GIT}/git-upload-pack`, upload), at),
    recorded(request('POST', `${GIT}/git-receive-pack`), at),
    recorded(request('POST', 'https://api.acme.example/v1', code), at),
    recorded(request('GET', 'https://api.acme.example/', { ...code, upgrade: 'websocket' }), at),
    recorded(request('GET', 'https://webhook.site/x'), at),
    recorded(request('GET', 'http://[::ffff:10.0.0.1]/'), at),
    recorded(request('GET', 'https://example.org/', { principal: null, passProblem: 'pass_expired' }), at),
    recorded(
      request('GET', 'https://example.org/', { resolved: { addresses: ['93.184.216.34'], cnames: ['webhook.site'] } }),
      at,
    ),
    recorded(request('GET', 'https://docs.python.org/3/'), at),
  ];
}

function replay(events: readonly AuditEvent[], over: Partial<ReplayOptions> = {}) {
  const known = new Map<string, Bundle>([[shippedBundle().digest, shippedBundle()]]);
  const run = new Replay({ bundleOf: (digest) => known.get(digest) ?? null, candidate: null, ...over });
  for (const event of events) run.feed(event);
  return run.finish();
}

describe('replay under the policy of then', () => {
  it('decides every kind of record again without a difference', () => {
    const events = traffic();
    expect(replay(events)).toEqual({ decisions: events.length, differences: 0, outside: 0, truncated: 0, groups: [] });
  });

  it('takes the controls of then from the change events, also when a change is recorded after what it decided', () => {
    const after = snapshot({ controls: BLOCKED });
    const events = [...traffic(), ...traffic(after), changed(NO_CONTROLS, BLOCKED), ...traffic()];
    expect(replay(events)).toMatchObject({ decisions: 36, differences: 0 });
  });

  it('takes a kill for what it meant then: of every tenant’s task, or of one’s', () => {
    const asked = (tenant: string) =>
      request('GET', 'https://docs.python.org/3/', { principal: principal({ tenant, pass: `p_${tenant}` }) });
    const old = controls({ killedTasks: { t_1: mark() } });
    const later = { ...old, version: old.version + 1, killedTasks: { 'acme/t_1': mark() } };
    // Word for word what older versions have on record.
    const denied = { effect: 'deny', reason: 'task_killed', step: 'task_killed', mode: null } as const;
    const by = (id: string) => ({ ...denied, rule: { file: null, id: `control:task:${id}`, line: null } });
    const action = { do: 'task.kill', task: 't_1' } as ControlAction;
    const events = [
      { ...changed(NO_CONTROLS, old), action, task: 't_1' },
      ...['acme', 'beta'].map((of) => recorded(asked(of), snapshot({ controls: old }), by('t_1'))),
      changed(old, later),
      recorded(asked('acme'), snapshot({ controls: later }), by('acme/t_1')),
      recorded(asked('beta'), snapshot({ controls: later }), { effect: 'allow', reason: 'capability_grants' }),
    ];
    expect(replay(events)).toMatchObject({ decisions: 4, differences: 0 });
  });

  it('reads a change that is in the log twice once', () => {
    const change = changed(NO_CONTROLS, BLOCKED);
    expect(replay([change, change, ...traffic(snapshot({ controls: BLOCKED }))])).toMatchObject({ differences: 0 });
  });

  it('leaves out what policy was never asked about, and what is older than asked for', () => {
    const refused = recorded(request('GET', 'https://example.org/'), snapshot(), {
      effect: 'deny',
      reason: 'request_malformed',
      step: null,
    });
    const old = recorded(request('GET', 'https://example.org/', { now: NOW - 1000 }), snapshot());
    expect(replay([refused, old, ...traffic()], { since: NOW })).toMatchObject({ decisions: 12, outside: 1 });
  });

  it('takes a refusal after policy (budget, guard) for what it is', () => {
    const over = { effect: 'deny', reason: 'budget_rate', mode: null, method_enforced: false } as const;
    expect(replay([recorded(request('GET', 'https://example.org/'), snapshot(), over)])).toMatchObject({
      decisions: 1,
      differences: 0,
    });
  });
});

describe('for any request under any controls', () => {
  const asked = fc.record({
    method: fc.constantFrom('GET', 'POST', 'HEAD', 'DELETE', 'PROPFIND'),
    host: fc.constantFrom(
      'docs.python.org',
      'pastebin.com',
      'github.com',
      'api.acme.example',
      '10.0.0.1',
      '[::1]',
      'intranet',
    ),
    path: fc.constantFrom('/', '/a/b.git/git-upload-pack', '/a/b.git/info/refs?service=git-upload-pack', '/%2e%2e/x'),
    port: fc.constantFrom('', ':8443'),
    class: fc.constantFrom('research', 'code', 'strict', 'internal-data'),
    contentType: fc.constantFrom('', 'application/json', 'application/x-git-upload-pack-request'),
    upgrade: fc.constantFrom('', 'websocket', 'h2c'),
    addresses: fc.constantFrom(null, '93.184.216.34', '169.254.169.254', '::ffff:10.0.0.1'),
    cname: fc.constantFrom('webhook.site', 'cdn.example.net'),
    blocked: fc.subarray(['documentation', 'code-hosting', 'uncategorised']),
    opened: fc.subarray(['paste-sites', 'request-bins']),
    revoked: fc.subarray(['net.read.public', 'net.write.approved-domains']),
  });

  it('the record alone decides the same, bit for bit', () => {
    const property = fc.property(asked, (a) => {
      const marks = (names: string[]) => Object.fromEntries(names.map((name) => [name, mark()]));
      const state = controls({
        blockedCategories: marks(a.blocked),
        unblockedCategories: marks(a.opened),
        revokedCapabilities: marks(a.revoked),
      });
      const of = request(a.method, `https://${a.host}${a.port}${a.path}`, {
        principal: principal({ class: a.class }),
        contentType: a.contentType,
        upgrade: a.upgrade,
        resolved: a.addresses === null ? null : { addresses: [a.addresses], cnames: [a.cname] },
      });
      const event = recorded(of, snapshot({ controls: state }));
      expect(replay([changed(NO_CONTROLS, state), event])).toMatchObject({ decisions: 1, differences: 0 });
    });
    fc.assert(property, { numRuns: 500 });
  });
});

describe('a corruption is found', () => {
  const one = () => recorded(request('GET', 'https://docs.python.org/3/'), snapshot());

  it.each([
    ['effect', { effect: 'deny' }, 'effect'],
    ['reason', { reason: 'host_override_allow' }, 'reason'],
    ['capability', { capability: 'net.read.approved-domains' }, 'capability'],
    ['rule', { rule: { id: 'capability:net.read.public#2', file: null, line: null } }, 'rule'],
    ['facts', { facts: [] }, 'facts'],
    ['mode', { mode: 'tunnel' }, 'mode'],
  ] as const)('in the %s of one record', (_, over, field) => {
    const report = replay([...traffic(), { ...one(), ...over } as AuditEvent]);
    expect(report.groups).toMatchObject([{ field, count: 1, host: 'docs.python.org' }]);
  });

  it('in the input of one record', () => {
    const event = one();
    const report = replay([{ ...event, input: { ...event.input, method: 'POST' } }]);
    expect(report.groups).toMatchObject([{ field: 'effect', after: 'deny default_deny' }]);
  });

  it('in one control change', () => {
    const change = changed(NO_CONTROLS, BLOCKED);
    const report = replay([
      { ...change, patch: { ...change.patch, marks: [] } },
      ...traffic(snapshot({ controls: BLOCKED })),
    ]);
    expect(report.groups).toMatchObject([{ field: 'effect', before: 'deny category_blocked by net.read.public' }]);
  });

  it('by a change that is missing', () => {
    const report = replay(traffic(snapshot({ controls: BLOCKED })));
    expect(report.groups.every((g) => g.field === 'controls')).toBe(true);
    expect(report.differences).toBe(12);
  });

  it('in one kept bundle, which is then no bundle at all', () => {
    const document = bundleDocument(shippedBundle());
    const { digest } = shippedBundle();
    expect(bundleFromDocument(document, digest, sha256)).toMatchObject({ ok: true, value: { digest } });
    const altered = document.replace('research', 'researcH');
    expect(bundleFromDocument(altered, digest, sha256).ok).toBe(false);
    expect(bundleFromDocument('{', digest, sha256).ok).toBe(false);
    expect(replay(traffic(), { bundleOf: () => null }).groups[0]).toMatchObject({ field: 'bundle' });
  });
});

describe('replay under a candidate', () => {
  const path = 'capabilities/net.read.public.yaml';
  const text = filesBelow('rules').find((f) => f.path === path)?.text ?? '';
  const candidate = bundleWith({ path, text: text.replace('any_public_host: true', 'hosts: ["*.python.org"]') });

  it('shows what would change, grouped, with an example', () => {
    const lost = recorded(request('GET', 'https://example.org/'), snapshot());
    const same = recorded(request('GET', 'https://docs.python.org/3/'), snapshot());
    const report = replay([lost, lost, same], { candidate });
    expect(report).toMatchObject({ decisions: 3, differences: 2 });
    expect(report.groups).toEqual([
      {
        field: 'effect',
        before: 'allow capability_grants by net.read.public',
        after: 'deny default_deny',
        tenant: 'acme',
        profile: 'research',
        host: 'example.org',
        count: 2,
        example: lost.id,
      },
    ]);
  });

  it('says that a task would not be admitted, as what it is', () => {
    const path = 'policy/admission.cedar';
    const own = filesBelow('rules').find((f) => f.path === path)?.text ?? '';
    const forbid =
      '@id("no-research")\nforbid (principal, action == Action::"run", resource == Profile::"research");\n';
    const stricter = bundleWith({ path, text: own + forbid });
    const asked = [
      recorded(request('GET', 'https://example.org/'), snapshot()),
      recorded(request('GET', 'https://webhook.site/x'), snapshot()),
    ];
    const admitted = { type: 'task.admitted', pass: 'p_1', caller: 'test', kind: 'sandbox' } as unknown as AuditEvent;
    const { groups } = replay([admitted, ...asked], { candidate: stricter });
    const after = 'deny pass_not_admitted';
    expect(groups).toEqual([
      expect.objectContaining({ field: 'admission', before: 'allow capability_grants by net.read.public', after }),
      expect.objectContaining({ field: 'admission', before: 'deny category_blocked by net.read.public', after }),
    ]);
    const again = recorded(request('GET', 'https://example.org/'), snapshot(), {
      effect: 'deny',
      reason: 'pass_not_admitted',
    });
    expect(replay([admitted, again], { candidate: stricter })).toMatchObject({ differences: 0 });
  });

  it('finds nothing when the candidate is what is in force', () => {
    expect(replay(traffic(), { candidate: shippedBundle() })).toMatchObject({ differences: 0 });
  });
});

describe('replay under supposed controls', () => {
  const suppose = (...texts: string[]) => need(supposedControls(texts, shippedBundle()));

  it('shows what they would have changed, on top of those of then', () => {
    const at = snapshot({ controls: BLOCKED });
    const python = () => recorded(request('GET', 'https://docs.python.org/3/'), at);
    const events = [changed(NO_CONTROLS, BLOCKED), python(), recorded(request('GET', 'https://example.org/'), at)];
    const denied = replay(events, { suppose: suppose('host.deny=example.org') });
    expect(denied).toMatchObject({ decisions: 2, differences: 1 });
    expect(denied.groups).toMatchObject([
      { host: 'example.org', after: expect.stringMatching(/^deny host_override_deny/) },
    ]);
    const opened = replay(events, { suppose: suppose('category.unblock=documentation') });
    expect(opened.groups).toMatchObject([{ host: 'docs.python.org', after: expect.stringMatching(/^allow/) }]);
    expect(replay(events, { suppose: suppose() })).toMatchObject({ differences: 0 });
  });

  it.each([
    ['category.block', /write for example/],
    ['category.blok=gambling', /did you mean `category\.block`/],
    ['category.block=gamblin', /category `gamblin` is not defined; did you mean `gambling`/],
    ['constructor=x', /is no supposed control/],
    ['host.deny=*', /./],
  ])('refuses `%s`', (text, message) => {
    expect(supposedControls([text], shippedBundle())).toEqual({ ok: false, error: expect.stringMatching(message) });
  });
});
