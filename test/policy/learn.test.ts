import { describe, expect, it } from 'vitest';
import type { DecisionEvent } from '../../src/core/event.ts';
import { Learner } from '../../src/policy/trials/learn.ts';
import { bundleWith, filesBelow, shippedBundle } from './fixture.ts';

function decision(tenant: string, method: string, host: string, over: object = {}): DecisionEvent {
  const capability = method === 'GET' ? 'net.read.public' : 'net.write.approved-domains';
  const input = { class: 'code', profile: 'code', host, method, upgrade: null, matched: [] };
  return {
    type: 'decision',
    tenant,
    effect: 'allow',
    reason: 'capability_grants',
    mode: 'inspect',
    capability,
    input,
    ...over,
  } as never;
}

describe('learning', () => {
  it('proposes the least for each tenant, never what another did', () => {
    const learner = new Learner();
    learner.see(decision('beta', 'GET', 'pypi.org'));
    learner.see(decision('beta', 'GET', 'pypi.org'));
    learner.see(decision('gamma', 'GET', 'crates.io'));
    const [beta, gamma] = learner.proposals(shippedBundle());
    expect(beta).toMatchObject({
      tenant: 'beta',
      requests: 2,
      hosts: [{ host: 'pypi.org', access: 'read', requests: 2 }],
      needed: ['net.read.approved-domains'],
      unused: ['net.read.public', 'net.write.approved-domains'],
    });
    expect(JSON.stringify(gamma)).not.toContain('pypi.org');
  });

  it('its files load, and hold no capability that was not needed', () => {
    const learner = new Learner();
    // A name that YAML would read as something else; and a line that says why it is there.
    learner.see(decision('null', 'GET', 'pypi.org'));
    const path = 'profiles/code.yaml';
    const text = filesBelow('rules').find((file) => file.path === path)?.text ?? '';
    const commented = bundleWith({ path, text: text.replace('- net.read.public', "- 'net.read.public' # all of it") });
    const files = learner.proposals(commented)[0]?.files ?? [];
    const bundle = bundleWith(...files);
    expect(bundle.profiles.get('null-code-least')?.capabilities).not.toContain('net.read.public');
    expect(bundle.approvedFiles.some((f) => f.tenants?.includes('null'))).toBe(true);
  });

  it('gives no two proposals the same file or profile', () => {
    const learner = new Learner();
    const pairs = [
      ['a-b', 'c'],
      ['a', 'b-c'],
      ['a_b', 'c'],
      ['A-b', 'c'],
      ['a--b', 'c'],
    ] as const;
    for (const [tenant, name] of pairs) {
      const input = { class: name, profile: 'code', host: 'pypi.org', method: 'GET', upgrade: null, matched: [] };
      learner.see(decision(tenant, 'GET', 'pypi.org', { input }));
    }
    const files = learner.proposals(shippedBundle()).flatMap((proposal) => proposal.files);
    expect(new Set(files.map(({ path }) => path)).size).toBe(2 * pairs.length);
    expect(bundleWith(...files).profiles.size).toBe(shippedBundle().profiles.size + pairs.length);
  });

  it('holds a bounded number of hosts that were denied, whatever a sandbox asks for', () => {
    const learner = new Learner();
    const over = { effect: 'deny', reason: 'default_deny', capability: null };
    for (let i = 0; i < 20_010; i += 1) learner.see(decision('acme', 'GET', `h${i}.evil.example`, over));
    const denied = learner.proposals(shippedBundle())[0]?.denied ?? [];
    expect(denied).toHaveLength(20_001);
    expect(denied.at(-1)).toEqual({ host: '(others)', method: 'GET', requests: 10 });
  });

  it('leaves what is approved already, and never proposes what was denied', () => {
    const learner = new Learner();
    learner.see(decision('acme', 'POST', 'api.acme.example'));
    learner.see(decision('acme', 'GET', 'evil.example', { effect: 'deny', reason: 'default_deny', capability: null }));
    const [acme] = learner.proposals(shippedBundle());
    expect(acme).toMatchObject({ hosts: [], denied: [{ host: 'evil.example', method: 'GET', requests: 1 }] });
    expect(JSON.stringify(acme?.files)).not.toContain('evil.example');
  });
});
