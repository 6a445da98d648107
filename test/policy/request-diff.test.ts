import { expect, it } from 'vitest';
import { RequestDiff } from '../../src/policy/trials/request-diff.ts';
import { bundleWith, filesBelow, shippedBundle, shippedCategories } from './fixture.ts';

const path = 'capabilities/net.read.public.yaml';
const text = filesBelow('rules').find((f) => f.path === path)?.text ?? '';
const narrowed = bundleWith({ path, text: text.replace('exclude: [ip-literal', 'exclude: [news, ip-literal') });
const ask = (url: string) => ({ tenant: 'acme', class: 'research', profile: null, risk: 0, method: 'GET', url });

it('groups the requests that two bundles decide differently, and counts those that they do not', () => {
  const diff = new RequestDiff(shippedBundle(), narrowed);
  for (const url of ['https://www.bbc.com/a', 'https://www.bbc.com/b', 'https://docs.python.org/']) {
    expect(diff.listed(ask(url), shippedCategories())).toBeNull();
  }
  expect({ compared: diff.compared, changed: diff.changed, groups: diff.groups() }).toEqual({
    compared: 3,
    changed: 2,
    groups: [
      {
        tenant: 'acme',
        class: 'research',
        method: 'GET',
        host: 'www.bbc.com',
        before: 'allow capability_grants by net.read.public',
        after: 'deny default_deny',
        count: 2,
        example: 'https://www.bbc.com/a',
      },
    ],
  });
});

it('holds a bounded number of groups, whatever a sandbox asked for', () => {
  const diff = new RequestDiff(shippedBundle(), narrowed);
  for (let i = 0; i < 10_005; i += 1) diff.listed(ask(`https://h${i}.bbc.com/`), shippedCategories());
  const groups = diff.groups();
  expect([groups.length, diff.changed]).toEqual([10_001, 10_005]);
  expect(groups[0]).toMatchObject({ host: '(others)', count: 5 });
});

it('says what is wrong with a question', () => {
  const diff = new RequestDiff(shippedBundle(), narrowed);
  expect(diff.listed(ask('nonsense'), shippedCategories())).toMatch(/is not a URL/);
});
