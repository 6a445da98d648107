/**
 * The matrix of THREATS.md: each way round by names is tried in an opaque tunnel and inspected, each of HTTP in the clear and
 * inspected, by two tenants at once. How every kind of flow ends is in live-cut.test.ts.
 */

import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type DnsServer, dnsServer } from '../proxy/dns-server.ts';
import { answer, everything, type Lab, openLab } from '../proxy/lab.ts';

type Mode = 'tunnel' | 'inspect';
const MODES: readonly Mode[] = ['tunnel', 'inspect'];
const TENANTS = ['acme', 'globex'] as const;

let lab: Lab;
let dns: DnsServer;
beforeAll(async () => {
  dns = await dnsServer({
    'shop.example.org': 'pastebin.com',
    'pastebin.com': ['127.0.0.1'],
    'host.example.org': 'inner.example.net',
    'inner.example.net': ['10.0.0.1'],
    '127.0.0.1.wild.example.org': ['127.0.0.1'],
    '169.254.169.254.wild.example.org': ['169.254.169.254'],
  });
  lab = await openLab({
    'proxy.deadlines.hello_ms': '1000',
    'proxy.deadlines.head_ms': '1000',
    'proxy.resolver.servers': dns.address,
  });
  for (const host of ['shop', 'host', '127.0.0.1.wild', '169.254.169.254.wild'])
    await lab.admin(`/v1/hosts/${host}.example.org/allow`, { why: 'matrix' });
}, 60_000);
afterAll(async () => {
  await lab.close();
  dns.close();
});
beforeEach(() => {
  lab.script = (socket) => void socket.write(answer('ok'));
});

const issue = (tenant: string, mode: Mode) => lab.issue(tenant, mode === 'tunnel' ? 'lab-opaque' : 'lab-read');
const at = (host: string, port = lab.tlsPort) => `${host}:${port}`;

function door(): Socket {
  const [host = '', port = ''] = lab.appliance.proxyAddress.split(':');
  const socket = connect(Number(port), host);
  socket.on('error', () => undefined);
  return socket;
}

/** CONNECT, and what follows it, as bytes. */
function opening(pass: string, target: string, inside = ''): Promise<string> {
  const head = `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${lab.authorization(pass)}\r\n`;
  const socket = door();
  socket.write(head + inside, 'latin1');
  return everything(socket, 2500);
}

/** TLS inside a CONNECT to `web.lab.test`, with another name in it. */
async function named(pass: string, mode: Mode, servername: string): Promise<string> {
  const ca = mode === 'tunnel' ? { ca: lab.originCa } : {};
  const { socket, refused } = await lab.tunnel('web.lab.test', { pass, servername, ...ca });
  if (socket === null) return refused;
  socket.write(`GET / HTTP/1.1\r\nHost: ${at('web.lab.test')}\r\n\r\n`);
  return everything(socket);
}

interface Row {
  readonly threat: string;
  /** Reason that stands in the record, for both tenants. */
  readonly reason: string;
  readonly attempt: (pass: string, mode: Mode) => Promise<string>;
}

const resolved = (threat: string, name: string): Row => ({
  threat: `${threat} ${name}`,
  reason: 'address_forbidden',
  attempt: (pass) => opening(pass, at(`${name}.lab.test`)),
});
const written = (threat: string, host: string, reason: string): Row => ({
  threat: `${threat} ${host}`,
  reason,
  attempt: (pass) => opening(pass, at(host)),
});
/** A host that an operator opened, on the web's own port. */
const aliased = (threat: string, name: string, reason: string): Row => ({
  threat: `${threat} ${name}.example.org`,
  reason,
  attempt: (pass) => opening(pass, `${name}.example.org:443`),
});
const HELLO_HEAD = '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03';

