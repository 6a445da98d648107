/**
 * The web-platform tests inside isolates: each `.any.js` file of a checkout runs, with its scripts and data, as tool
 * code in a real isolate behind the wall. Not part of the test run: the checkout is not ours.
 *
 *     WPT_ROOT=~/wpt npm run test:wpt -- url encoding streams/piping
 *
 * With `WPT_SERVER`, the JSON of the test server's ports (`{"http":[8000,8001],"https":[8443],"h2":[9000]}`, all on
 * loopback), tasks are run by a whole appliance, and what they fetch comes through its gate from that server. Without, a
 * small origin of our own stands where the gate does. `WPT_SHOWN` is how many failures of a file are told.
 */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Principal } from '../../../src/core/principal.ts';
import { joinBindings } from '../../../src/isolates/bindings/binding-part.ts';
import { fetchBinding } from '../../../src/isolates/bindings/fetch-binding.ts';
import { createIsolatePool } from '../../../src/isolates/pool.ts';
import { openWptGate, type TestServer } from './gate.ts';
import { wptOrigin } from './origin.ts';
import { type ToolPlace, toolOf, variantsOf } from './tool.ts';

interface Report {
  readonly status: number | string;
  readonly results: readonly (readonly [status: number, name: string, message: string])[];
}

/** What runs a piece of tool code to its end. */
interface Runner {
  run(code: string): Promise<Report>;
  close(): Promise<void>;
}

const SHOWN = Number(process.env['WPT_SHOWN'] ?? 8);
const AT_ONCE = 2;
const LIMITS = { wall_ms: 60_000, cpu_ms: 40_000, memory_mb: 256, output_bytes: 16_000_000 };

function filesIn(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  const inside = readdirSync(path)
    .sort()
    .flatMap((name) => filesIn(join(path, name)));
  return inside.filter((file) => file.endsWith('.any.js') && !file.includes('.tentative.') && isForWorkers(file));
}

/** A server has no window; what runs in a worker as well needs none. */
function isForWorkers(file: string): boolean {
  const [, kinds = 'worker'] = /^\/\/ META: global=(.*)$/m.exec(readFileSync(file, 'utf8')) ?? [];
  return /worker/.test(kinds);
}

function ended(result: Report | null, status: string, message: string): Report {
  return result ?? { status, results: [[1, 'the task', message]] };
}

async function poolRunner(root: string): Promise<Runner> {
  const pool = createIsolatePool({
    clock: { now: () => Date.now(), monotonic: () => performance.now() },
    settings: { hosts: 2, spares: 1, ahead: 1 },
  });
  await pool.ready(20_000);
  return {
    run: async (code) => {
      const task = `wpt-${Math.random()}`;
      const usage = { requests: 0, bytes: 0 };
      const principal = { task, tenant: 'wpt' } as Principal;
      const part = fetchBinding({ egress: wptOrigin(root), principal, usage, onDecision: () => undefined });
      const { result, status, error } = await pool.run({
        ...{ task, tenant: 'wpt', code, language: 'js', input: 'null', limits: LIMITS, queue_ms: 600_000 },
        bindings: joinBindings([part], { storage: false, tools: [], usage }),
        webassembly: true,
      });
      return ended(result === null ? null : (JSON.parse(result) as Report), status, error?.message ?? '');
    },
    close: () => pool.close(),
  };
}

async function gateRunner(server: TestServer): Promise<Runner> {
  const gate = await openWptGate(server);
  return {
    run: async (code) => {
      const { result, status, message } = await gate.run(code);
      return ended(result as Report | null, status, message);
    },
    close: () => gate.close(),
  };
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

class Score {
  readonly #folders = new Map<string, { passed: number; failed: number }>();

  add(file: string, passed: number, failed: number): void {
    for (const folder of ['', file.split('/').slice(0, -1).join('/')]) {
      const held = this.#folders.get(folder) ?? { passed: 0, failed: 0 };
      this.#folders.set(folder, { passed: held.passed + passed, failed: held.failed + failed });
    }
  }

  tell(): void {
    for (const [folder, { passed, failed }] of [...this.#folders].sort().reverse()) {
      say(`${folder || 'all'}: ${passed} passed, ${failed} failed`);
    }
  }
}

function tell(name: string, { status, results }: Report, score: Score): void {
  const bad = results.filter(([code]) => code !== 0);
  score.add(name, results.length - bad.length, bad.length);
  if (bad.length === 0 && status === 0) return;
  say(`${name}: ${results.length - bad.length} passed, ${bad.length} failed (${status})`);
  if (status === 'timeout') say(`    nothing after: ${results.at(-1)?.[1] ?? 'its start'}`);
  for (const [, title, message] of bad.slice(0, SHOWN)) say(`    ${title} | ${message.replaceAll('\n', ' ')}`);
}

async function main(place: ToolPlace, asked: readonly string[]): Promise<void> {
  const { root, server } = place;
  const runner = await (server ? gateRunner(server) : poolRunner(root));
  const files = asked.flatMap((path) => filesIn(join(root, path)));
  const jobs = files.flatMap((file) => variantsOf(file).map((variant) => ({ file, variant }))).values();
  const score = new Score();
  const lane = async () => {
    for (const { file, variant } of jobs) {
      const report = await runner.run(await toolOf(place, file, variant)).catch((error: unknown) => {
        return ended(null, 'refused', String(error));
      });
      tell(relative(root, file) + variant, report, score);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  score.tell();
  await runner.close();
}

function serverOf(root: string, ports: string | undefined): TestServer | null {
  if (ports === undefined) return null;
  const { http, https = [], h2 = [], ca } = JSON.parse(ports) as Partial<TestServer>;
  return { http: http ?? [], https, h2, ca: ca ?? join(root, 'tools/certs/cacert.pem') };
}

const root = process.env['WPT_ROOT'];
if (root === undefined) {
  process.stderr.write('set WPT_ROOT to a checkout of the web-platform tests\n');
  process.exitCode = 2;
} else await main({ root, server: serverOf(root, process.env['WPT_SERVER']) }, process.argv.slice(2));
