/**
 * `POST /v1/tasks` of a whole appliance with the strict log, from a client on a kept connection:
 *
 *     bin/node24 node bench/tasks.ts [--runs N] [--gap MS] [--lanes N] [--seconds N] [--hosts N]
 *
 * One after the other with a gap (round trips, ms), then lanes at once (fresh tasks a second). `floor` is what an empty
 * exchange with the same door takes, and a durable write of a record's size on the same disk.
 */

import { spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const KEY = 'development-only-key';
const option = (name: string, otherwise: number): number =>
  Number(process.argv[process.argv.indexOf(`--${name}`) + 1]) || otherwise;
const runs = option('runs', 400);
const gap = option('gap', 8);
const lanes = option('lanes', 8);
const seconds = option('seconds', 5);
const agent = new Agent({ keepAlive: true, maxSockets: 64 });
const ORDER = JSON.stringify({ class: 'strict', code: 'export default (input) => input.n * 2;', input: { n: 21 } });

function call(url: string, method: string, body = ''): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${KEY}`,
      'content-type': 'application/json',
      'content-length': body.length,
    };
    const sent = request(url, { method, agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

function spread(values: readonly number[]) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => Math.round((sorted[Math.floor((sorted.length - 1) * share)] ?? 0) * 100) / 100;
  return { p05: at(0.05), p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

/** CPU time of the appliance's own process so far, ms, by the kernel's account. */
function cpuMs(pid: number | undefined): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function timed(count: number, run: () => unknown, gapMs = gap): Promise<number[]> {
  const out: number[] = [];
  for (let i = 0; i < count; i += 1) {
    const from = performance.now();
    await run();
    out.push(performance.now() - from);
    if (gapMs > 0) await pause(gapMs);
  }
  return out;
}

async function started(folder: string) {
  const config = join(folder, 'locktender.yaml');
  const anywhere = '127.0.0.1:0';
  const hosts = option('hosts', 0);
  const isolates = hosts > 0 ? { hosts } : {};
  writeFileSync(
    config,
    JSON.stringify({
      ...{ proxy: { listen: anywhere }, socks: { listen: anywhere }, admin: { listen: anywhere }, isolates },
      gateway: { listen: anywhere, dev_key: KEY },
    }),
  );
  const main = new URL('../bin/locktender.mjs', import.meta.url).pathname;
  const args = [
    '--disable-warning=ExperimentalWarning',
    main,
    'serve',
    '--config',
    config,
    '--state',
    join(folder, 'state'),
  ];
  // What other benches are told, the appliance refuses as a setting that it does not know.
  const { LOCKTENDER_BENCH_DIR: _, ...env } = process.env;
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], env });
  let gateway = '';
  for await (const line of createInterface({ input: child.stdout })) {
    const [, address] = /gateway\s+(?:https?:\/\/)?(127\S+)/.exec(line) ?? [];
    if (address) gateway = `http://${address}`;
    if (line.startsWith('ready')) break;
  }
  child.stdout.resume();
  return { gateway, child };
}

function durableWrites(folder: string): number[] {
  const file = openSync(join(folder, 'floor'), 0o1 | 0o100 | 0o10000, 0o600);
  const record = Buffer.alloc(1024, 120);
  return Array.from({ length: 200 }, () => {
    const from = performance.now();
    writeSync(file, record);
    return performance.now() - from;
  });
}

const folder = mkdtempSync(join(tmpdir(), 'bench-tasks-'));
const { gateway, child } = await started(folder);
const one = async () => {
  const { status, text } = await call(`${gateway}/v1/tasks`, 'POST', ORDER);
  if (status !== 200 || !text.includes('"completed"')) throw new Error(`a task was answered ${status}: ${text}`);
};
try {
  await timed(100, one);
  const before = cpuMs(child.pid);
  const round_trip = spread(await timed(runs, one));
  const cpu_ms_a_task = Math.round(((cpuMs(child.pid) - before) / runs) * 100) / 100;
  const back_to_back = spread(await timed(runs, one, 0));
  const empty_exchange = spread(await timed(runs, () => call(`${gateway}/v1/tasks/none?tenant=none`, 'GET')));
  const until = performance.now() + seconds * 1000;
  let done = 0;
  const lane = async () => {
    for (; performance.now() < until; done += 1) await one();
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  const tasks_per_second = Math.round(done / seconds);
  const floor = { empty_exchange, durable_write: spread(durableWrites(folder)) };
  console.log(
    JSON.stringify(
      { node: process.version, round_trip, cpu_ms_a_task, back_to_back, tasks_per_second, lanes, floor },
      null,
      2,
    ),
  );
} finally {
  agent.destroy();
  child.kill('SIGTERM');
  await new Promise((resolve) => child.once('exit', resolve));
  rmSync(folder, { recursive: true, force: true });
}
