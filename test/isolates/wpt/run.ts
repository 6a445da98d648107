/**
 * The web-platform tests inside isolates: each `.any.js` file of a checkout runs, with its scripts and data, as tool
 * code in a real isolate behind the wall. Not part of the test run: the checkout is not ours.
 *
 *     WPT_ROOT=~/wpt npm run test:wpt -- url encoding streams/piping
 */

import { readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Principal } from '../../../src/core/principal.ts';
import { joinBindings } from '../../../src/isolates/bindings/binding-part.ts';
import { fetchBinding } from '../../../src/isolates/bindings/fetch-binding.ts';
import { createIsolatePool, type IsolatePool } from '../../../src/isolates/pool.ts';
import { wptOrigin } from './origin.ts';
import { toolOf, variantsOf } from './tool.ts';

interface Report {
  readonly status: number | string;
  readonly results: readonly (readonly [status: number, name: string, message: string])[];
}

const SHOWN = 8;
const LIMITS = { wall_ms: 60_000, cpu_ms: 40_000, memory_mb: 256, output_bytes: 16_000_000 };

function filesIn(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  const inside = readdirSync(path)
    .sort()
    .flatMap((name) => filesIn(join(path, name)));
  return inside.filter((file) => file.endsWith('.any.js') && !file.includes('.tentative.'));
}

function bindingsTo(root: string, task: string) {
  const usage = { requests: 0, bytes: 0 };
  const principal = { task, tenant: 'wpt' } as Principal;
  const part = fetchBinding({ egress: wptOrigin(root), principal, usage, onDecision: () => undefined });
  return joinBindings([part], { storage: false, tools: [], usage });
}

async function runOne(pool: IsolatePool, root: string, code: string): Promise<Report> {
  const task = `wpt-${Math.random()}`;
  const outcome = await pool.run({
    ...{ task, tenant: 'wpt', code, language: 'js', input: 'null', limits: LIMITS, queue_ms: 600_000 },
    bindings: bindingsTo(root, task),
  });
  if (outcome.result !== null) return JSON.parse(outcome.result) as Report;
  return { status: outcome.status, results: [[1, 'the task', outcome.error?.message ?? '']] };
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function main(root: string, asked: readonly string[]): Promise<void> {
  const pool = createIsolatePool({
    clock: { now: () => Date.now(), monotonic: () => performance.now() },
    settings: { hosts: 2, spares: 1, ahead: 1 },
  });
  await pool.ready(20_000);
  let passed = 0;
  let failed = 0;
  for (const file of asked.flatMap((path) => filesIn(join(root, path)))) {
    for (const variant of variantsOf(file)) {
      const { status, results } = await runOne(pool, root, toolOf(root, file, variant));
      const bad = results.filter(([code]) => code !== 0);
      passed += results.length - bad.length;
      failed += bad.length;
      if (bad.length === 0 && status === 0) continue;
      say(`${relative(root, file)}${variant}: ${results.length - bad.length} passed, ${bad.length} failed (${status})`);
      if (status === 'timeout') say(`    nothing after: ${results.at(-1)?.[1] ?? 'its start'}`);
      for (const [, name, message] of bad.slice(0, SHOWN)) say(`    ${name} | ${message.replaceAll('\n', ' ')}`);
    }
  }
  say(`${passed} passed, ${failed} failed`);
  await pool.close();
}

const root = process.env['WPT_ROOT'];
if (root === undefined) {
  process.stderr.write('set WPT_ROOT to a checkout of the web-platform tests\n');
  process.exitCode = 2;
} else await main(root, process.argv.slice(2));
