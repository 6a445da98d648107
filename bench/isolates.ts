/**
 * Fresh isolates, side by side with other ways to run untrusted code fresh, in one run on one machine:
 *
 *     bin/node24 node bench/isolates.ts [--runs N] [--peers]
 *
 * `--peers` adds a container start (with a Docker engine and busybox-static), workerd's dynamic worker loading and
 * QuickJS in WebAssembly, installed from npm into a temporary folder.
 *
 * Milliseconds. `boot`: in the host, from the order's arrival to the start of tool code. `first_line_heard`: at the
 * supervisor, from `run()` until a line that the tool logs first arrived, messages both ways included. `whole`: `run()`
 * to its outcome.
 */

import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import vm from 'node:vm';
import { Worker } from 'node:worker_threads';
import { createIsolatePool, type PoolSettings } from '../src/isolates/pool.ts';
import type { TaskOrder } from '../src/isolates/task-order.ts';
import { otherPeers } from './isolates-peers.ts';

const runs = Number(process.argv[process.argv.indexOf('--runs') + 1]) || 400;
const clock = { now: () => Date.now(), monotonic: () => performance.now() };
const limits = { wall_ms: 10_000, cpu_ms: 5000, memory_mb: 64, output_bytes: 10_000 };
let serial = 0;

function order(tenant = 'bench', code = 'export default () => 1;'): TaskOrder {
  serial += 1;
  return { task: `b${serial}`, tenant, language: 'js', input: 'null', limits, bindings: null, code };
}

function spread(values: readonly number[]) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return { runs: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}

const round = (value: number): number => Math.round(value * 1000) / 1000;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function timed(count: number, run: () => unknown): Promise<number[]> {
  const out: number[] = [];
  for (let i = 0; i < count; i += 1) {
    const from = performance.now();
    await run();
    out.push(performance.now() - from);
  }
  return out;
}

async function pooled(settings: PoolSettings, gapMs: number, count = runs) {
  const pool = createIsolatePool({ clock, settings: { hosts: 2, spares: 1, ...settings } });
  if (!(await pool.ready(30_000))) throw new Error('no isolate host became ready');
  for (let i = 0; i < 20; i += 1) {
    await pool.run(order());
    await pause(5);
  }
  const boots: number[] = [];
  const lines: number[] = [];
  const whole = await timed(count, async () => {
    const from = performance.now();
    const outcome = await pool.run({
      ...order('bench', "console.log('first line'); export default () => 1;"),
      onLog: () => lines.push(performance.now() - from),
    });
    if (outcome.status !== 'completed') throw new Error(`a task ended ${outcome.status}`);
    boots.push(outcome.usage.boot_ms);
    if (gapMs > 0) await pause(gapMs);
  });
  const { wall, refill, isolate_bytes } = pool.stats();
  await pool.close();
  return {
    wall,
    refill,
    isolate_bytes,
    boot: spread(boots),
    first_line_heard: spread(lines),
    whole: spread(whole.map((ms) => ms - gapMs)),
  };
}

/** As many at once as there are slots, for so long. */
async function throughput(seconds: number) {
  const pool = createIsolatePool({ clock, settings: { hosts: 3, spares: 1, ahead: 8, tasksPerHost: 100_000 } });
  await pool.ready(30_000);
  const until = performance.now() + seconds * 1000;
  let done = 0;
  const lane = async () => {
    while (performance.now() < until) {
      await pool.run(order());
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
  const stats = pool.stats();
  await pool.close();
  return { tasks_per_second: Math.round(done / seconds), hits: stats.hits, misses: stats.misses, refill: stats.refill };
}

/** One tenant floods; the other's tasks are what is measured. */
async function fairness() {
  const pool = createIsolatePool({ clock, settings: { hosts: 4, spares: 1, ahead: 4 } });
  await pool.ready(30_000);
  const quiet = async () => {
    const out: number[] = [];
    for (let i = 0; i < 100; i += 1) {
      const from = performance.now();
      await pool.run(order('quiet'));
      out.push(performance.now() - from);
      await pause(5);
    }
    return spread(out);
  };
  await pool.run(order('quiet'));
  const alone = await quiet();
  let flooding = true;
  const busy = 'export default () => { for (const until = Date.now() + 5; Date.now() < until;); };';
  const lanes = Array.from({ length: 50 }, async () => {
    while (flooding) await pool.run(order('flood', busy));
  });
  await pause(500);
  const beside = await quiet();
  flooding = false;
  await Promise.all(lanes);
  await pool.close();
  return { alone, beside_a_flood: beside };
}

async function peers(): Promise<Record<string, ReturnType<typeof spread>>> {
  const ivm = createRequire(import.meta.url)('isolated-vm') as typeof import('isolated-vm');
  const engine = 'ivm' in ivm ? (ivm.ivm as typeof ivm) : ivm;
  const few = Math.min(runs, 60);
  const more = process.argv.includes('--peers') ? await otherPeers(timed, few * 3) : {};
  return {
    ...Object.fromEntries(Object.entries(more).map(([name, values]) => [name, spread(values)])),
    'bare isolated-vm, no snapshot, no wall': spread(
      await timed(few * 3, () => {
        const isolate = new engine.Isolate({ memoryLimit: 64 });
        isolate.createContextSync().evalSync('1');
        isolate.dispose();
      }),
    ),
    'node:vm context (no isolation)': spread(await timed(few * 3, () => vm.runInNewContext('1'))),
    'worker thread': spread(
      await timed(few, async () => {
        const worker = new Worker('require("node:worker_threads").parentPort.postMessage(1)', { eval: true });
        await new Promise((resolve) => worker.once('message', resolve));
        await worker.terminate();
      }),
    ),
    'node process': spread(await timed(few, () => spawnSync(process.execPath, ['-e', '1']))),
    'node process in bubblewrap': spread(
      await timed(few, () =>
        spawnSync('bwrap', ['--unshare-all', '--ro-bind', '/', '/', '--dev', '/dev', process.execPath, '-e', '1']),
      ),
    ),
  };
}

const warm = await pooled({ ahead: 4 }, 8);
const empty = await pooled({ ahead: 0 }, 8, Math.min(runs, 150));
const others = await peers();
const ratio = ({ p50, p99 }: ReturnType<typeof spread>) => ({
  p50: Math.round(p50 / warm.boot.p50),
  p99: Math.round(p99 / warm.boot.p99),
});
const report = {
  node: process.version,
  warm,
  empty,
  throughput: await throughput(4),
  fairness: await fairness(),
  peers: others,
  times_faster_than: Object.fromEntries(Object.entries(others).map(([name, of]) => [name, ratio(of)])),
};
console.log(JSON.stringify(report, null, 2));