const ROWS: readonly Row[] = [
  { threat: 'T-01 another SNI', reason: 'sni_mismatch', attempt: (pass, mode) => named(pass, mode, 'two.lab.test') },
  { threat: 'T-02 no SNI', reason: 'sni_missing', attempt: (pass, mode) => named(pass, mode, '') },
  {
    threat: 'T-03 a ClientHello that never ends',
    reason: 'client_hello_invalid',
    attempt: (pass) => opening(pass, at('web.lab.test'), HELLO_HEAD),
  },
  {
    threat: 'T-08 not TLS',
    reason: 'tunnel_not_tls',
    attempt: (pass) => opening(pass, at('web.lab.test'), 'SSH-2.0-OpenSSH_9\r\n'),
  },
  { threat: 'T-09 another port', reason: 'default_deny', attempt: (pass) => opening(pass, at('web.lab.test', 22)) },
  written('T-10 a NUL', 'web.lab.test\0.example.org', 'request_malformed'),
  written('T-10 a long label', `${'a'.repeat(64)}.lab.test`, 'target_invalid'),
  written('T-11 a host of no list', 'other.test', 'default_deny'),
  written('T-12 a trailing dot twice', 'web.lab.test..', 'target_invalid'),
  written('T-13', '[[127.0.0.1]]', 'target_invalid'),
  written('T-14', 'xn--80ak6aa92e.com', 'category_blocked'),
  written('T-15', 'someone@web.lab.test', 'request_malformed'),
  written('T-16', '2130706433', 'address_or_grant'),
  written('T-16', '0x7f.1', 'address_or_grant'),
  written('T-16', '0', 'address_or_grant'),
  written('T-17', '[::ffff:169.254.169.254]', 'address_or_grant'),
  written('T-17', '[fe80::1%25eth0]', 'target_invalid'),
  ...['ten', 'nat64', 'sixtofour', 'teredo', 'cgnat', 'linklocal', 'broadcast', 'multicast'].map((name) =>
    resolved('T-18', name),
  ),
  ...['meta', 'azure', 'ula'].map((name) => resolved('T-19', name)),
  resolved('T-20', 'mixed'),
  aliased('T-42', 'shop', 'category_blocked'),
  aliased('T-42', 'host', 'address_forbidden'),
  aliased('T-46', '127.0.0.1.wild', 'address_forbidden'),
  aliased('T-46', '169.254.169.254.wild', 'address_forbidden'),
  written('T-22', 'dns.google', 'category_blocked'),
  {
    threat: 'T-47 the admin door',
    reason: 'address_or_grant',
    attempt: (pass) => opening(pass, lab.appliance.adminAddress),
  },
];

describe.each(MODES)('%s mode, two tenants at once', (mode) => {
  it.each(ROWS)('$threat is refused, and no origin hears of it', async ({ attempt, reason }) => {
    const passes = await Promise.all(TENANTS.map((tenant) => issue(tenant, mode)));
    const before = lab.heads.length;
    const said = await Promise.all(passes.map((pass) => attempt(pass, mode)));
    for (const text of said) expect(text).not.toMatch(/\r\n\r\nok$/);
    expect(lab.heads.length).toBe(before);
    const tasks = passes.map((pass) => pass.split(':')[0]);
    const denied = (await records()).filter((d) => tasks.includes(d.task ?? '') && d.effect === 'deny');
    // A head that could not be read names nobody.
    if (reason !== 'request_malformed') expect(new Set(denied.map((d) => d.tenant))).toEqual(new Set(TENANTS));
    const reasons = new Set((reason === 'request_malformed' ? await records() : denied).map((d) => d.reason));
    const wanted = reason === 'address_or_grant' ? ['address_forbidden', 'default_deny', 'category_blocked'] : [reason];
    expect([...reasons].filter((one) => wanted.includes(one))).not.toEqual([]);
  });
});

describe('T-21 a name that carries data', () => {
  it('is not asked for when it is denied, and only as often as the leak budget lets it when it is allowed', async () => {
    const data = (i: number) => `q7zk29xvlm4tp0rs8yc3wd6nb1jf5h${i}a.example.org`;
    const pass = await lab.issue('acme', 'lab-tight');
    await opening(pass, `${data(0)}:443`);
    expect([...dns.asked]).not.toContain(data(0));
    for (let i = 1; i <= 4; i += 1) {
      await lab.admin(`/v1/hosts/${data(i)}/allow`, { why: 'matrix' });
      await opening(pass, `${data(i)}:443`);
    }
    const names = [1, 2, 3, 4].map(data).filter((name) => dns.asked.has(name));
    expect(names).toEqual([data(1), data(2)]);
    const said = (await records()).filter((d) => d.task === pass.split(':')[0]).map((d) => d.reason);
    expect(said.some((reason) => reason === 'budget_leak' || reason === 'budget_hosts')).toBe(true);
  });
});

