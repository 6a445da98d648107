import { describe, expect, it } from 'vitest';
import { problemText } from '../core/result.ts';
import { variableOf } from './environment.ts';
import { configKeys, shapeOf } from './key-tree.ts';
import { loadConfig } from './load.ts';

const load = (text: string | null, env: Record<string, string> = {}, flags: Record<string, string> = {}) =>
  loadConfig({ file: '/etc/lt/locktender.yaml', text, env, flags, cwd: '/work' });

const complaints = (...input: Parameters<typeof load>) => {
  const result = load(...input);
  return result.ok ? [] : result.error.map(problemText);
};

const loaded = (...input: Parameters<typeof load>) => {
  const result = load(...input);
  if (!result.ok) throw new Error(result.error.map(problemText).join('\n'));
  return result.value;
};

/** Client certificates mapped to tenants. */
const mapped = (clients: string) =>
  `proxy:\n  tls: { cert: c.pem, key: k.pem, client_ca: ca.pem, clients: [${clients}] }\n`;

describe('configuration', () => {
  it('needs nothing: the doors of one machine are the defaults', () => {
    const config = loaded(null);
    expect(config.proxy.listen).toEqual({ host: '127.0.0.1', port: 3128 });
    expect(config.socks.listen.port).toBe(1080);
    expect(config.gateway.listen.port).toBe(8128);
    expect(config.admin.listen.port).toBe(9128);
    expect(config.audit.durability).toBe('strict');
    expect(config.state).toBe('/work/.locktender');
  });

  it('lets flags win over the environment and the environment over the file', () => {
    const text = 'drain_ms: 1\nnode: file\nlog: { level: warn }\n';
    const config = loaded(text, { LOCKTENDER_DRAIN_MS: '2', LOCKTENDER_NODE: 'env' }, { drain_ms: '3' });
    expect([config.drain_ms, config.node, config.log.level]).toEqual([3, 'env', 'warn']);
  });

  it('resolves paths against what named them', () => {
    const config = loaded('rules: ./rules\ngateway: { client_ca: w.pem, tls_cert: c.pem, tls_key: k.pem }\n', {
      LOCKTENDER_CATEGORIES: 'cats',
    });
    expect(config.rules).toBe('/etc/lt/rules');
    expect(config.categories).toBe('/work/cats');
    expect(config.gateway.client_ca).toBe('/etc/lt/w.pem');
  });

  it.each([
    ['LOCKTENDER_WORKERS', '2', 2, 'workers'],
    ['LOCKTENDER_WORKERS', 'auto', 'auto', 'workers'],
    ['LOCKTENDER_PROXY_LISTEN', '[::1]:0', { host: '::1', port: 0 }, 'proxy.listen'],
    [
      'LOCKTENDER_PROXY_RESOLVER_SERVERS',
      '127.0.0.1:5353, 127.0.0.2',
      ['127.0.0.1:5353', '127.0.0.2'],
      'proxy.resolver.servers',
    ],
    ['LOCKTENDER_ADMIN_METRICS_PUBLIC', 'false', false, 'admin.metrics_public'],
    ['LOCKTENDER_PROXY_RESOLVER_HOSTS', '{a.test: [127.0.0.1]}', { 'a.test': ['127.0.0.1'] }, 'proxy.resolver.hosts'],
    [
      'LOCKTENDER_PROXY_RESOLVER_HOSTS',
      '{Web.Example.: ["::FFFF:10.0.0.1"], bücher.example: [127.0.0.1]}',
      { 'web.example': ['::ffff:a00:1'], 'xn--bcher-kva.example': ['127.0.0.1'] },
      'proxy.resolver.hosts',
    ],
  ])('reads %s=%s', (name, value, expected, path) => {
    const config: unknown = loaded(null, { [name]: value });
    const at = path.split('.').reduce<unknown>((node, key) => (node as Record<string, unknown>)[key], config);
    expect(at).toEqual(expected);
  });

  it.each([
    ['proxy:\n  lisen: x\n', '/etc/lt/locktender.yaml:2:3: unknown key `proxy.lisen`; did you mean `listen`?'],
    ['proxyy: {}\n', '/etc/lt/locktender.yaml:1:1: unknown key `proxyy`; did you mean `proxy`?'],
    ['drain_ms: soon\n', '/etc/lt/locktender.yaml:1:1: `drain_ms` must be a number'],
    [
      'proxy:\n  listen: nowhere\n',
      '/etc/lt/locktender.yaml:2:3: `proxy.listen` must be an address and a port, such as `127.0.0.1:3128`',
    ],
    [
      'log:\n  level: loud\n',
      '/etc/lt/locktender.yaml:2:3: `log.level` must be `debug` or `info` or `warn` or `error` or `silent`',
    ],
    ['workers: 0\n', '/etc/lt/locktender.yaml:1:1: `workers` must be at least 1'],
    [
      'proxy:\n  resolver: { servers: [127.0.0.1, dns.example] }\n',
      '/etc/lt/locktender.yaml:2:36: `proxy.resolver.servers.1` must be `address` or `address:port`, IPv6 with a port in brackets, such as `127.0.0.1:53`',
    ],
    [
      'proxy:\n  resolver:\n    hosts: { a.test: [localhost] }\n',
      '/etc/lt/locktender.yaml:3:23: `proxy.resolver.hosts.a.test.0` must be an IPv4 or IPv6 address',
    ],
    [
      'proxy:\n  resolver:\n    hosts: { 10.0.0.1: [127.0.0.1] }\n',
      '/etc/lt/locktender.yaml:3:14: `proxy.resolver.hosts.10.0.0.1` must be a host name',
    ],
    [
      'proxy:\n  resolver:\n    hosts: { a.test: [127.0.0.1], A.Test.: [127.0.0.2] }\n',
      '/etc/lt/locktender.yaml:3:35: `proxy.resolver.hosts.A.Test.` is `a.test`, which stands here twice',
    ],
    ['- a\n', '/etc/lt/locktender.yaml:1:1: the configuration must be a mapping of keys to values'],
    ['node: a\nnode: b\n', '/etc/lt/locktender.yaml:2:1: map keys must be unique'],
    ['gateway:\n  issuers:\n    - isuer: https://a.test\n', 'did you mean `issuer`?'],
    ['gateway:\n  issuers: [{ issuer: "http://a.test", audience: b }]\n', 'must be https, or http on loopback'],
    [
      'gateway:\n  issuers: [{ issuer: "https://a.test", audience: b }, { issuer: "https://a.test", audience: c }]\n',
      '`gateway.issuers` must name no issuer twice',
    ],
    [
      'proxy:\n  tls: { cert: c, key: k, clients: [{ name: a.example, tenant: acme }] }\n',
      '`proxy.tls.clients` needs `client_ca`: without it nobody is asked for a certificate',
    ],
    [mapped('{ name: a.example, tenant: acme }, { name: a.example, tenant: b }'), 'must have no name twice'],
    [mapped('{ name: a.example, tenant: a/b }'), '`proxy.tls.clients.0.tenant` must be a tenant name'],
    [mapped('{ name: "*.example", tenant: acme }'), '`proxy.tls.clients.0.name` must be a DNS name, or a URI'],
    [
      mapped('{ name: "spiffe://a/b, DNS:c", tenant: acme }'),
      '`proxy.tls.clients.0.name` must be a DNS name, or a URI',
    ],
    [mapped('{ name: a.example, tenant: acme, clas: code }'), 'did you mean `class`?'],
    [mapped('{ name: a.example }'), '`proxy.tls.clients.0.tenant` must be given: text'],
    ['proxy: { tls: { cert: a.pem } }\n', ':1:10: `proxy.tls.key` must be given: text'],
    ['proxy: { advertise: "gate.test:99999" }\n', ':1:10: `proxy.advertise` must have a port below 65536'],
    ['gateway: { dev_tenant: a b }\n', ':1:12: `gateway.dev_tenant` must be a tenant name of letters, digits'],
  ])('refuses %j with its place and the fix', (text, complaint) => {
    expect(complaints(text).join('\n')).toContain(complaint);
  });

  it('names the variable or the flag at fault', () => {
    expect(complaints(null, { LOCKTENDER_PROXY_LISEN: 'x' })[0]).toBe(
      'environment: unknown variable `LOCKTENDER_PROXY_LISEN`; did you mean `LOCKTENDER_PROXY_LISTEN`?',
    );
    expect(complaints(null, { LOCKTENDER_DRAIN_MS: '-1' })[0]).toBe(
      'environment: LOCKTENDER_DRAIN_MS: `drain_ms` must be at least 0',
    );
    expect(complaints(null, {}, { 'proxy.lisen': 'x' })[0]).toBe(
      'flags: unknown key `proxy.lisen`; did you mean `proxy.listen`?',
    );
  });

  it('refuses half of the gateway’s TLS: it would be a door in the clear', () => {
    expect(complaints('gateway: { tls_cert: a.pem }\n')).toEqual([
      '/etc/lt/locktender.yaml:1:12: `gateway.tls_cert` and `gateway.tls_key` belong together; give both',
    ]);
    expect(complaints('gateway: { tls_key: a.pem }\n')[0]).toContain('belong together');
    expect(complaints('gateway: { client_ca: a.pem }\n')[0]).toContain('`gateway.client_ca` needs `gateway.tls_cert`');
    expect(complaints('gateway: { tls_cert: a, tls_key: b, client_ca: c }\n')).toEqual([]);
  });

  it('refuses a name of the log that no verifier key can hold', () => {
    for (const origin of ['a b', 'a+b', 'a\\nb', 'a\\u00a0b', 'a\\u2028b']) {
      expect(complaints(`audit: { origin: "${origin}" }\n`), origin).toEqual([
        '/etc/lt/locktender.yaml:1:10: `audit.origin` must be a name without spaces, control characters and `+`: it stands in verifier keys',
      ]);
    }
    expect(loaded('audit: { origin: "example.com/log-ü" }\n').audit.origin).toBe('example.com/log-ü');
  });

  it('says in its own words that there is a second document', () => {
    expect(complaints('node: a\n---\nnode: b\n')).toEqual([
      '/etc/lt/locktender.yaml:2:1: a second document begins here; write one, without `---` between',
    ]);
  });

  it('maps client certificates by DNS name or URI', () => {
    const clients = '{ name: a.example, tenant: acme }, { name: "spiffe://corp.example/b", tenant: b, class: code }';
    expect(loaded(mapped(clients)).proxy.tls).toMatchObject({
      client_ca: '/etc/lt/ca.pem',
      clients: [
        { name: 'a.example', tenant: 'acme' },
        { name: 'spiffe://corp.example/b', tenant: 'b', class: 'code' },
      ],
    });
  });

  it('lets nobody warn of a value: it may hold a secret', async () => {
    const said: string[] = [];
    const hear = (warning: Error) => void said.push(warning.message);
    process.on('warning', hear);
    load(null, { LOCKTENDER_DRAIN_MS: '!hunter2 5' }, { workers: '!hunter2 2' });
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', hear);
    expect(said).toEqual([]);
  });

  it('is not disturbed by the variables that a container engine sets for a service of our name', () => {
    expect(complaints(null, { LOCKTENDER_PORT: 'tcp://10.0.0.1:80', LOCKTENDER_PORT_80_TCP_ADDR: '10.0.0.1' })).toEqual(
      [],
    );
    expect(complaints(null, { LOCKTENDER_SERVICE_HOST: '10.0.0.1', LOCKTENDER_ADMIN_TOKEN: 'x' })).toEqual([]);
  });

  it('T-85 never repeats a value that may be a key', () => {
    expect(complaints('gateway: { dev_key: short-one }\n').join()).not.toContain('short-one');
  });

  it('gives every key its own variable and a description', () => {
    const leaves = configKeys().filter((key) => shapeOf(key.schema) === null);
    expect(new Set(leaves.map((key) => variableOf(key.path))).size).toBe(leaves.length);
    expect(configKeys().filter((key) => key.description === '')).toEqual([]);
  });
});

