/**
 * What large guarded bodies cost everybody else: a small request every 10 ms, alone and while 4 MB answers pass, looked at on
 * the event loop (`guard.workers: 0`) and in threads. One run, one machine. `npm run bench:guard-loop [seconds]` prints JSON;
 * clients and origin are a process of their own.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { loadavg } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { openLab } from '../test/proxy/lab.ts';
import type { LoadOrder } from './guard/loop-load.ts';
import { rounded } from './measure.ts';

const ms = (Number(process.argv[2]) || 8) * 1000;
const AT_ONCE = 2;

const load = spawn(process.execPath, [fileURLToPath(new URL('./guard/loop-load.ts', import.meta.url))], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
const lines = createInterface({ input: load.stdout })[Symbol.asyncIterator]();
try {
  const port = Number((await lines.next()).value);
  const out: Record<string, unknown> = { seconds: ms / 1000, largeAtOnce: AT_ONCE, load: loadavg()[0] };
  for (const [name, workers] of [
    ['inline', '0'],
    ['workers', 'auto'],
  ] as const)
    out[name] = await measured(workers, port);
  process.stdout.write(`${JSON.stringify(out, null, 2)}\n`);
} finally {
  await ended(load);
}

async function measured(workers: string, port: number) {
  const lab = await openLab({ 'guard.workers': workers, workers: '1' }, [port]);
  const proxy = lab.appliance.proxyAddress;
  const authorization = lab.authorization().replace(/^.*?: |\r\n$/g, '');
  const order = { proxy, authorization, ms };
  try {
    // Expressions are compiled, and threads started, when they are first needed.
    for (const large of ['/plain', '/gzip']) await phase({ ...order, ms: 2000, large, atOnce: AT_ONCE });
    return {
      alone: await phase({ ...order, large: '', atOnce: 0 }),
      besidePlain: await phase({ ...order, large: '/plain', atOnce: AT_ONCE }),
      besideGzip: await phase({ ...order, large: '/gzip', atOnce: AT_ONCE }),
    };
  } finally {
    await lab.close();
  }
}

async function phase(order: LoadOrder) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const cpu = process.cpuUsage();
  delay.enable();
  load.stdin?.write(`${JSON.stringify(order)}\n`);
  const said = JSON.parse(String((await lines.next()).value)) as object;
  delay.disable();
  const { user, system } = process.cpuUsage(cpu);
  const loopDelayMs = { p50: at(delay, 50), p99: at(delay, 99), max: rounded(delay.max / 1e6) };
  return { ...said, loopDelayMs, cpuSeconds: rounded((user + system) / 1e6) };
}

function at(delay: ReturnType<typeof monitorEventLoopDelay>, share: number): number {
  return rounded(delay.percentile(share) / 1e6);
}

async function ended(child: ChildProcess): Promise<void> {
  const over = once(child, 'exit');
  child.stdin?.end();
  child.kill();
  await over;
}