type Place = 'in the clear' | 'inspected';

interface HttpRow {
  readonly threat: string;
  readonly reason: string;
  /** The request; `line` gives a request line and its Host. */
  readonly request: (line: (method: string, path: string) => string) => string;
  readonly class?: 'lab-read' | 'lab-write' | 'lab-bucket';
  readonly host?: string;
  /** What the origin answers; then it is heard, and nothing of this reaches the client. */
  readonly reply?: Buffer;
}

const smuggled = (what: string, rest: string, reason = 'request_malformed'): HttpRow => ({
  threat: `T-23 ${what}`,
  reason,
  class: 'lab-write',
  request: (line) => `${line('POST', '/')}${rest}`,
});
const replied = (threat: string, reason: string, head: string, body: string | Buffer = ''): HttpRow => ({
  threat,
  reason,
  request: (line) => `${line('GET', '/')}\r\n`,
  reply: Buffer.concat([Buffer.from(`HTTP/1.1 ${head}\r\n\r\n`, 'latin1'), Buffer.from(body as string)]),
});
const path = (written: string): HttpRow => ({
  threat: `T-31 ${written}`,
  reason: 'path_ambiguous',
  class: 'lab-bucket',
  host: 'store.lab.test',
  request: (line) => `${line('GET', written)}\r\n`,
});
const CHUNKED = 'Transfer-Encoding: chunked\r\n';
const BOMB = gzipSync(Buffer.alloc(64 * 1024 * 1024));
/** Larger than what is undone inside a text. */
const INNER_BOMB = gzipSync(Buffer.alloc(12 * 1024 * 1024)).toString('base64');
const plain = (length: number) => `200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${length}`;
const packed = (coding: string) =>
  `200 OK\r\nContent-Type: text/plain\r\nContent-Encoding: ${coding}\r\nContent-Length: ${BOMB.length}`;

