import { expect, test } from 'vitest';
import { bundleWith, controls, mark, NOW, principal, request, snapshot } from '../../test/policy/fixture.ts';
import type { Deny } from '../core/decision.ts';
import { decide } from './decide.ts';
import { decideCapability } from './decide-capability.ts';

const UPLOAD = { contentType: 'application/x-git-upload-pack-request' };
const ACME = 'https://api.acme.example/';
const TOOL = { contentType: 'application/json', readOnlyTool: true };
const MCP = 'https://api.acme.example/mcp';
const GIT = 'https://github.com/a/b.git';

const TABLE = [
  // research: reads anything public
  ['research', 'GET', 'https://example.org/', {}, 'allow', 'capability_grants', 'net.read.public'],
  ['research', 'HEAD', 'http://example.org/', {}, 'allow', 'capability_grants', 'net.read.public'],
  ['research', 'OPTIONS', 'https://example.org/', {}, 'allow', 'capability_grants', 'net.read.public'],
  ['research', 'POST', 'https://example.org/', {}, 'deny', 'default_deny', null],
  ['research', 'DELETE', 'https://example.org/', {}, 'deny', 'default_deny', null],
  ['research', 'PROPFIND', 'https://example.org/', {}, 'deny', 'default_deny', null],
  ['research', 'CONNECT', 'example.org:443', {}, 'allow', 'capability_grants', 'net.read.public'],
  ['research', 'CONNECT', 'example.org:22', {}, 'deny', 'default_deny', null],
  ['research', 'GET', 'https://example.org:8443/', {}, 'deny', 'default_deny', null],
  ['research', 'GET', 'https://webhook.site/x', {}, 'deny', 'category_blocked', 'net.read.public'],
  ['research', 'CONNECT', 'pastebin.com:443', {}, 'deny', 'category_blocked', 'net.read.public'],
  ['research', 'GET', 'http://93.184.216.34/', {}, 'deny', 'default_deny', null],
  ['research', 'GET', 'http://intranet/', {}, 'deny', 'default_deny', null],
  ['research', 'GET', 'https://example.org/', { upgrade: 'websocket' }, 'deny', 'default_deny', null],
  ['research', 'GET', 'https://api.acme.example/', {}, 'allow', 'capability_grants', 'net.read.approved-domains'],
  ['research', 'POST', 'https://api.acme.example/', {}, 'deny', 'default_deny', null],
  // read equivalents
  ['research', 'POST', `${GIT}/git-upload-pack`, UPLOAD, 'allow', 'capability_grants', 'net.read.public'],
  ['research', 'POST', `${GIT}/git-upload-pack`, {}, 'deny', 'default_deny', null],
  ['research', 'POST', `${GIT}/git-upload-pack?x=1`, UPLOAD, 'deny', 'default_deny', null],
  ['research', 'POST', 'https://example.org/b.git/git-upload-pack', UPLOAD, 'deny', 'default_deny', null],
  ['research', 'POST', `${GIT}/git-receive-pack`, {}, 'deny', 'default_deny', null],
  ['research', 'GET', `${GIT}/info/refs?service=git-upload-pack`, {}, 'allow', 'capability_grants', 'net.read.public'],
  ['research', 'GET', `${GIT}/info/refs?service=git-receive-pack`, {}, 'deny', 'default_deny', null],
  ['research', 'GET', `${GIT}/info/refs?a=1&service=git%2Dreceive%2Dpack`, {}, 'deny', 'default_deny', null],
  // T-30: a write whose method reads
  ['research', 'GET', 'https://example.org/?_method=DELETE', {}, 'deny', 'default_deny', null],
  ['research', 'HEAD', 'https://example.org/?a=1;_m%65thod=PUT', {}, 'deny', 'default_deny', null],
  ['research', 'GET', 'https://example.org/', { hasBody: true }, 'deny', 'default_deny', null],
  ['research', 'GET', 'https://example.org/?payment_method=1', {}, 'allow', 'capability_grants', 'net.read.public'],
  ['code', 'GET', ACME, { hasBody: true }, 'allow', 'capability_grants', 'net.write.approved-domains'],
  ['code', 'GET', `${ACME}?_method=PUT`, {}, 'allow', 'capability_grants', 'net.write.approved-domains'],
  ['code', 'GET', `${ACME}?a=1`, {}, 'allow', 'capability_grants', 'net.read.approved-domains'],
  // code: writes to approved hosts over TLS
  ['code', 'POST', 'https://api.acme.example/', {}, 'allow', 'capability_grants', 'net.write.approved-domains'],
  ['code', 'POST', 'http://api.acme.example/', {}, 'deny', 'default_deny', null],
  ['code', 'POST', 'https://x.apps.acme.example/', {}, 'allow', 'capability_grants', 'net.write.approved-domains'],
  ['code', 'POST', 'https://apps.acme.example/', {}, 'deny', 'default_deny', null],
  ['code', 'POST', 'https://docs.acme.example/', {}, 'deny', 'default_deny', null],
  [
    'code',
    'GET',
    'https://api.acme.example/',
    { upgrade: 'websocket' },
    'allow',
    'capability_grants',
    'net.write.approved-domains',
  ],
  ['code', 'GET', 'https://api.acme.example/', { upgrade: 'h2c' }, 'deny', 'default_deny', null],
  [
    'code',
    'POST',
    'https://hooks.slack.com/services/x',
    {},
    'allow',
    'capability_grants',
    'net.write.approved-domains',
  ],
  ['code', 'GET', 'https://registry.npmjs.org/left-pad', {}, 'allow', 'capability_grants', 'net.read.public'],
  // strict and internal-data: no public web
  ['strict', 'GET', 'https://example.org/', {}, 'deny', 'default_deny', null],
  ['strict', 'GET', 'https://api.acme.example/', {}, 'allow', 'capability_grants', 'net.read.approved-domains'],
  ['internal-data', 'GET', 'https://example.org/', {}, 'deny', 'default_deny', null],
  // messages to a read-only MCP tool: whose they are makes the difference, and the rest is exact
  ['strict', 'POST', MCP, TOOL, 'allow', 'capability_grants', 'net.read.approved-domains'],
  ['strict', 'DELETE', MCP, TOOL, 'allow', 'capability_grants', 'net.read.approved-domains'],
  ['strict', 'POST', MCP, { ...TOOL, readOnlyTool: false }, 'deny', 'default_deny', null],
  ['strict', 'DELETE', MCP, {}, 'deny', 'default_deny', null],
  ['strict', 'PUT', MCP, TOOL, 'deny', 'default_deny', null],
  ['strict', 'POST', MCP, { ...TOOL, contentType: 'text/plain' }, 'deny', 'default_deny', null],
  ['strict', 'POST', `${MCP}?x=1`, TOOL, 'deny', 'default_deny', null],
  ['strict', 'POST', `${MCP}/a%2f..`, TOOL, 'deny', 'default_deny', null],
  ['strict', 'POST', `${MCP}/git-receive-pack`, TOOL, 'deny', 'default_deny', null],
  ['research', 'POST', 'https://example.org/mcp', TOOL, 'deny', 'default_deny', null],
  // addresses
  ['research', 'GET', 'http://127.0.0.1/', {}, 'deny', 'address_forbidden', null],
  ['research', 'GET', 'http://[::1]/', {}, 'deny', 'address_forbidden', null],
  ['research', 'GET', 'http://[::ffff:10.0.0.1]/', {}, 'deny', 'address_forbidden', null],
] as const;

