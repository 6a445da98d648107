/**
 * Starts: each command from nothing to its end, and an appliance to `ready`. Wall time, and the CPU time of the process and of
 * all that it started, as the shell's `times` tells it. Further checkouts that are named run in turn with this one.
 *
 *   node bench/starts.ts [--rounds 11] [CHECKOUT…]
 */

import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({ options: { rounds: { type: 'string' } }, allowPositionals: true });
const rounds = Number(values.rounds ?? 11);
const checkouts = [...positionals, fileURLToPath(new URL('..', import.meta.url))];
const COMMANDS = ['--version', 'category list --json', 'policy check', '--help', 'status'];
const ANY = ['proxy', 'socks', 'gateway', 'admin'].map((door) => `--set ${door}.listen=127.0.0.1:0`).join(' ');
const empty = mkdtempSync(join(tmpdir(), 'locktender-starts-'));

interface Start {
  readonly wall: number;
  readonly cpu: number;
}

/** `times` prints what the shell used, then what its children did that it waited for. */
function cpuOf(said: string): number {
  const [user, system] = said.trimEnd().split('\n').at(-1)?.split(' ') ?? [];
  return ms(user) + ms(system);
}

function ms(text = ''): number {
  const [, minutes, seconds] = /^(\d+)m([\d.]+)s$/.exec(text) ?? [];
  return (Number(minutes) * 60 + Number(seconds)) * 1000;
}

function command(checkout: string, args: string): Start {
  const line = `${checkout}/bin/locktender ${args} >/dev/null 2>&1; times`;
  const from = performance.now();
  const { stdout } = spawnSync('sh', ['-c', line], { cwd: empty, encoding: 'utf8' });
  return { wall: performance.now() - from, cpu: cpuOf(stdout) };
}

/** To `ready`, then SIGTERM; the CPU time is that of the whole life. */
async function appliance(checkout: string): Promise<Start> {
  const state = mkdtempSync(join(empty, 'state-'));
  const line = `${checkout}/bin/locktender serve --state ${state} ${ANY} 2>/dev/null & echo pid $!; wait; times`;
  const from = performance.now();
  const child = spawn('sh', ['-c', line], { cwd: empty, stdio: ['ignore', 'pipe', 'inherit'] });
  let wall = 0;
  let pid = 0;
  let times = '';
  for await (const text of createInterface({ input: child.stdout })) {
    if (text.startsWith('pid ')) pid = Number(text.slice(4));
    if (text === 'ready') {
      wall = performance.now() - from;
      process.kill(pid, 'SIGTERM');
    }
    times = text;
  }
  return { wall, cpu: cpuOf(times) };
}

const median = (numbers: readonly number[]): string =>
  `${Math.round([...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN)}`.padStart(6);

try {
  for (const args of [...COMMANDS, 'serve']) {
    const starts = new Map<string, Start[]>(checkouts.map((checkout) => [checkout, []]));
    for (let round = 0; round <= rounds; round += 1) {
      for (const checkout of checkouts) {
        const start = args === 'serve' ? await appliance(checkout) : command(checkout, args);
        // The first writes what Node keeps of the code.
        if (round > 0) starts.get(checkout)?.push(start);
      }
    }
    for (const [checkout, of] of starts) {
      const wall = median(of.map((one) => one.wall));
      const cpu = median(of.map((one) => one.cpu));
      console.log(`${args.padEnd(22)} wall ${wall} ms  CPU ${cpu} ms  ${checkout}`);
    }
  }
} finally {
  rmSync(empty, { recursive: true, force: true });
}