describe('fleet', () => {
  const KEY = `hub+1a2b3c4d+${'A'.repeat(43)}=`;
  const member = (rest: string) => `fleet: { role: member, hub_key: "${KEY}", ${rest} }\n`;

  it('is off unless it is asked for, and its files are relative to the configuration', () => {
    expect(loaded(null).fleet).toBeUndefined();
    const text = 'fleet: { role: hub, servers: ["tls://nats.example:4222"], members: members, ca: nats.pem }\n';
    const { fleet } = loaded(text);
    expect([fleet?.members, fleet?.ca, fleet?.lease_ms, fleet?.name]).toEqual([
      '/etc/lt/members',
      '/etc/lt/nats.pem',
      60_000,
      'main',
    ]);
  });

  it.each([
    ['fleet: { role: member, servers: ["nats://127.0.0.1:4222"] }\n', '`fleet.hub_key` must be given at a member'],
    ['fleet: { role: hub, servers: ["nats://127.0.0.1:4222"] }\n', '`fleet.members` must be given at the hub'],
    [member('servers: ["nats://nats.example:4222"]'), '`plaintext: true` takes `nats://` all the same'],
    [member('servers: ["nats://127.0.0.1:1", "tls://nats.example:1"]'), 'must all be `tls://` or all `nats://`'],
    [member('servers: ["tls://me:word@nats.example"]'), 'without a user, a password or a path'],
    [member('servers: ["tls://nats.example"], lease_ms: 300001'), 'must be at most 300000'],
    [member('servers: ["tls://nats.example"], user: me'), '`fleet.user` and `password_file` go together'],
    [member('servers: ["tls://nats.example"], token_file: a, creds_file: b'), 'exclude one another'],
  ])('refuses %s', (text, why) => {
    expect(complaints(text).join('\n')).toContain(why);
  });
});