test.each(TABLE)('%s %s %s %o: %s %s by %s', (...row) => {
  const [profile, method, url, over, effect, reason, capability] = row;
  const decision = decide(request(method, url, { principal: principal({ class: profile }), ...over }), snapshot());
  expect(decision).toMatchObject({ effect, reason, capability });
});

test.each([
  ['https://ec2.amazonaws.com/', 'allow', 'allow'],
  ['https://evil.s3.amazonaws.com/', 'deny', 'deny'],
  ['https://evil.s3.eu-west-1.amazonaws.com/', 'deny', 'deny'],
  ['https://evil.blob.core.windows.net/', 'deny', 'deny'],
  ['https://login.windows.net/', 'allow', 'allow'],
  ['https://amazonaws.com/', 'deny', 'deny'],
])('T-38 a wildcard never crosses a public suffix below it: %s', (url, approved, overridden) => {
  const bundle = bundleWith({
    path: 'policy/approved-domains/x.yaml',
    text: "version: 1\ntenants: [acme]\ndomains: ['*.amazonaws.com', '*.windows.net']\n",
  });
  const asked = request('POST', url, { principal: principal({ class: 'code' }, bundle) });
  expect(decide(asked, snapshot({ bundle })).effect).toBe(approved);
  const override = (host: string, effect: 'allow' | 'deny') => ({ ...mark(), host, effect, tenant: null });
  const hosts = ['*.amazonaws.com', '*.windows.net'];
  const opened = controls({ hostOverrides: hosts.map((host) => override(host, 'allow')) });
  expect(decide(request('POST', url), snapshot({ controls: opened })).effect).toBe(overridden);
  // What closes is as wide as it is written.
  const closed = controls({ hostOverrides: hosts.map((host) => override(host, 'deny')) });
  const below = url !== 'https://amazonaws.com/';
  expect(decide(request('GET', url), snapshot({ controls: closed })).reason === 'host_override_deny').toBe(below);
});

