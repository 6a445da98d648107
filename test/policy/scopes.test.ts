/** Approved domains and grants that are scoped to paths, through whole decisions (T-31, T-38). */

import { describe, expect, it } from 'vitest';
import { decide } from '../../src/policy/decide.ts';
import { decisionInput, questionFrom } from '../../src/policy/decision-input.ts';
import { questionOf } from '../../src/policy/question.ts';
import { bundleWith, compile, filesBelow, principal, request, snapshot } from './fixture.ts';

const approved = (domains: string) => ({
  path: 'policy/approved-domains/acme.yaml',
  text: `version: 1\ntenants: [acme]\ndomains:\n${domains}`,
});
const bundle = bundleWith(
  approved(`  - { s3: my-bucket, region: eu-west-1 }
  - { github: acme/widgets, access: read }
  - { host: api.shared.example, paths: [/tenants/acme/**] }
`),
);
const at = snapshot({ bundle });
const strict = principal({ tenant: 'acme' }, bundle);
const holder = { ...strict, capabilities: ['net.read.approved-domains', 'net.write.approved-domains'] };
const profile = [...bundle.profiles.values()].find((p) => p.capabilities.includes('net.write.approved-domains'))?.name;
const asked = (method: string, url: string, tenant = 'acme') =>
  request(method, url, { principal: { ...holder, tenant, profile: profile ?? '' } });

describe('a domain approved in part', () => {
  it.each([
    ['GET', 'https://my-bucket.s3.eu-west-1.amazonaws.com/k', 'capability_grants'],
    ['PUT', 'https://s3.eu-west-1.amazonaws.com/my-bucket/k', 'capability_grants'],
    ['PUT', 'https://s3.eu-west-1.amazonaws.com/other/k', 'default_deny'],
    ['GET', 'https://github.com/acme/widgets/x', 'capability_grants'],
    ['DELETE', 'https://github.com/acme/widgets/x', 'default_deny'],
    ['POST', 'https://api.shared.example/tenants/acme/x', 'capability_grants'],
    ['POST', 'https://api.shared.example/tenants/globex/x', 'default_deny'],
    ['POST', 'https://api.shared.example/tenants/acme/..%2fglobex/x', 'path_ambiguous'],
    ['CONNECT', 'api.shared.example:443', 'capability_grants'],
  ])('%s %s: %s', (method, url, reason) => {
    expect(decide(asked(method, url), at).reason).toBe(reason);
  });

  it('is approved for its tenant only', () => {
    expect(decide(asked('POST', 'https://api.shared.example/tenants/acme/x', 'globex'), at).reason).toBe(
      'default_deny',
    );
  });

  it('an ambiguous path says what to do instead, and is asked again from its record', () => {
    const req = asked('POST', 'https://api.shared.example/tenants/acme/a;b');
    expect(decide(req, at)).toMatchObject({ reason: 'path_ambiguous', capability: 'net.write.approved-domains' });
    expect((decide(req, at) as { wouldAllow: readonly string[] }).wouldAllow[0]).toMatch(/^instead: the path in plain/);
    const input = decisionInput(req, at, { pathHash: 'x', clearPath: false });
    const { task, tenant } = req.principal ?? { task: '', tenant: '' };
    expect(questionFrom({ input, task, tenant })).toEqual(questionOf(req, bundle, at.categories));
  });
});

describe('what a scope may not say', () => {
  it.each([
    ['  - { host: s3.amazonaws.com, paths: [my-bucket] }\n', /does not start with/],
    ['  - { host: s3.amazonaws.com, paths: [/b/../c] }\n', /no request may match/],
    ['  - { s3: my-bucket }\n', /./],
    ["  - { github: '*/x' }\n", /./],
  ])('%j', (domains, message) => {
    const kept = filesBelow('rules').filter((f) => f.path !== 'policy/approved-domains/acme.yaml');
    const compiled = compile([...kept, approved(domains)]);
    expect(compiled.ok).toBe(false);
    if (!compiled.ok) expect(compiled.error.map((p) => p.message).join('\n')).toMatch(message);
  });
});
