/**
 * The egress proxy against its peers, in one run: own network namespace, the proxy under test on core 0, generator and
 * origin on core 1, alternating order, medians. CPU of the proxy per operation, from /proc, is the figure to trust; wall
 * figures suffer from whatever else runs, and from the generator where it is the slower side.
 *
 * `npm run bench:proxy -- [--rounds 3] [--only connect,bulk-1] [--subjects locktender,squid] [--scale 1] [--profile DIR]`
 * prints JSON. Needs root for the namespace; scripts/setup-bench.sh installs the peers, and one that is not there is left out.
 */

import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseHost } from '../../src/core/host.ts';
import { openCertificateAuthority } from '../../src/pki/certificate-authority.ts';
import { systemClock } from '../../src/telemetry/system-clock.ts';
import { median, rounded, summary } from '../measure.ts';
import { cpuOf } from './cpu.ts';
import { cutFlows } from './cut.ts';
import { startOrigins } from './origin.ts';
import { hostsFile, type Place, present, SUBJECTS, type Subject } from './subjects.ts';
import { idleTunnels, steadyRate, WORKLOADS, type Workload } from './workloads.ts';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
    subjects: { type: 'string', default: Object.keys(SUBJECTS).join(',') },
    scale: { type: 'string', default: '1' },
    profile: { type: 'string', default: '' },
    inside: { type: 'boolean', default: false },
  },
});

