/**
 * The live page with 1,000 decisions a second arriving: frames and memory, for CONSOLE_LOAD_MINUTES (10 unless given).
 * Each decision is a real request of a real sandbox through the gate. What is measured is printed; held are the bounds
 * that do not hang on how fast the machine is: memory stays flat, rows stay bounded, the page answers, nothing is lost.
 */

import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CDPSession } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Console, openConsole } from '../console/browser.ts';

const MINUTES = Number(process.env['CONSOLE_LOAD_MINUTES'] ?? 10);
const RATE = Number(process.env['CONSOLE_LOAD_RATE'] ?? 1000);
const HOSTS = 200;
let the: Console;

beforeAll(async () => {
  the = await openConsole({ sets: ['proxy.limits.tenant_rate=1000000', 'audit.durability=relaxed'] });
}, 120_000);

afterAll(async () => {
  await the?.close();
});

/** Plain requests to many hosts, denied by default: each is decided, recorded and streamed. */
function startLoad(): { readonly sent: () => number; stop(): void } {
  const proxy = new URL(the.shell['HTTP_PROXY'] ?? the.shell['http_proxy'] ?? '');
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const login = Buffer.from(`${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`).toString(
    'base64',
  );
  const began = performance.now();
  let [sent, open] = [0, 0];
  const ask = () => {
    sent += 1;
    open += 1;
    const host = `h${sent % HOSTS}.load${sent % 7}.example`;
    const headers = { host, 'proxy-authorization': `Basic ${login}` };
    const asked = request({ agent, host: proxy.hostname, port: proxy.port, path: `http://${host}/p${sent}`, headers });
    const over = () => {
      open -= 1;
    };
    asked.on('response', (answer) => answer.resume().once('close', over));
    asked.on('error', over);
    asked.end();
  };
  const timer = setInterval(() => {
    const due = ((performance.now() - began) / 1000) * RATE;
    while (sent < due && open < 512) ask();
  }, 5);
  return {
    sent: () => sent,
    stop: () => {
      clearInterval(timer);
      agent.destroy();
    },
  };
}

async function heldBy(cdp: CDPSession): Promise<{ readonly mb: number; readonly nodes: number }> {
  await cdp.send('HeapProfiler.collectGarbage');
  const { metrics } = await cdp.send('Performance.getMetrics');
  const value = (of: string) => metrics.find(({ name }) => name === of)?.value ?? 0;
  return { mb: value('JSHeapUsedSize') / 1e6, nodes: value('Nodes') };
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
  const load = startLoad();
  const heaps: number[] = [];
  const nodes: number[] = [];
  const answers: number[] = [];
  // The first half minute fills what is bounded: groups, rows, code.
  await sleep(30_000);
  for (let round = 0; round < MINUTES * 4; round += 1) {
    await sleep(14_000);
    const began = performance.now();
    await page.getByRole('searchbox', { name: 'Filter' }).fill(round % 2 === 0 ? 'host:*.load3.example' : '');
    await page.locator('tbody tr').first().waitFor();
    answers.push(performance.now() - began);
    const held = await heldBy(cdp);
    heaps.push(held.mb);
    nodes.push(held.nodes);
  }
  const gaps = (await page.evaluate('globalThis.gaps')) as number[];
  const rows = await page.locator('tbody tr').count();
  const seen = await page.locator('.stat').filter({ hasText: 'Seen here' }).locator('.stat-value').textContent();
  const sent = load.sent();
  load.stop();
  const sorted = gaps.toSorted((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0);
  const report = {
    minutes: MINUTES,
    decisions_a_second: Math.round(sent / (MINUTES * 60 + 30)),
    frames: { p50: at(0.5), p95: at(0.95), p99: at(0.99), longest: at(1) },
    filter_answers_ms: {
      p50: answers.toSorted((a, b) => a - b)[Math.floor(answers.length / 2)],
      worst: Math.max(...answers),
    },
    heap_mb: heaps.map((mb) => Math.round(mb * 10) / 10),
    nodes: nodes.slice(-1)[0],
    seen,
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
