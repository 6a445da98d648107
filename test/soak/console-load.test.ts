/**
 * The live page with 1,000 decisions a second arriving: frames and memory, for CONSOLE_LOAD_MINUTES (10 unless given).
 * Each decision is a real request of a real sandbox through the gate. What is measured is printed; held are the bounds
 * that do not hang on how fast the machine is: memory stays flat, rows stay bounded, the page answers, nothing is lost.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { CDPSession, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseDocument, stringify } from 'yaml';
import { type Console, openConsole } from '../console/browser.ts';
import { temporaryDirectory } from '../journey/running-appliance.ts';

const MINUTES = Number(process.env['CONSOLE_LOAD_MINUTES'] ?? 10);
const RATE = Number(process.env['CONSOLE_LOAD_RATE'] ?? 1000);
const SHIPPED = fileURLToPath(new URL('../../rules', import.meta.url));
const SOURCE = fileURLToPath(new URL('./decision-source.ts', import.meta.url));
const directory = temporaryDirectory();
let the: Console;
let source: ChildProcess | null = null;
let answered = 0;

beforeAll(async () => {
  the = await openConsole({ config: writeConfig(), sets: ['audit.durability=relaxed'] });
}, 120_000);

afterAll(async () => {
  source?.kill();
  await the?.close();
  directory.remove();
});

/** Each a group of its own on the page. */
const HOSTS = Array.from({ length: 200 }, (_, n) => `www.load${n}.test`);
const CAPABILITY = {
  ...{ version: 1, name: 'net.read.load', owner: 'load', description: 'Hosts of the load.', risk: 'low' },
  inspect: 'auto',
  grants: [{ methods: 'read', hosts: HOSTS, ports: [18_081] }],
  private_destinations: ['127.0.0.1/32'],
};
const PROFILE = {
  ...{ version: 1, name: 'load', owner: 'load', description: 'No bound is met.', capabilities: ['net.read.load'] },
  limits: {
    ...{ cpu_ms: 10_000, wall_ms: 86_400_000, memory_mb: 64, output_bytes: 262_144 },
    ...{ requests: 1_000_000_000, rate: 1_000_000, bytes_up: 2 ** 50, bytes_down: 2 ** 50 },
    ...{ concurrency: 100_000, distinct_hosts: 100_000, leak_bytes: 1_000_000_000 },
  },
  guard: { request: 'enforce', result: 'enforce', min_likelihood: 'LIKELY', unscannable: 'pass' },
  record_paths: 'clear',
};

/** The shipped policy with a class for the load, and one file of DLP rules: how dear the guard is, is not asked here. */
function writeConfig(): string {
  const rules = join(directory.path, 'rules');
  cpSync(SHIPPED, rules, { recursive: true });
  for (const name of readdirSync(join(rules, 'dlp'))) if (name !== 'mail.yaml') rmSync(join(rules, 'dlp', name));
  const classes = parseDocument(readFileSync(join(rules, 'classes.yaml'), 'utf8'));
  classes.addIn(['classes'], classes.createNode({ name: 'load', description: 'Load', profile: 'load' }));
  writeFileSync(join(rules, 'classes.yaml'), classes.toString());
  writeFileSync(join(rules, 'capabilities/net.read.load.yaml'), stringify(CAPABILITY));
  writeFileSync(join(rules, 'profiles/load.yaml'), stringify(PROFILE));
  const hosts = Object.fromEntries(HOSTS.map((name) => [name, ['127.0.0.1']]));
  const file = join(directory.path, 'locktender.yaml');
  writeFileSync(file, stringify({ rules, proxy: { resolver: { hosts }, limits: { tenant_rate: 1_000_000 } } }));
  return file;
}

async function startLoad(): Promise<void> {
  const issued = await the.appliance.cli('pass', 'issue', '--tenant', 'acme', '--class', 'load', '--json');
  const { proxy_url: url } = JSON.parse(issued.stdout) as { proxy_url: string };
  const { username, password, port } = new URL(url);
  source = spawn(process.execPath, [
    '--disable-warning=ExperimentalWarning',
    SOURCE,
    `${username}:${password}`,
    port,
    String(RATE),
  ]);
  source.stdout?.on('data', (piece: Buffer) => {
    answered = Number(piece.toString('utf8').trim().split('\n').at(-1));
  });
}