const HTTP_ROWS: readonly HttpRow[] = [
  smuggled('both lengths', `Content-Length: 5\r\n${CHUNKED}\r\n0\r\n\r\n`),
  smuggled('two lengths', 'Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!'),
  smuggled('a signed length', 'Content-Length: +5\r\n\r\nhello'),
  smuggled('a bare LF', 'X-A: b\nContent-Length: 5\r\n\r\nhello'),
  smuggled('obs-fold', 'X-A: b\r\n Content-Length: 5\r\n\r\nhello'),
  smuggled('a blank before the colon', 'Content-Length : 5\r\n\r\nhello'),
  smuggled('a bad chunk size', `${CHUNKED}\r\n0x5\r\nhello\r\n0\r\n\r\n`),
  smuggled('another coding', 'Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'),
  {
    threat: 'T-24 a request behind a refused one',
    reason: 'default_deny',
    request: (line) => `${line('POST', '/')}Content-Length: 0\r\n\r\n${line('GET', '/')}\r\n`,
  },
  {
    threat: 'T-25 another authority',
    reason: 'host_mismatch',
    request: (line) => `${line('GET', '/').replace(/Host: \S+/, `Host: ${at('two.lab.test')}`)}\r\n`,
  },
  replied(
    'T-29 an unasked 101',
    'upstream_protocol',
    '101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade',
    'SECRET',
  ),
  replied('T-29 early hints without end', 'upstream_protocol', 'HINTS'),
  {
    threat: 'T-30 a body on GET',
    reason: 'default_deny',
    request: (line) => `${line('GET', '/')}Content-Length: 2\r\n\r\nhi`,
  },
  {
    threat: 'T-30 a method in the query',
    reason: 'default_deny',
    request: (line) => `${line('GET', '/?%5Fmethod=PUT')}\r\n`,
  },
  { threat: 'T-30 TRACE', reason: 'method_not_allowed', request: (line) => `${line('TRACE', '/')}\r\n` },
  {
    threat: 'T-28 a WebSocket without the right',
    reason: 'default_deny',
    request: (line) => `${line('GET', '/')}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
  },
  ...['/my-bucket/..;/x', '/my-bucket/%2e%2e/x', '/my-bucket//../x', '/my-bucket/a%2fb', '/my-bucket/..\\x'].map(path),
  replied(
    'T-33 a line end in a field',
    'upstream_protocol',
    '200 OK\r\nX-A: b\rSet-Cookie: SECRET=1\r\nContent-Length: 0',
  ),
  replied('T-33 an escape in a field', 'upstream_protocol', '200 OK\r\nX-A: \x1b[2JSECRET\r\nContent-Length: 0'),
  replied('T-34 a bomb', 'guard_unscannable', packed('gzip'), BOMB),
  replied('T-34 T-35 a bomb in base64', 'guard_unscannable', plain(INNER_BOMB.length), INNER_BOMB),
  {
    threat: 'T-34 T-35 a bomb in a field',
    reason: 'guard_unscannable',
    request: (line) => `${line('GET', '/')}X-Data: ${INNER_BOMB}\r\n\r\n`,
  },
  replied('T-34 stacked encodings', 'guard_unscannable', packed('gzip, gzip'), BOMB),
  replied('T-34 an unknown encoding', 'guard_unscannable', packed('compress'), BOMB),
];

describe.each(['in the clear', 'inspected'] as const)('HTTP %s, two tenants at once', (place) => {
  it.each(HTTP_ROWS)('$threat', async (row) => {
    const { host = 'web.lab.test', class: name = 'lab-read' } = row;
    const before = lab.heads.length;
    lab.script = (socket) => {
      const hints = row.reply?.includes('HINTS');
      socket.write(
        hints ? 'HTTP/1.1 103 Early Hints\r\nX: SECRET\r\n\r\n'.repeat(100) : (row.reply ?? answer('SECRET')),
      );
    };
    const passes = await Promise.all(TENANTS.map((tenant) => lab.issue(tenant, name)));
    const said = await Promise.all(passes.map((pass) => asked(row, { place, host, pass })));
    for (const text of said) {
      expect(text).not.toContain('SECRET');
      expect(text.length).toBeLessThan(200_000);
      expect([...text.matchAll(/^HTTP\/1\.1 2/gm)]).toHaveLength(0);
    }
    if (row.reply === undefined) expect(lab.heads.length).toBe(before);
    const tasks = passes.map((pass) => pass.split(':')[0]);
    const all = await records();
    const mine = all.filter((d) => tasks.includes(d.task ?? ''));
    // A head that could not be read in the clear names nobody; what went wrong behind an allow is said by its close.
    if (row.reason === 'request_malformed') expect(all.map((d) => d.reason)).toContain(row.reason);
    else if (row.reply === undefined) expect(new Set(mine.map((d) => d.reason))).toContain(row.reason);
    else
      await expect
        .poll(async () => (await closes(tasks)).filter((reason) => reason === row.reason).length)
        .toBeGreaterThanOrEqual(2);
  });
});

interface Asking {
  readonly place: Place;
  readonly host: string;
  readonly pass: string;
}

function asked(row: HttpRow, { place, host, pass }: Asking): Promise<string> {
  const clear = place === 'in the clear';
  const target = `${host}:${clear ? lab.plainPort : lab.tlsPort}`;
  const line = (method: string, where: string) =>
    `${method} ${clear ? `http://${target}` : ''}${where} HTTP/1.1\r\nHost: ${target}\r\n${clear ? lab.authorization(pass) : ''}`;
  const bytes = row.request(line);
  return clear ? lab.raw(bytes, 3000) : lab.inspected(host, bytes, { pass });
}

async function closes(tasks: readonly (string | undefined)[]): Promise<readonly string[]> {
  const { events } = await lab.admin('/v1/audit?type=flow.closed&limit=20');
  return (events as { event: { task: string; reason: string } }[])
    .map(({ event }) => event)
    .filter(({ task }) => tasks.includes(task))
    .map(({ reason }) => reason);
}

interface Recorded {
  readonly task: string | null;
  readonly tenant: string | null;
  readonly effect: string;
  readonly reason: string;
}

async function records(): Promise<readonly Recorded[]> {
  const { events } = await lab.admin('/v1/audit?type=decision&limit=60');
  return (events as { event: Recorded }[]).map(({ event }) => event);
}
