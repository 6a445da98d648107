import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { findMemoryGroups } from './memory-group.ts';
import { createIsolatePool } from './pool.ts';

const groups = findMemoryGroups();
const MB = 1024 * 1024;
const EATER = 'process.stdin.once("data", () => { const a = []; for (;;) a.push(Buffer.alloc(8388608, 1)); })';

test.skipIf(groups === null)('T-61 the kernel ends a host that outgrows its group, and the group says so', async () => {
  const child = spawn(process.execPath, ['-e', EATER], { stdio: ['pipe', 'ignore', 'ignore'] });
  const over = new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
  const group = groups?.hold(child.pid as number);
  group?.allow(64 * MB);
  expect(group?.killed).toBe(false);
  child.stdin.write('go');
  expect(await over).toBe('SIGKILL');
  expect(group?.killed).toBe(true);
  group?.remove();
});

/** Niceness of the isolate hosts below this process. */
function niceness(): number[] {
  const stats = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => read(`/proc/${pid}/stat`))
    .map((line) => [Number(line.slice(0, line.indexOf(' '))), ...fieldsOf(line)] as const);
  const parents = new Map(stats.map(([pid, parent]) => [pid, parent]));
  const below = (pid: number): boolean => pid === process.pid || below0(parents.get(pid));
  const below0 = (pid: number | undefined): boolean => pid !== undefined && pid > 1 && below(pid);
  return stats
    .filter(([pid]) => pid !== process.pid && below(pid) && read(`/proc/${pid}/cmdline`).includes('host-entry.'))
    .map(([, , nice]) => nice)
    .filter((nice) => nice > 0);
}

function fieldsOf(line: string): readonly [parent: number, nice: number] {
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  return [Number(fields[1]), Number(fields[16])];
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

const clock = { now: () => Date.now(), monotonic: () => performance.now() };
const limits = { wall_ms: 10_000, cpu_ms: 5000, memory_mb: 64, output_bytes: 1000 };
const order = { tenant: 'acme', language: 'js', input: 'null', limits, bindings: null } as const;
const SLOW = 'export default () => new Promise((r) => setTimeout(r, 1500));';

test("T-66 what a tenant has beside its first host yields to others' first", async () => {
  const pool = createIsolatePool({ clock, settings: { hosts: 3, spares: 2, slots: 1, ahead: 1 } });
  await pool.ready(20_000);
  const running = [1, 2].map((n) => pool.run({ task: `n${n}`, ...order, code: SLOW }));
  await expect.poll(() => pool.stats().running, { timeout: 10_000 }).toBe(2);
  expect(new Set(niceness())).toEqual(new Set([5, 15]));
  await Promise.all(running);
  await pool.close();
});

test('T-66 a host that was lent for tasks that follow each other closely yields when its tenant floods', async () => {
  const pool = createIsolatePool({ clock, settings: { hosts: 3, spares: 2, slots: 1, ahead: 1 } });
  const serving = () => pool.stats().hosts - pool.stats().spares;
  while (serving() < 2) await pool.run({ task: 'close', ...order, code: 'export default () => 1;' });
  expect(new Set(niceness())).toEqual(new Set([5]));
  const flood = [1, 2, 3].map((n) => pool.run({ task: `n${n}`, ...order, code: SLOW }));
  await expect.poll(() => pool.stats().running, { timeout: 10_000 }).toBe(2);
  expect(new Set(niceness())).toEqual(new Set([5, 15]));
  await Promise.all(flood);
  await pool.close();
});

test('T-66 a host in place of one that takes no more does not yield, but the one that goes', async () => {
  const pool = createIsolatePool({ clock, settings: { hosts: 3, spares: 2, slots: 2, ahead: 1, tasksPerHost: 2 } });
  await expect.poll(niceness, { timeout: 20_000 }).toEqual([5, 5]);
  const slow = pool.run({ task: 'slow', ...order, code: SLOW });
  await pool.run({ task: 'last', ...order, code: 'export default () => 1;' });
  // Its slot is left two turns of the event loop later.
  for (let turn = 0; turn < 3; turn += 1) await new Promise(setImmediate);
  const next = pool.run({ task: 'next', ...order, code: SLOW });
  await expect.poll(() => new Set(niceness()), { timeout: 10_000 }).toEqual(new Set([5, 15]));
  await Promise.all([slow, next]);
  await expect.poll(() => [...new Set(niceness())], { timeout: 10_000 }).toEqual([5]);
  await pool.close();
});
