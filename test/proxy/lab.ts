/**
 * A whole appliance before origins that a test scripts byte by byte: real TLS, real sockets, a policy of its own. The
 * names below `lab.test` are answered by the resolver's fixed table, some with addresses that must never be dialled.
 */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  type ConnectionOptions,
  connect as connectTls,
  createServer as createTlsServer,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import type { CoreOptions } from '../../src/appliance/open-core.ts';
import { type Appliance, startAppliance } from '../../src/appliance/start-appliance.ts';
import { secret } from '../../src/appliance/tour/tour-client.ts';
import { rootsOf } from '../../src/control/load-revision.ts';
import { parseHost } from '../../src/core/host.ts';
import { openCertificateAuthority } from '../../src/pki/certificate-authority.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { systemClock } from '../../src/telemetry/system-clock.ts';
import { loopbackConfig } from './loopback-config.ts';

/** What an origin does with one connection: the head of its first request, and what came behind it, as Latin-1. */
export type OriginScript = (socket: Socket, head: string, rest: string) => void;

export interface Lab {
  readonly appliance: Appliance;
  readonly tlsPort: number;
  readonly plainPort: number;
  /** A pass of a new task, as `user:password`. */
  issue(tenant: string, name: string, more?: object): Promise<string>;
  /** Passes by what they may do. */
  readonly passes: { readonly read: string; readonly write: string; readonly other: string };
  /** What the next connections to the origins meet. */
  script: OriginScript;
  /** Heads that the origins have received, in order. */
  readonly heads: string[];
  /** Fields of the head of a proxy request that carry a pass. */
  authorization(pass?: string): string;
  /** Sends bytes to the proxy's door as they are; all that comes back until the end, or until a second of silence. */
  raw(bytes: string, quietMs?: number): Promise<string>;
  /** CONNECT, then TLS with the gate's CA; null when the gate refuses, with what it said in `refused`. */
  tunnel(host: string, options?: TunnelOptions): Promise<{ socket: TLSSocket | null; refused: string }>;
  /** One request inside an inspected tunnel. */
  inspected(host: string, request: string, options?: TunnelOptions): Promise<string>;
  decisions(): Promise<readonly LabDecision[]>;
  admin(path: string, body?: object, method?: string): Promise<Record<string, unknown>>;
  /** Certificate of a name below `lab.test`, for origins that a test serves itself on one of `ports`. */
  contextOf(name: string): SecureContext;
  /** PEM of the gate's CA. */
  readonly ca: string;
  /** PEM of the CA of the lab's origins. */
  readonly originCa: string;
  close(): Promise<void>;
}

export interface LabDecision {
  readonly effect: string;
  readonly reason: string;
  readonly host: string | null;
  readonly tenant: string | null;
}

export interface TunnelOptions {
  readonly pass?: string;
  readonly port?: number;
  readonly servername?: string;
  readonly alpn?: readonly string[];
  readonly session?: Buffer;
  /** What else the client's TLS is told. */
  readonly tls?: Pick<ConnectionOptions, 'minVersion' | 'maxVersion' | 'ciphers'>;
  /** PEM that the client trusts in place of the gate's CA: the origin's own, in an opaque tunnel. */
  readonly ca?: string;
}

/** Answers that the resolver gives. */
const HOSTS: Record<string, string[]> = {
  'web.lab.test': ['127.0.0.1'],
  'two.lab.test': ['127.0.0.1'],
  'store.lab.test': ['127.0.0.1'],
  'api.openai.com': ['127.0.0.1'],
  'bad.lab.test': ['127.0.0.1'],
  'meta.lab.test': ['169.254.169.254'],
  'azure.lab.test': ['168.63.129.16'],
  'ten.lab.test': ['10.1.2.3'],
  'mapped.lab.test': ['::ffff:10.1.2.3'],
  'nat64.lab.test': ['64:ff9b::a01:203'],
  'sixtofour.lab.test': ['2002:a01:203::1'],
  'teredo.lab.test': ['2001:0:4136:e378:8000:63bf:3fff:fdd2'],
  'cgnat.lab.test': ['100.64.1.1'],
  'ula.lab.test': ['fd00:ec2::254'],
  'linklocal.lab.test': ['fe80::1'],
  'zero.lab.test': ['0.0.0.0'],
  'broadcast.lab.test': ['255.255.255.255'],
  'multicast.lab.test': ['224.0.0.1'],
  'mixed.lab.test': ['10.1.2.3', '127.0.0.1'],
  'pair.lab.test': ['127.0.0.1', '127.0.0.2'],
};

const capability = (name: string, grant: string) => `version: 1
name: ${name}
owner: tests
description: The lab.
risk: low
inspect: auto
grants:
  - ${grant}
private_destinations: [127.0.0.1/32, 127.0.0.2/32]
`;