interface Row {
  readonly cpuUs: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

let nextPort = 20_000;

if (options.inside) await inside();
else process.exitCode = enter();

/** Starts this very script again in namespaces of its own, with the bench's names in its hosts file. */
function enter(): number {
  const dir = mkdtempSync(join(tmpdir(), 'proxy-bench-'));
  // Squid works as a user of its own.
  chmodSync(dir, 0o755);
  const hosts = join(dir, 'hosts');
  writeFileSync(hosts, hostsFile());
  const script = `mount --bind '${hosts}' /etc/hosts && ip link set lo up && exec taskset -c 1 "$0" "$@"`;
  const self = [process.execPath, '--disable-warning=ExperimentalWarning', import.meta.filename, '--inside'];
  const args = ['--net', '--mount', 'sh', '-c', script, ...self, ...process.argv.slice(2)];
  const env = { ...process.env, PROXY_BENCH_DIR: dir };
  const { status } = spawnSync('unshare', args, { stdio: 'inherit', env });
  rmSync(dir, { recursive: true, force: true });
  return status ?? 1;
}

async function inside(): Promise<void> {
  const place = await prepare();
  const chosen = options.only === '' ? [] : options.only.split(',');
  const wanted = (name: string) => chosen.length === 0 || chosen.includes(name);
  const subjects = present(options.subjects.split(','));
  const results: Record<string, unknown> = {};
  for (const workload of WORKLOADS.filter(({ name }) => wanted(name))) {
    const rows = await measured(place, workload, subjects);
    results[workload.name] = { unit: workload.unit, ...table(rows) };
    process.stderr.write(`${JSON.stringify({ [workload.name]: results[workload.name] })}\n`);
  }
  if (wanted('idle')) results['idle'] = await idle(place, subjects);
  if (wanted('cut')) results['cut'] = await withSubject(place, 'locktender', cutFlows);
  if (wanted('steady')) results['steady'] = await steady(place, subjects);
  process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
  process.exit(0);
}

async function prepare(): Promise<Place> {
  const dir = process.env['PROXY_BENCH_DIR'] ?? mkdtempSync(join(tmpdir(), 'proxy-bench-'));
  const ca = join(dir, 'origin');
  mkdirSync(ca, { recursive: true });
  const authority = openCertificateAuthority({ dir: ca, name: 'origin', commonName: 'bench', clock: systemClock });
  await startOrigins((name) => {
    const host = parseHost(name);
    if (!host.ok) throw new Error(`\`${name}\` is no host`);
    return authority.contextFor(host.value);
  });
  const originCa = join(dir, 'origin-ca.pem');
  writeFileSync(originCa, authority.pem);
  return { dir, originCa, core: 0, profile: options.profile === '' ? null : options.profile };
}

async function withSubject<T>(place: Place, name: string, act: (subject: Subject) => Promise<T>): Promise<T> {
  nextPort += 1;
  const subject = await (SUBJECTS[name] as (typeof SUBJECTS)[string])(place, nextPort);
  try {
    return await act(subject);
  } finally {
    await subject.stop();
  }
}

/** All subjects stay up through the rounds, so that each is warm; their order turns with each round. */
async function measured(place: Place, workload: Workload, names: readonly string[]): Promise<Map<string, Row[]>> {
  const rows = new Map<string, Row[]>();
  const subjects: Subject[] = [];
  try {
    for (const name of names.filter((one) => workload.subjects.includes(one))) {
      nextPort += 1;
      subjects.push(await (SUBJECTS[name] as (typeof SUBJECTS)[string])(place, nextPort));
    }
    for (const subject of subjects) await round(subject, workload, 0);
    for (let n = 1; n <= Number(options.rounds); n += 1) {
      for (const subject of n % 2 === 0 ? subjects : subjects.toReversed()) {
        const row = await round(subject, workload, n);
        rows.set(subject.name, [...(rows.get(subject.name) ?? []), row]);
      }
    }
  } finally {
    for (const subject of subjects) await subject.stop();
  }
  return rows;
}

async function round({ pid, way, name }: Subject, workload: Workload, n: number): Promise<Row> {
  const count = Math.max(8, Math.round((workload.count * Number(options.scale)) / 8) * 8);
  const prepared = await workload.prepare(way, n).catch((error: Error) => {
    throw new Error(`${workload.name} of ${name}: ${error.message}`);
  });
  const cpu = cpuOf(pid);
  const since = performance.now();
  const times = await prepared.run(count);
  const ms = performance.now() - since;
  const used = cpuOf(pid) - cpu;
  await prepared.close();
  const { p50, p99 } = summary(times, 1);
  return { cpuUs: used / count, perSecond: (count / ms) * 1000, p50, p99 };
}

/** Medians, and ours against each peer: above 1 is cheaper (CPU) or faster (wall) than the peer. */
function table(rows: ReadonlyMap<string, readonly Row[]>) {
  const of = (name: string, key: keyof Row) => rounded(median((rows.get(name) ?? []).map((row) => row[key])));
  const names = [...rows.keys()];
  const medians = Object.fromEntries(
    names.map((name) => [
      name,
      { cpuUs: of(name, 'cpuUs'), perSecond: of(name, 'perSecond'), p50: of(name, 'p50'), p99: of(name, 'p99') },
    ]),
  );
  const peers = names.filter((name) => name !== 'locktender');
  const ratios = Object.fromEntries(
    peers.map((name) => [
      name,
      {
        cpu: rounded(of(name, 'cpuUs') / of('locktender', 'cpuUs')),
        wall: rounded(of('locktender', 'perSecond') / of(name, 'perSecond')),
      },
    ]),
  );
  // In the order in which they ran: what a runtime that compiles as it goes costs before it is warm shows here.
  const rounds = Object.fromEntries(
    names.map((name) => [name, (rows.get(name) ?? []).map((row) => Math.round(row.cpuUs))]),
  );
  return { medians, ratios, rounds };
}

async function idle(place: Place, names: readonly string[]) {
  const out: Record<string, number> = {};
  for (const name of names.filter((one) => ['locktender', 'squid', 'bare'].includes(one))) {
    const bytes = await withSubject(place, name, ({ way, memory }) => idleTunnels(way, memory, 1_000));
    out[name] = Math.round(bytes);
  }
  return { unit: 'bytes of memory for one of 1,000 idle tunnels', bytes: out };
}

async function steady(place: Place, names: readonly string[]) {
  const out: Record<string, unknown> = {};
  for (const name of names.filter((one) => ['locktender', 'squid', 'bare'].includes(one))) {
    out[name] = await withSubject(place, name, async ({ way }) => summary(await steadyRate(way, 2_000, 5), 1));
  }
  return { unit: 'ms of a request, 1,000 tunnels at 2,000 requests a second', ms: out };
}
