/** What `policy check` refuses: each bad input with the file, the line and the words. */

import { describe, expect, it } from 'vitest';
import { reachability, soundness, strayFiles, unused } from '../../src/policy/bundle-check.ts';
import { compile, filesBelow, shippedBundle, shippedCategories } from './fixture.ts';

const capability = (body: string, name = 'net.read.x') => ({
  path: 'capabilities/x.yaml',
  text: `version: 1\nname: ${name}\nowner: o\ndescription: d\nrisk: low\n${body}`,
});
const grant = (body: string, methods = 'read') => capability(`grants:\n  - methods: ${methods}\n    ${body}\n`);
const cedar = (text: string) => ({ path: 'policy/x.cedar', text: `@id("x")\n${text}` });
const contract = (row: string) => ({
  path: 'policy/contracts/x.yaml',
  text: `version: 1\ntask: { tenant: a, class: research }\ncontracts:\n  - { name: n, request: 'GET https://a.example/', ${row} }\n`,
});
const approved = (domains: string) => ({
  path: 'policy/approved-domains/x.yaml',
  text: `version: 1\ntenants: [acme]\ndomains: [${domains}]\n`,
});

function problemsOf(file: { path: string; text: string }): string[] {
  const bundle = compile([...filesBelow('rules').filter((f) => f.path !== file.path), file]);
  const problems = bundle.ok
    ? [...soundness(bundle.value), ...reachability(bundle.value, shippedCategories())]
    : bundle.error;
  return problems.map((p) => `${p.file}:${p.line} ${p.message}`);
}

describe('policy check', () => {
  it('finds nothing in what ships', () => {
    expect([...soundness(shippedBundle()), ...reachability(shippedBundle(), shippedCategories())]).toEqual([]);
    expect(unused(shippedBundle())).toEqual([]);
    expect(strayFiles(filesBelow('rules').map((f) => f.path))).toEqual([]);
  });

  it.each([
    ['a catch-all host', grant("hosts: ['*']"), /x\.yaml:8 .*wildcard/],
    ['a wildcard on a public suffix', grant("hosts: ['*.com']"), /public suffix/],
    ['a wildcard name', capability('', 'net.read.*'), /x\.yaml:2 .*without wildcards/],
    ['writing anywhere', grant('any_public_host: true', 'write'), /x\.yaml:7 .*catch-all/],
    ['every private address', capability('private_destinations: [0.0.0.0/0]\n'), /catch-all/],
    [
      'a category in and out',
      grant('any_public_host: true\n    categories: { allow: [news], exclude: [news] }'),
      /both/,
    ],
    ['a category that is blocked', grant('any_public_host: true\n    categories: { allow: [adult] }'), /unreachable/],
    ['despite nothing', grant('any_public_host: true\n    categories: { despite: [news] }'), /not blocked by default/],
    ['a blocked host', grant('hosts: [pastebin.com]'), /x\.yaml:7 .*unreachable.*paste-sites/],
    ['a host behind a wildcard', grant("hosts: ['*.a.example', b.a.example]"), /unreachable behind `\*\.a\.example`/],
    ['a host twice', grant('hosts: [a.example, a.example]'), /listed twice/],
    ['a read that writes', grant('hosts: [a.example]', 'write'), /named a read and grants writing/],
    ['a WebSocket in a read', grant('hosts: [a.example]\n    websocket: true'), /way to write/],
    [
      'paths that nobody sees',
      capability('inspect: never\ngrants: [{ methods: read, hosts: [a.example], paths: [/a] }]\n'),
      /unreachable/,
    ],
    ['no grant at all', capability(''), /grants nothing/],
    ['an alias', capability('grants:\n  - &a { methods: read, hosts: [a.example] }\n  - *a\n'), /x\.yaml:8 aliases/],
    [
      'an unknown category',
      grant('any_public_host: true\n    categories: { exclude: [paste-site] }'),
      /did you mean `paste-sites`/,
    ],
    ['a permit of everything', cedar('permit (principal, action, resource);'), /x\.cedar:1 .*catch-all/],
    [
      'a condition that never holds',
      cedar('forbid (principal, action == Action::"run", resource) when { context.risk > 9 && context.risk < 5 };'),
      /no risk/,
    ],
    [
      'an unknown class in Cedar',
      cedar('forbid (principal, action == Action::"run", resource) when { context.class == "kode" };'),
      /did you mean `code`/,
    ],
    ['an approval twice', approved('api.acme.example'), /approved at policy\/approved-domains\/acme\.yaml:5 too/],
    ['an approval that is blocked', approved('pastebin.com'), /unreachable/],
    [
      'a contract of no class',
      contract('task: { tenant: a, class: reserch }, expect: deny default_deny'),
      /x\.yaml:4 .*did you mean `research`/,
    ],
    ['a contract that cannot be', contract('expect: allow default_deny'), /no reason to allow/],
  ])('refuses %s', (_, file, message) => {
    expect(problemsOf(file)).toContainEqual(expect.stringMatching(message));
  });

  it('warns of what nothing uses, and refuses files that nothing reads', () => {
    const bundle = compile([...filesBelow('rules'), grant('hosts: [a.example]')]);
    expect(bundle.ok && unused(bundle.value).map((p) => p.message)).toEqual([
      'capability `net.read.x` is held by no profile',
    ]);
    expect(strayFiles(['capability/x.yaml', 'dlp/aws.yaml']).map((p) => p.file)).toEqual(['capability/x.yaml']);
  });
});