async function heldBy(cdp: CDPSession): Promise<{ readonly mb: number; readonly nodes: number }> {
  await cdp.send('HeapProfiler.collectGarbage');
  const { metrics } = await cdp.send('Performance.getMetrics');
  const value = (of: string) => metrics.find(({ name }) => name === of)?.value ?? 0;
  return { mb: value('JSHeapUsedSize') / 1e6, nodes: value('Nodes') };
}

async function seenBy(page: Page): Promise<number> {
  const text = await page.locator('.stat').filter({ hasText: 'Seen here' }).locator('.stat-value').textContent();
  return Number((text ?? '').replaceAll(',', ''));
}

/** Seconds of CPU that each part has used: on a shared machine the figure to trust. */
async function cpuOf(): Promise<Record<'gate' | 'source' | 'browser', number>> {
  const session = await the.browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const browser = processInfo.reduce((sum, { cpuTime }) => sum + cpuTime, 0);
  return { gate: ticksOf(the.appliance.process.pid) / 100, source: ticksOf(source?.pid) / 100, browser };
}

function ticksOf(pid: number | undefined): number {
  const [, ...fields] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const [user, system] = fields.join(') ').split(' ').slice(11, 13);
  return Number(user) + Number(system);
}

const FRAMES = `(() => {
  const gaps = (globalThis.gaps = []);
  let last = performance.now();
  const frame = (now) => { gaps.push(now - last); last = now; if (gaps.length > 100000) gaps.shift(); requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
})()`;

it('stays responsive and flat', { timeout: (MINUTES + 3) * 60_000 }, async () => {
  const { page, signIn } = the;
  await signIn(page, 'admin');
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Performance.enable');
  await page.evaluate(FRAMES);
  await startLoad();
  const heaps: number[] = [];
  const nodes: number[] = [];
  const answers: number[] = [];
  // The first half minute fills what is bounded: groups, rows, code.
  await sleep(30_000);
  await page.evaluate('gaps.length = 0');
  const cpuBefore = await cpuOf();
  const [answeredBefore, seenBefore, began] = [answered, await seenBy(page), performance.now()];
  for (let round = 0; round < MINUTES * 4; round += 1) {
    await sleep(14_000);
    const asked = performance.now();
    await page.getByRole('searchbox', { name: 'Filter' }).fill(round % 2 === 0 ? 'host:www.load3*' : '');
    await page.locator('tbody tr').first().waitFor();
    answers.push(performance.now() - asked);
    const held = await heldBy(cdp);
    heaps.push(held.mb);
    nodes.push(held.nodes);
  }
  const gaps = (await page.evaluate('globalThis.gaps')) as number[];
  const rows = await page.locator('tbody tr').count();
  const took = (performance.now() - began) / 1000;
  const seen = await seenBy(page);
  const cpu = await cpuOf();
  const decided = answered - answeredBefore;
  const cpuOfDecision = (part: keyof typeof cpu) => Math.round(((cpu[part] - cpuBefore[part]) / decided) * 1e6);
  const counted = await page.getByText('only counted').count();
  const sorted = gaps.toSorted((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0);
  const report = {
    minutes: MINUTES,
    decisions_a_second: Math.round(decided / took),
    seen_a_second: Math.round((seen - seenBefore) / took),
    cpu_us_of_each: {
      gate: cpuOfDecision('gate'),
      source: cpuOfDecision('source'),
      browser: cpuOfDecision('browser'),
    },
    some_only_counted: counted > 0,
    frames: { p50: at(0.5), p95: at(0.95), p99: at(0.99), longest: at(1) },
    filter_answers_ms: {
      p50: answers.toSorted((a, b) => a - b)[Math.floor(answers.length / 2)],
      worst: Math.max(...answers),
    },
    heap_mb: heaps.map((mb) => Math.round(mb * 10) / 10),
    nodes: nodes.slice(-1)[0],
  };
  process.stdout.write(`${JSON.stringify(report)}\n`);
  expect(rows).toBeLessThanOrEqual(200);
  expect(Math.max(...nodes)).toBeLessThan(20_000);
  const half = Math.floor(heaps.length / 2);
  const mean = (part: readonly number[]) => part.reduce((sum, n) => sum + n, 0) / part.length;
  // Flat: the second half is not above the first by more than what one drawing allocates.
  expect(mean(heaps.slice(half)) - mean(heaps.slice(0, half))).toBeLessThan(4);
  await expect.poll(async () => (await the.get('/v1/status'))['recording']).toBe(true);
  expect(the.troubles).toEqual([]);
});
