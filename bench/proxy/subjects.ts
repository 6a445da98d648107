/** The proxies under test, each started on its own core with the other end's addresses in its hosts file. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { memoryOf } from './cpu.ts';
import type { Way } from './load.ts';
import { HOSTS, host, TUNNEL_HOST } from './world.ts';

export interface Subject {
  readonly name: string;
  readonly pid: number;
  readonly way: Way;
  /** Where a control change is asked for; absent in peers. */
  readonly admin?: { readonly address: string; readonly token: string };
  memory(): number;
  stop(): Promise<void>;
}

export interface Place {
  /** Scratch directory. */
  readonly dir: string;
  /** PEM file of the CA of the origins. */
  readonly originCa: string;
  readonly core: number;
  readonly profile: string | null;
}

type Start = (place: Place, port: number) => Promise<Subject>;

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

export const SUBJECTS: Readonly<Record<string, Start>> = {
  locktender: (place, port) => gate(place, port, 'plain'),
  'locktender+guard': (place, port) => gate(place, port, 'guard'),
  before: (place, port) => gate(place, port, 'before'),
  squid,
  tinyproxy,
  mitmproxy,
  bare: (place, port) => node(place, port, { name: 'bare', script: here('bare.ts'), args: [] }),
  hand: (place, port) => node(place, port, { name: 'hand', script: here('hand.ts'), args: [] }),
  'proxy-chain': (place, port) =>
    node(place, port, { name: 'proxy-chain', script: here('peers/proxy-chain.ts'), args: [PEERS] }),
  mockttp,
  'bare-inspect': bareInspect,
};

/** Where scripts/setup-bench.sh put the peers that npm has. */
const PEERS = process.env['LOCKTENDER_BENCH_DIR'] ?? '/var/tmp/locktender-bench';

/** Another checkout of this repository, to be measured in turn with this one. */
const BEFORE = process.env['LOCKTENDER_BENCH_BEFORE'];

async function gate(place: Place, port: number, kind: 'plain' | 'guard' | 'before'): Promise<Subject> {
  const dir = join(place.dir, `gate-${kind}-${port}`);
  const { subject, line } = await started(place, port, {
    name: { plain: 'locktender', guard: 'locktender+guard', before: 'before' }[kind],
    script: kind === 'before' ? join(BEFORE ?? '', 'bench/proxy/gate.ts') : here('gate.ts'),
    args: [dir, place.originCa],
    after: [kind === 'guard' ? 'guard' : 'plain'],
  });
  const { pass, ca, admin } = JSON.parse(line) as {
    pass: string;
    ca: string;
    admin: { address: string; token: string };
  };
  const credential = `Proxy-Authorization: Basic ${Buffer.from(pass).toString('base64')}\r\n`;
  return { ...subject, admin, way: { ...subject.way, credential, ca: readFileSync(ca, 'utf8') } };
}

interface Script {
  readonly name: string;
  readonly script: string;
  readonly args: readonly string[];
  readonly after?: readonly string[];
}

async function node(place: Place, port: number, script: Script): Promise<Subject> {
  return (await started(place, port, script)).subject;
}

async function mockttp(place: Place, port: number): Promise<Subject> {
  const args = [PEERS, place.originCa, place.dir];
  const { subject, line } = await started(place, port, { name: 'mockttp', script: here('peers/mockttp.ts'), args });
  const { ca } = JSON.parse(line) as { readonly ca: string };
  return { ...subject, way: { ...subject.way, ca: readFileSync(ca, 'utf8') } };
}

async function bareInspect(place: Place, port: number): Promise<Subject> {
  const script = here('bare-inspect.ts');
  const { subject, line } = await started(place, port, {
    name: 'bare-inspect',
    script,
    args: [place.dir, place.originCa],
  });
  const { ca } = JSON.parse(line) as { readonly ca: string };
  return { ...subject, way: { ...subject.way, ca: readFileSync(ca, 'utf8') } };
}

