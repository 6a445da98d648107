/** What `policy check` refuses: each bad input with the file, the line and the words. */

import { describe, expect, it } from 'vitest';
import { reachability, soundness, strayFiles, unused } from '../../src/policy/bundle/bundle-check.ts';
import { sharedHosts } from '../../src/policy/bundle/shared-hosts.ts';
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

const shippedText = (path: string) => filesBelow('rules').find((file) => file.path === path)?.text ?? '';
const contractIn = (row: string) => ({
  path: 'policy/contracts/x.yaml',
  text: `version: 1\ntask: { tenant: a, class: research }\ncontracts:\n  - { name: n, ${row} }\n`,
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
    expect(sharedHosts(shippedBundle(), shippedCategories())).toEqual([]);
    expect(strayFiles(filesBelow('rules').map((f) => f.path))).toEqual([]);
  });

  it.each([
    [
      'an owner that is nobody',
      { path: 'capabilities/x.yaml', text: capability('').text.replace('owner: o', "owner: '  '") },
      /x\.yaml:3 .*blank/,
    ],
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
    ['a private address that is not named', grant("hosts: ['10.1.2.3']"), /x\.yaml:7 .*`10\.1\.2\.3` is unreachable/],
    ['this machine', grant('hosts: [localhost]'), /`localhost` is unreachable/],
    [
      'a private address, another named',
      capability("grants: [{ methods: read, hosts: ['10.1.2.3'] }]\nprivate_destinations: [10.2.0.0/16]\n"),
      /`10\.1\.2\.3` is unreachable/,
    ],
    ['a suffix of a registry', grant('hosts: [co.uk]'), /registry's suffix/],
    ['a name that never resolves', grant('hosts: [a.invalid]'), /never resolve/],
    [
      'a host outside its categories',
      grant('hosts: [registry.npmjs.org]\n    categories: { allow: [news] }'),
      /none of the categories allowed/,
    ],
    [
      'a host in a category left out',
      grant('hosts: [registry.npmjs.org]\n    categories: { exclude: [package-registries] }'),
      /`package-registries` is excluded/,
    ],
    [
      'a category twice',
      grant('any_public_host: true\n    categories: { allow: [news, news] }'),
      /`news` is listed twice/,
    ],
    ['a path twice', grant('hosts: [a.example]\n    paths: [/a, /a]'), /`\/a` is listed twice/],
    ['a path behind another', grant('hosts: [a.example]\n    paths: [/a/**, /a/b]'), /unreachable behind `\/a\/\*\*`/],
    [
      'a grant within another',
      capability('grants:\n  - { methods: read, any_public_host: true }\n  - { methods: read, hosts: [a.example] }\n'),
      /x\.yaml:8 the grant on line 7 covers/,
    ],
    [
      'a grant of fewer ports',
      capability(
        'grants:\n  - { methods: read, hosts: [a.example] }\n  - { methods: read, hosts: [a.example], ports: [443] }\n',
      ),
      /x\.yaml:8 the grant on line 7 covers/,
    ],
    [
      'a read equivalent under `inspect: never`',
      capability(
        'inspect: never\ngrants: [{ methods: read, hosts: [a.example], read_equivalents: [{ name: git-upload-pack }] }]\n',
      ),
      /read equivalents are unreachable/,
    ],
    [
      'a network with bits behind its prefix',
      capability('grants: [{ methods: read, hosts: [a.example] }]\nprivate_destinations: [10.1.2.3/8]\n'),
      /bits set behind its prefix/,
    ],
    [
      'a private host that nothing grants',
      capability('grants: [{ methods: read, hosts: [a.example] }]\nprivate_destinations: [db.corp.example]\n'),
      /named by no grant/,
    ],
    [
      'private destinations of a tool',
      capability('private_destinations: [10.0.0.0/8]\n', 'tool.invoke.x'),
      /no network right/,
    ],
    ['an approval behind a wildcard', approved("'*.a.example', b.a.example"), /approved by `\*\.a\.example` too/],
    ['an approval of what is private', approved("'10.1.2.3'"), /`10\.1\.2\.3` is unreachable/],
    ['an approval despite nothing', approved('{ host: a.example, despite: [paste-sites] }'), /not in category/],
    [
      'a contract without a URL',
      { ...contract(''), text: contract('expect: deny default_deny').text.replace('https://a.example/', 'nonsense') },
      /holds no URL/,
    ],
    [
      'a contract that revokes nothing known',
      contract('controls: { revoked: [net.read.pubic] }, expect: deny default_deny'),
      /did you mean `net\.read\.public`/,
    ],
    ['a forbid of everything', cedar('forbid (principal, action, resource);'), /forbids everything/],
    [
      'a permit of each action',
      cedar('permit (principal, action in [Action::"run", Action::"hold"], resource);'),
      /catch-all/,
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
    [
      'contracts that contradict each other, however they spell their request',
      contract(
        "expect: deny default_deny }\n  - { name: m, request: 'GET HTTPS://A.example:443', expect: allow capability_grants",
      ),
      /x\.yaml:5 contract `m` contradicts `n` at policy\/contracts\/x\.yaml:4/,
    ],
    [
      'a contract that contradicts one of another file',
      contractIn(
        'task: { tenant: acme, class: research }, request: GET https://Example.org, expect: deny default_deny',
      ),
      /contradicts `.*` at policy\/contracts\/profile-research\.yaml:/,
    ],
    [
      'contracts of two capabilities for one request',
      contract(
        "expect: allow capability_grants by net.read.public }\n  - { name: m, request: 'GET https://a.example/', expect: allow capability_grants by net.read.approved-domains",
      ),
      /contradicts/,
    ],
    [
      'more CPU time than time',
      {
        path: 'profiles/x.yaml',
        text: shippedText('profiles/strict.yaml')
          .replace('name: strict', 'name: x')
          .replace('cpu_ms: 2000', 'cpu_ms: 30001'),
      },
      /x\.yaml:11 `cpu_ms` of 30001 is out of reach behind `wall_ms` of 30000/,
    ],
  ])('refuses %s', (_, file, message) => {
    expect(problemsOf(file)).toContainEqual(expect.stringMatching(message));
  });

  it.each([
    [
      'a private address that is named',
      capability(
        "grants: [{ methods: read, hosts: ['10.1.2.3', localhost] }]\nprivate_destinations: [10.1.0.0/16, localhost]\n",
      ),
    ],
    [
      'grants that each open something',
      capability(
        'grants:\n  - { methods: read, hosts: [a.example], ports: [443] }\n  - { methods: read, hosts: [a.example] }\n' +
          '  - { methods: read, hosts: [pastebin.com], categories: { despite: [paste-sites] } }\n' +
          '  - { methods: read, any_public_host: true, categories: { allow: [news] } }\n',
      ),
    ],
    ['paths of one host', grant('hosts: [a.example]\n    paths: [/a/b, /a/c/**, /a/*]')],
    [
      'an approval despite what its host is in',
      approved('{ host: hooks.slack.com, access: read, despite: [chat-webhooks] }'),
    ],
    ['an approval that opens more than a wildcard', approved("{ host: '*.a.example', access: read }, b.a.example")],
    [
      'contracts that agree, and those of another task or other controls',
      contract(
        "expect: allow capability_grants }\n  - { name: m, request: 'GET https://a.example/', expect: allow capability_grants by net.read.public }\n" +
          "  - { name: o, request: 'GET https://a.example/b', expect: deny default_deny }\n" +
          "  - { name: p, request: 'GET https://a.example/', task: { tenant: b, class: code }, expect: deny default_deny }\n" +
          "  - { name: q, request: 'GET https://a.example/', controls: { revoked: [net.read.public] }, expect: deny capability_revoked",
      ),
    ],
    ['a forbid that asks for something', cedar('forbid (principal, action, resource) when { context.risk > 95 };')],
  ])('leaves alone %s', (_, file) => {
    expect(problemsOf(file).filter((text) => !text.includes('is approved at'))).toEqual([]);
  });

  it('warns of what nothing uses, and refuses files that nothing reads', () => {
    const bundle = compile([...filesBelow('rules'), grant('hosts: [a.example]')]);
    expect(bundle.ok && unused(bundle.value).map((p) => p.message)).toEqual([
      'capability `net.read.x` is held by no profile',
    ]);
    expect(strayFiles(['capability/x.yaml', 'dlp/aws.yaml']).map((p) => p.file)).toEqual(['capability/x.yaml']);
  });

  it.each([
    ['github.io', /`github\.io` is granted whole.*`owner\.github\.io`/],
    ['github.com', /\{ github: owner\/repo \}/],
    ['raw.githubusercontent.com', /\{ github: owner\/repo \}/],
    ['gist.github.com', /\{ gist: owner \}/],
    ['s3.amazonaws.com', /\{ s3: bucket, region: … \}/],
    ['s3.eu-west-1.amazonaws.com', /\{ s3: bucket, region: … \}/],
    ['storage.googleapis.com', /\{ gcs: bucket \}/],
    ['gitlab.com', /it is in `code-hosting`/],
    ['docs.google.com', /it is in `collaborative-documents`/],
  ])('T-38 warns of %s, granted or approved whole', (host, message) => {
    for (const file of [grant(`hosts: [${host}]`), approved(host)]) {
      const bundle = compile([...filesBelow('rules'), file]);
      const found = bundle.ok ? sharedHosts(bundle.value, shippedCategories()) : [];
      expect(found.map((p) => `${p.file}:${p.line} ${p.message}`)).toEqual([expect.stringMatching(message)]);
      expect(found[0]?.file).toBe(file.path);
    }
  });

  it.each([
    'someone.github.io',
    'my-bucket.s3.eu-west-1.amazonaws.com',
    '{ github: owner/repo }',
    '{ s3: my-bucket, region: eu-west-1 }',
    '{ host: gitlab.com, paths: [/group/**] }',
    'api.example.com',
    'registry.npmjs.org',
    "'*.example.com'",
  ])('T-38 does not warn of %s', (host) => {
    const bundle = compile([...filesBelow('rules'), grant(`hosts: [${host}]`)]);
    expect(bundle.ok && sharedHosts(bundle.value, shippedCategories())).toEqual([]);
  });
});
