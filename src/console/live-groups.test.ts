import { describe, expect, it, test } from 'vitest';
import { type Decision, LiveGroups, siteOf } from './live-groups.ts';

const decision = (task: string, host: string, effect = 'allow', tenant = 'acme'): Decision => ({
  id: `d_${task}${host}`,
  time: '2026-01-01T00:00:00.000Z',
  door: 'https',
  effect,
  reason: 'x',
  tenant,
  task,
  capability: null,
  rule: null,
  facts: [],
  mode: null,
  categories: ['uncategorised'],
  input: { class: null, profile: null, risk: null, method: 'GET', scheme: 'https', host, port: 443, path: null },
});

describe('groups of live decisions', () => {
  test.each([
    ['a.b.example.org', 'example.org'],
    ['a.example.co.uk', 'example.co.uk'],
    ['example.org', 'example.org'],
    ['localhost', 'localhost'],
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8::1', '2001:db8::1'],
    [null, '–'],
  ])('%s stands under %s', (host, site) => {
    expect(siteOf(host)).toBe(site);
  });

  it('has one a task and host group, the latest first', () => {
    const groups = new LiveGroups();
    groups.add(decision('t1', 'a.example.org'));
    groups.add(decision('t2', 'a.example.org'));
    groups.add(decision('t1', 'b.example.org', 'deny'));
    groups.add(decision('t1', 'a.example.org', 'deny', 'globex'));
    const rows = groups.groups().map((g) => [g.tenant, g.task, g.site, g.allowed, g.denied, g.hosts.size]);
    expect(rows).toEqual([
      ['globex', 't1', 'example.org', 0, 1, 1],
      ['acme', 't1', 'example.org', 1, 1, 2],
      ['acme', 't2', 'example.org', 1, 0, 1],
    ]);
    expect([groups.total, groups.denied]).toEqual([4, 2]);
  });

  it('shows a group by what of it fits, and not by what came last', () => {
    const groups = new LiveGroups();
    for (const effect of ['deny', 'deny', 'allow']) groups.add(decision('t1', 'a.example.org', effect));
    const denied = groups.fitting(({ effect }) => effect === 'deny').groups();
    expect(denied.map((g) => [g.site, g.allowed, g.denied])).toEqual([['example.org', 0, 2]]);
  });

  it('holds a bounded number whatever comes', () => {
    const groups = new LiveGroups();
    for (let i = 0; i < 5000; i += 1) groups.add(decision(`t${i}`, `h${i}.example`));
    expect([groups.groups().length, groups.latest().length, groups.groups()[0]?.task]).toEqual([500, 500, 't4999']);
  });
});
