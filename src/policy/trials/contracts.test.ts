import { describe, expect, it } from 'vitest';
import { bundleWith, filesBelow, need, shippedBundle, shippedCategories } from '../../../test/policy/fixture.ts';
import { PRECEDENCE } from '../../core/reasons.ts';
import { parseContracts } from './contract-file.ts';
import { runContracts } from './contracts.ts';

const FILES = filesBelow('rules').filter((f) => f.path.startsWith('policy/contracts/'));
const CONTRACTS = FILES.flatMap((f) => need(parseContracts(f.path, f.text)));
const world = (bundle = shippedBundle()) => ({ bundle, categories: shippedCategories() });

describe('the shipped contracts', () => {
  it.each(runContracts(CONTRACTS, world()))('$file:$line $name', ({ broken }) => {
    expect(broken).toBeNull();
  });

  it('cover every step of precedence and every capability', () => {
    const reasons = new Set<string>(CONTRACTS.map((c) => c.expect.reason));
    const steps = PRECEDENCE.filter((step) => step !== 'pass_invalid' && !reasons.has(step));
    const granted = new Set(CONTRACTS.map((c) => c.expect.capability));
    const capabilities = [...shippedBundle().capabilities.keys()].filter((name) => !granted.has(name));
    expect({ steps, capabilities }).toEqual({ steps: [], capabilities: [] });
  });
});

describe('a contract', () => {
  it('that policy no longer keeps says what came out, with file and line', () => {
    const path = 'capabilities/net.read.public.yaml';
    const text = filesBelow('rules').find((f) => f.path === path)?.text ?? '';
    const loosened = bundleWith({ path, text: text.replace('methods: read', 'methods: write') });
    const broken = runContracts(CONTRACTS, world(loosened)).filter((r) => r.broken !== null);
    expect(broken.find((r) => r.name === 'what nothing grants is denied')).toMatchObject({
      file: 'policy/contracts/precedence.yaml',
      broken: 'expected deny default_deny, got allow capability_grants by net.read.public',
    });
  });

  it.each([
    [
      'an unknown key',
      'contracts: [{ name: x, request: GET https://a.example/, expekt: allow x }]',
      /`expekt`.*`expect`/,
    ],
    [
      'an unknown reason',
      'contracts: [{ name: x, request: GET https://a.example/, expect: deny default_dney }]',
      /`default_dney` is not known; did you mean `default_deny`/,
    ],
    ['neither request nor use', 'contracts: [{ name: x, expect: deny default_deny }]', /one of `request` and `use`/],
  ])('with %s is refused', (_, rows, message) => {
    const parsed = parseContracts('c.yaml', `version: 1\ntask: { tenant: a, class: research }\n${rows}\n`);
    expect(parsed.ok ? [] : parsed.error.map((p) => p.message)).toContainEqual(expect.stringMatching(message));
  });
});