const profile = (name: string, capabilities: string) => `version: 1
name: ${name}
owner: tests
description: The lab.
capabilities: [${capabilities}]
limits:
  cpu_ms: 10000
  wall_ms: 3600000
  memory_mb: 64
  output_bytes: 262144
  requests: 10000
  rate: 1000
  bytes_up: 1048576000
  bytes_down: 1073741824
  concurrency: 1000
  distinct_hosts: 100
  leak_bytes: 65536
guard:
  request: enforce
  result: enforce
  min_likelihood: POSSIBLE
  unscannable: block
record_paths: clear
`;

/** `ports` are further ports that the lab's capabilities reach, `files` further files of its rules, `more` further parts. */
export async function openLab(
  config: Readonly<Record<string, string>> = {},
  ports: readonly number[] = [],
  files: Readonly<Record<string, string>> = {},
  more: Pick<CoreOptions, 'secondStage'> = {},
): Promise<Lab> {
  const dir = mkdtempSync(join(tmpdir(), 'locktender-lab-'));
  const clock = systemClock;
  const origins = openCertificateAuthority({ dir, name: 'lab-ca', commonName: 'Lab CA', clock });
  const strangers = openCertificateAuthority({ dir, name: 'strange-ca', commonName: 'Nobody knows this CA', clock });
  writeFileSync(join(dir, 'lab-ca.pem'), origins.pem);
  const heads: string[] = [];
  let script: OriginScript = (socket) => socket.end(answer('hello', 'Connection: close\r\n'));
  const onConnection = (socket: Socket) => {
    socket.on('error', () => undefined);
    let held = '';
    socket.on('data', (chunk) => {
      held += chunk.toString('latin1');
      const end = held.indexOf('\r\n\r\n');
      if (end < 0) return;
      const head = held.slice(0, end + 4);
      held = held.slice(end + 4);
      heads.push(head);
      script(socket, head, held);
    });
  };
  const contextOf = (name: string) => {
    const host = parseHost(name);
    if (!host.ok) throw new Error('no host');
    return (name === 'bad.lab.test' ? strangers : origins).contextFor(host.value);
  };
  const tls = createTlsServer({ SNICallback: (name, done) => done(null, contextOf(name)) }, onConnection);
  const plain = createTcpServer(onConnection);
  const [tlsPort, plainPort] = [await listening(tls), await listening(plain)];
  const rules = writeRules(join(dir, 'rules'), [tlsPort, plainPort, ...ports]);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(rules, path)), { recursive: true });
    writeFileSync(join(rules, path), text);
  }
  const full = loopbackConfig(
    dir,
    {
      workers: process.env['LOCKTENDER_TEST_WORKERS'] ?? '1',
      'proxy.inspect.upstream_ca': join(dir, 'lab-ca.pem'),
      ...config,
    },
    HOSTS,
  );
  const roots = rootsOf(full);
  const log = createLog({ level: 'silent' });
  const appliance = await startAppliance({
    config: full,
    roots: { ...roots, rules: [...roots.rules, rules] },
    log,
    clock,
    version: 'test',
    ...more,
  });
  const admin = async (path: string, body?: object, method = body ? 'POST' : 'GET') => {
    const response = await fetch(`http://${appliance.adminAddress}${path}`, {
      method,
      headers: { authorization: `Bearer ${secret(appliance, 'admin-token')}`, 'content-type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    return (await response.json()) as Record<string, unknown>;
  };
  const issue = async (tenant: string, name: string, more: object = {}) => {
    const { username, password } = new URL(
      String((await admin('/v1/passes', { tenant, class: name, ...more }))['proxy_url']),
    );
    return `${username}:${password}`;
  };
  const passes = {
    read: await issue('acme', 'lab-read'),
    write: await issue('acme', 'lab-write'),
    other: await issue('globex', 'lab-read'),
  };
  const authorization = (pass = passes.read) =>
    `Proxy-Authorization: Basic ${Buffer.from(pass).toString('base64')}\r\n`;
  const door = () => {
    const [host = '', port = ''] = appliance.proxyAddress.split(':');
    const socket = connect(Number(port), host);
    socket.on('error', () => undefined);
    return socket;
  };
  const tunnel = async (host: string, options: TunnelOptions = {}) => {
    const target = `${host}:${options.port ?? tlsPort}`;
    const socket = door();
    socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${authorization(options.pass)}\r\n`);
    const said = await firstBytes(socket);
    if (!said.startsWith('HTTP/1.1 200')) {
      socket.destroy();
      return { socket: null, refused: said };
    }
    const inner = connectTls({
      socket,
      ca: options.ca ?? appliance.core.authority.pem,
      servername: options.servername ?? host,
      ...options.tls,
      ...(options.session ? { session: options.session } : {}),
      ...(options.alpn ? { ALPNProtocols: [...options.alpn] } : {}),
    });
    inner.on('error', () => undefined);
    return { socket: inner, refused: '' };
  };
  return {
    appliance,
    tlsPort,
    plainPort,
    passes,
    issue,
    heads,
    get script() {
      return script;
    },
    set script(next) {
      script = next;
    },
    authorization,
    raw: (bytes, quietMs) => {
      const socket = door();
      socket.write(bytes, 'latin1');
      return everything(socket, quietMs);
    },
    tunnel,
    inspected: async (host, request, options) => {
      const { socket, refused } = await tunnel(host, options);
      if (socket === null) return refused;
      socket.write(request, 'latin1');
      return everything(socket);
    },
    decisions: async () => {
      const { events } = await admin('/v1/audit?type=decision&limit=1000');
      return (events as { event: LabDecision }[]).map(({ event }) => event);
    },
    admin,
    contextOf,
    ca: appliance.core.authority.pem,
    originCa: origins.pem,
    close: async () => {
      await appliance.stop(0);
      for (const server of [tls, plain]) server.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** A whole response. */
export function answer(body: string, fields = ''): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${fields}\r\n${body}`;
}

/** How long the first byte may take on a busy machine, where a test does not say. */
const FIRST_MS = 10_000;

/** What comes until the other side ends, or is quiet for so long. */
export function everything(socket: Socket, quietMs?: number): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const done = () => {
      socket.destroy();
      resolve(text);
    };
    socket.setTimeout(quietMs ?? FIRST_MS, done);
    socket.on('data', (chunk: Buffer) => {
      if (text === '') socket.setTimeout(quietMs ?? 1500);
      text += chunk.toString('latin1');
    });
    socket.once('close', done);
    socket.once('end', done);
    socket.once('error', done);
  });
}