test('T-38 approvals of one tenant say nothing for another', () => {
  const beta = principal({ class: 'strict', tenant: 'beta' });
  expect(decide(request('GET', 'https://api.acme.example/', { principal: beta }), snapshot()).reason).toBe(
    'default_deny',
  );
});

test('T-20 one forbidden address in an answer forbids the answer', () => {
  const resolved = { addresses: ['93.184.216.34', '10.0.0.5'], cnames: [] };
  const decision = decide(request('GET', 'https://example.org/', { resolved }), snapshot());
  expect(decision).toMatchObject({ effect: 'deny', reason: 'address_forbidden', rule: { id: 'address:10.0.0.5' } });
});

test('T-42 a CNAME into a blocked category blocks the host, and its name is a fact', () => {
  const resolved = { addresses: ['93.184.216.34'], cnames: ['webhook.site'] };
  const decision = decide(request('GET', 'https://cdn.example.org/', { resolved }), snapshot());
  expect(decision).toMatchObject({ reason: 'category_blocked', rule: { id: 'taxonomy:request-bins' } });
  expect(decision.facts).toContain('host:webhook.site');
});

const PRIVATE = {
  path: 'capabilities/net.read.lab.yaml',
  text: `version: 1
name: net.read.lab
owner: lab
description: The lab's own hosts
risk: low
inspect: never
grants: [{ methods: read, hosts: [lab.example, metadata.lab.example], ports: [443, 8443] }]
private_destinations: [10.1.0.0/16, metadata.lab.example]
`,
};
const PROFILE = {
  path: 'profiles/lab.yaml',
  text: `version: 1
name: lab
owner: lab
description: The lab
capabilities: [net.read.lab, net.read.public]
limits: {cpu_ms: 1, wall_ms: 1, memory_mb: 8, requests: 1, rate: 1, bytes_up: 1, bytes_down: 1, concurrency: 1, distinct_hosts: 1, leak_bytes: 1}
`,
};
const CLASSES = {
  path: 'classes.yaml',
  text: 'version: 1\ndefault: lab\nclasses:\n  - {name: lab, description: lab, profile: lab}\n  - {name: research, description: r, profile: research, also: [strict]}\n',
};
const lab = bundleWith(PRIVATE, PROFILE, CLASSES);
const labTask = principal({ class: 'lab' }, lab);