async function started(place: Place, port: number, { name, script, args, after = [] }: Script) {
  const profile = place.profile === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${place.profile}`];
  const child = pinned(place, process.execPath, [
    '--disable-warning=ExperimentalWarning',
    ...profile,
    script,
    ...args,
    String(port),
    ...after,
  ]);
  const line = await firstLine(child);
  return { subject: subjectOf(name, child, port), line };
}

function pinned(place: Place, command: string, args: readonly string[]): ChildProcess {
  return spawn('taskset', ['-c', String(place.core), command, ...args], {
    stdio: ['ignore', 'pipe', command === process.execPath ? 'inherit' : 'ignore'],
  });
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('\n')) resolve(text.split('\n')[0] ?? '');
    });
    child.once('exit', (code) => reject(new Error(`ended with ${code} before it was ready`)));
  });
}

function subjectOf(name: string, child: ChildProcess, port: number): Subject {
  const pid = child.pid ?? 0;
  return {
    name,
    pid,
    way: { proxyPort: port, credential: '', ca: null },
    memory: () => memoryOf(pid),
    stop: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null) resolve();
        child.once('exit', () => resolve());
        child.kill('SIGTERM');
        setTimeout(() => child.kill('SIGKILL'), 5_000).unref();
      }),
  };
}

async function squid(place: Place, port: number): Promise<Subject> {
  const dir = join(place.dir, `squid-${port}`);
  mkdirSync(dir, { recursive: true, mode: 0o777 });
  const at = (name: string) => join(dir, name);
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...[
        '-subj',
        '/CN=squid',
        '-addext',
        'basicConstraints=critical,CA:TRUE',
        '-keyout',
        at('ca.key'),
        '-out',
        at('ca.pem'),
      ],
    ],
    { stdio: 'ignore' },
  );
  const helper = '/usr/lib/squid/security_file_certgen';
  execFileSync(helper, ['-c', '-s', at('certs'), '-M', '64MB'], { stdio: 'ignore' });
  execFileSync('chown', ['-R', 'proxy:proxy', dir]);
  writeFileSync(at('hosts'), hostsFile());
  writeFileSync(
    at('squid.conf'),
    `
http_port 127.0.0.1:${port} ssl-bump generate-host-certificates=on dynamic_cert_mem_cache_size=64MB tls-cert=${at('ca.pem')} tls-key=${at('ca.key')}
sslcrtd_program ${helper} -s ${at('certs')} -M 64MB
sslcrtd_children 4 startup=1 idle=1
tls_outgoing_options cafile=${place.originCa}
acl opaque ssl::server_name ${TUNNEL_HOST}
acl tunnels port 18443
acl step1 at_step SslBump1
ssl_bump splice tunnels
ssl_bump peek step1
ssl_bump bump all
http_access allow all
cache deny all
cache_mem 8 MB
memory_pools on
access_log stdio:${at('access.log')}
cache_log ${at('cache.log')}
pid_filename ${at('squid.pid')}
hosts_file ${at('hosts')}
coredump_dir ${dir}
visible_hostname bench
shutdown_lifetime 0 seconds
on_unsupported_protocol tunnel all
via off
forwarded_for delete
pconn_timeout 60 seconds
`,
  );
  const child = pinned(place, '/usr/sbin/squid', ['-N', '-f', at('squid.conf')]);
  await listening(port, child);
  const subject = subjectOf('squid', child, port);
  return { ...subject, way: { ...subject.way, ca: readFileSync(at('ca.pem'), 'utf8') } };
}

/** As it is installed: it looks into everything but the opaque tunnel, verifies origins, and logs nothing. */
async function mitmproxy(place: Place, port: number): Promise<Subject> {
  const dir = join(place.dir, `mitmproxy-${port}`);
  const set = (option: string) => ['--set', option];
  const child = pinned(place, '/usr/bin/mitmdump', [
    ...['-q', '--listen-host', '127.0.0.1', '--listen-port', String(port), '--ignore-hosts', TUNNEL_HOST],
    ...set(`confdir=${dir}`),
    ...set(`ssl_verify_upstream_trusted_ca=${place.originCa}`),
    ...set('connection_strategy=lazy'),
  ]);
  await listening(port, child);
  const subject = subjectOf('mitmproxy', child, port);
  return { ...subject, way: { ...subject.way, ca: readFileSync(join(dir, 'mitmproxy-ca-cert.pem'), 'utf8') } };
}

async function tinyproxy(place: Place, port: number): Promise<Subject> {
  const file = join(place.dir, `tinyproxy-${port}.conf`);
  writeFileSync(
    file,
    `Port ${port}\nListen 127.0.0.1\nTimeout 600\nMaxClients 4000\nLogLevel Error\nAllow 127.0.0.1\nDisableViaHeader Yes\n`,
  );
  const child = pinned(place, '/usr/bin/tinyproxy', ['-d', '-c', file]);
  await listening(port, child);
  return subjectOf('tinyproxy', child, port);
}

export function hostsFile(): string {
  const names = [TUNNEL_HOST, ...Array.from({ length: HOSTS }, (_, n) => host(n))];
  return `127.0.0.1 localhost\n${names.map((name) => `127.0.0.1 ${name}\n`).join('')}`;
}

async function listening(port: number, child: ChildProcess): Promise<void> {
  for (let n = 0; n < 200; n += 1) {
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode} before it listened`);
    if (await reachable(port)) return;
    await sleep(50);
  }
  throw new Error('does not listen');
}

function reachable(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Which of the wanted subjects are here to be measured. */
export function present(names: readonly string[]): string[] {
  const needs: Readonly<Record<string, string>> = {
    squid: '/usr/sbin/squid',
    tinyproxy: '/usr/bin/tinyproxy',
    mitmproxy: '/usr/bin/mitmdump',
    mockttp: join(PEERS, 'node_modules/mockttp'),
    'proxy-chain': join(PEERS, 'node_modules/proxy-chain'),
    before: BEFORE ?? '/nowhere',
  };
  return names.filter((name) => SUBJECTS[name] && (!needs[name] || existsSync(needs[name])));
}