function firstBytes(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    socket.once('data', (chunk: Buffer) => resolve(chunk.toString('latin1')));
    socket.once('close', () => resolve('closed'));
  });
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function writeRules(dir: string, ports: readonly number[]): string {
  const put = (path: string, text: string) => {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  };
  const shared = new Set(['store.lab.test']);
  const where = `hosts: [${Object.keys(HOSTS)
    .filter((name) => !shared.has(name))
    .join(', ')}]\n    ports: [${ports.join(', ')}]`;
  put(
    'capabilities/net.read.lab.yaml',
    capability('net.read.lab', `methods: read\n    ${where}\n    read_equivalents: [{ name: git-upload-pack }]`),
  );
  put(
    'capabilities/net.write.lab.yaml',
    capability('net.write.lab', `methods: write\n    ${where}\n    websocket: true`),
  );
  put(
    'capabilities/net.read.lab-opaque.yaml',
    capability('net.read.lab-opaque', `methods: read\n    ${where}`).replace('inspect: auto', 'inspect: never'),
  );
  const bucket = `hosts: [{ host: store.lab.test, paths: [/my-bucket, /my-bucket/**] }]\n    ports: [${ports.join(', ')}]`;
  put(
    'capabilities/net.write.lab-bucket.yaml',
    capability('net.write.lab-bucket', `methods: read\n    ${bucket}\n  - methods: write\n    ${bucket}`),
  );
  put('profiles/lab-opaque.yaml', profile('lab-opaque', 'net.read.lab-opaque'));
  put('profiles/lab-bucket.yaml', profile('lab-bucket', 'net.write.lab-bucket'));
  const tight = profile('lab-tight', 'net.read.lab')
    .replace('requests: 10000', 'requests: 6')
    .replace('bytes_down: 1073741824', 'bytes_down: 100000')
    .replace('concurrency: 1000', 'concurrency: 2')
    .replace('distinct_hosts: 100', 'distinct_hosts: 2')
    .replace('leak_bytes: 65536', 'leak_bytes: 100');
  put('profiles/lab-tight.yaml', tight);
  put('profiles/lab-slow.yaml', profile('lab-slow', 'net.read.lab').replace('rate: 1000', 'rate: 2'));
  put('profiles/lab-brief.yaml', profile('lab-brief', 'net.read.lab').replace('wall_ms: 3600000', 'wall_ms: 1500'));
  const write = profile('lab-up', 'net.read.lab, net.write.lab');
  put('profiles/lab-up.yaml', write.replace('bytes_up: 1048576000', 'bytes_up: 100000'));
  put('profiles/lab-open.yaml', write.replace('lab-up', 'lab-open').replace('unscannable: block', 'unscannable: pass'));
  put('profiles/lab-read.yaml', profile('lab-read', 'net.read.lab'));
  put('profiles/lab-write.yaml', profile('lab-write', 'net.read.lab, net.write.lab'));
  const shipped = readFileSync(new URL('../../rules/classes.yaml', import.meta.url), 'utf8');
  const names = ['read', 'write', 'opaque', 'bucket', 'tight', 'slow', 'brief', 'up', 'open'].map(
    (name) => `lab-${name}`,
  );
  const classes = names.map((name) => `  - { name: ${name}, description: The lab., profile: ${name} }\n`);
  put('classes.yaml', `${shipped.trimEnd()}\n${classes.join('')}`);
  return dir;
}