test.each([
  ['GET', 'https://lab.example/', ['10.1.2.3'], 'allow', 'capability_grants'],
  ['GET', 'https://lab.example/', ['10.2.2.3'], 'deny', 'address_forbidden'],
  ['GET', 'https://example.org/', ['10.1.2.3'], 'deny', 'address_forbidden'],
  ['GET', 'https://metadata.lab.example/', ['192.168.0.1'], 'allow', 'capability_grants'],
  ['GET', 'https://metadata.lab.example/', ['169.254.169.254'], 'deny', 'address_forbidden'],
] as const)('T-19 private destinations: %s %s at %s is %s', (...row) => {
  const [method, url, addresses, effect, reason] = row;
  const asked = request(method, url, { principal: labTask, resolved: { addresses, cnames: [] } });
  expect(decide(asked, snapshot({ bundle: lab }))).toMatchObject({ effect, reason });
});

test('a capability that is never inspected tunnels, and says that the method was not enforced', () => {
  const decision = decide(request('CONNECT', 'lab.example:8443', { principal: labTask }), snapshot({ bundle: lab }));
  expect(decision).toMatchObject({ effect: 'allow', mode: 'tunnel', methodEnforced: false });
  const inspected = decide(request('CONNECT', 'example.org:443', { principal: labTask }), snapshot({ bundle: lab }));
  expect(inspected).toMatchObject({ effect: 'allow', mode: 'inspect', methodEnforced: true });
});

test.each([
  ['of this tenant', { 'acme/t_1': mark() }, 'control:task:acme/t_1'],
  ['of every tenant, as the marks of older versions are', { t_1: mark() }, 'control:task:t_1'],
  ['of both', { t_1: mark(), 'acme/t_1': mark() }, 'control:task:acme/t_1'],
  ['of another tenant', { 'beta/t_1': mark() }, null],
  ['of another task', { 'acme/t_2': mark(), t_3: mark() }, null],
  ['that is over', { 'acme/t_1': mark({ until: NOW }) }, null],
])('a task is killed by a mark %s', (_, killedTasks, rule) => {
  const at = snapshot({ controls: controls({ killedTasks }) });
  const decision = decide(request('GET', 'https://docs.python.org/3/'), at);
  expect(decision.step === 'task_killed' ? decision.rule?.id : null).toBe(rule);
  const held = decideCapability({ principal: principal(), capability: 'net.read.public', now: NOW }, at);
  expect(held.step === 'task_killed').toBe(rule !== null);
});

// One world in which every step would speak: taking the first away shows the next. The order of DESIGN section 4.
const everything = {
  killedTasks: { t_1: mark() },
  quarantinedTenants: { acme: mark() },
  revokedPasses: { p_1: mark() },
  revokedCapabilities: { 'net.read.public': mark(), 'net.read.approved-domains': mark() },
  hostOverrides: [
    { ...mark(), effect: 'deny' as const, host: '*.example.org', tenant: null },
    { ...mark(), effect: 'allow' as const, host: 'www.example.org', tenant: 'acme' },
  ],
  blockedCategories: { uncategorised: mark() },
};

test('precedence: the first step that speaks decides', () => {
  const seen: string[] = [];
  const state: Record<string, unknown> = { ...everything };
  let resolved: { addresses: string[]; cnames: string[] } | null = { addresses: ['10.0.0.1'], cnames: [] };
  const ask = () =>
    decide(request('GET', 'https://www.example.org/', { resolved }), snapshot({ controls: controls(state) }));
  for (const drop of [
    'killedTasks',
    'quarantinedTenants',
    'revokedPasses',
    'revokedCapabilities',
    'denies',
    'blockedCategories',
    'address',
    'hostOverrides',
    '',
  ]) {
    const decision = ask();
    seen.push(decision.step ?? '');
    if (drop === 'denies') state['hostOverrides'] = everything.hostOverrides.filter((o) => o.effect === 'allow');
    else if (drop === 'address') resolved = null;
    else if (drop !== '') delete state[drop];
  }
  expect(seen).toEqual([
    'task_killed',
    'tenant_quarantined',
    'pass_invalid',
    'capability_revoked',
    'host_override_deny',
    'category_blocked',
    'address_forbidden',
    'host_override_allow',
    'capability_grants',
  ]);
});

test('a denial without a pass says which, and an expired pass denies at its very millisecond', () => {
  const missing = request('GET', 'https://example.org/', { principal: null, passProblem: 'pass_missing' });
  expect(decide(missing, snapshot()).reason).toBe('pass_missing');
  const late = request('GET', 'https://example.org/', { now: principal().expiresAt });
  expect(decide(late, snapshot()).reason).toBe('pass_expired');
  expect(decide({ ...late, now: late.now - 1 }, snapshot()).effect).toBe('allow');
});

test('every category of the host is a fact, with task, tenant, pass, class, profile, capability and bundle', () => {
  const decision = decide(request('GET', 'https://github.com/a'), snapshot());
  const kinds = new Set(decision.facts.map((f) => f.slice(0, f.indexOf(':'))));
  expect([...kinds].sort()).toEqual([
    'bundle',
    'capability',
    'category',
    'class',
    'host',
    'pass',
    'profile',
    'task',
    'tenant',
  ]);
  expect(decision.categories).toContain('code-hosting');
  for (const category of decision.categories) expect(decision.facts).toContain(`category:${category}`);
});

test('an operator opens a category that the taxonomy closes, until the mark ends', () => {
  const open = controls({ unblockedCategories: { 'paste-sites': mark({ until: NOW + 1000 }) } });
  const asked = request('GET', 'https://pastebin.com/');
  expect(decide(asked, snapshot({ controls: open }))).toMatchObject({ effect: 'allow', until: NOW + 1000 });
  expect(decide({ ...asked, now: NOW + 1000 }, snapshot({ controls: open })).reason).toBe('category_blocked');
});

test("an operator's block beats an approval that sets the taxonomy aside", () => {
  const blocked = controls({ blockedCategories: { 'chat-webhooks': mark() } });
  const asked = request('POST', 'https://hooks.slack.com/x', { principal: principal({ class: 'code' }) });
  expect(decide(asked, snapshot({ controls: blocked }))).toMatchObject({
    reason: 'category_blocked',
    rule: { id: 'control:category:chat-webhooks' },
  });
});

test.each([
  [
    'research',
    'POST',
    'https://example.org/',
    [
      'capability `net.write.approved-domains` (held by profile `code`, `trusted`) and host `example.org` approved for tenant `acme`',
      'instead: method `GET` without a body',
    ],
  ],
  [
    'code',
    'POST',
    'https://example.org/',
    ['host `example.org` approved for tenant `acme`', 'instead: method `GET` without a body'],
  ],
  ['code', 'POST', 'http://api.acme.example/', ['instead: scheme `https`']],
  ['research', 'GET', 'https://pastebin.com/', ['category `paste-sites` unblocked']],
  [
    'strict',
    'GET',
    'https://example.org/',
    [
      'host `example.org` approved for tenant `acme`',
      'capability `net.read.public` (held by profile `code`, `research`, `trusted`)',
    ],
  ],
  ['code', 'CONNECT', 'example.org:22', ['instead: port 443']],
  [
    'research',
    'GET',
    'http://10.0.0.1/',
    [
      '`10.0.0.1` among the private destinations of capability `net.read.approved-domains` and host `10.0.0.1` approved for tenant `acme`',
    ],
  ],
] as const)('%s %s %s would be allowed by the smallest change', (profile, method, url, expected) => {
  const decision = decide(request(method, url, { principal: principal({ class: profile }) }), snapshot());
  expect(decision.effect === 'deny' && decision.wouldAllow).toEqual(expected);
});

test('T-30 what makes a write of a read is named, and how to ask without it', () => {
  const asked = request('GET', 'https://example.org/?_method=DELETE', { hasBody: true });
  const { wouldAllow } = decide(asked, snapshot()) as Deny;
  expect(wouldAllow).toEqual([
    'capability `net.write.approved-domains` (held by profile `code`, `trusted`) and host `example.org` approved for tenant `acme`',
    'instead: the request without a body and without the name of a method in its query',
  ]);
});
