/** Every page of the console looked at: by axe, by each role, by its size; and screenshots, where a directory is given. */

import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildConsole } from '../../scripts/build.mjs';
import { type Console, confirm, openConsole } from './browser.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SHOTS = process.env['CONSOLE_SHOTS'];
const BUILT = new URL('../../src/console/built/', import.meta.url);

const PAGES = [
  ['live', ''],
  ['live-each', '?view=each'],
  ['levels', '/levels'],
  ['record', '/record'],
  ['categories', '/categories?host=files.demo.test&q=net'],
  ['capabilities', '/capabilities'],
  ['profiles', '/profiles'],
  ['profile', '/profiles?profile=demo'],
  ['tenants', '/tenants?tenant=acme'],
  ['tasks', '/tasks'],
  ['task', '/tasks?task=<task>'],
  ['changes', '/changes'],
  ['rules', '/rules?q=github'],
  ['rule-file', '/rules?file=dlp%2Fgithub.yaml'],
  ['policy', '/policy'],
  ['policy-contracts', '/policy?tab=contracts'],
  ['policy-diff', '/policy?tab=diff'],
  ['policy-replay', '/policy?tab=replay'],
  ['policy-ask', '/policy?tab=ask'],
  ['keeping', '/keeping'],
  ['access', '/access'],
  ['emergency', '/emergency'],
] as const;

let the: Console;
let task = '';

beforeAll(async () => {
  the = await openConsole();
  await the.curl(`docs.demo.test:${the.port}/config.json`);
  await the.curl('example.com/');
  await the.appliance.cli('category', 'block', 'paste-sites', '--for', '30m', '--why', 'leak drill');
  const { tasks } = JSON.parse((await the.appliance.cli('task', 'list', '--json')).stdout) as {
    tasks: { id: string }[];
  };
  task = tasks[0]?.id ?? '';
  if (SHOTS !== undefined) mkdirSync(SHOTS, { recursive: true });
  await the.signIn(the.page, 'admin');
}, 120_000);

afterAll(async () => {
  await the?.close();
});

const WIDE = { width: 1360, height: 860 };
const PAGE_COUNT = 14;
const EVERYTHING = "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']";

/** The page lets no other script in: the checker is run by the browser's own hand. */
async function axe(page: Page, only = EVERYTHING): Promise<string[]> {
  const rules = "{ 'target-size': { enabled: true } }";
  return page.evaluate(`${AXE};axe.run(document, { runOnly: ${only}${only === EVERYTHING ? `, rules: ${rules}` : ''} })
    .then((r) => r.violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.html).slice(0, 3).join(' ')))`);
}

async function settled(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor();
  await page.locator('main .loading').first().waitFor({ state: 'detached' });
}

/** WCAG 2.2, 1.4.10: nothing scrolls sideways but what is in a box of its own. */
async function fitsEveryWidth(page: Page, name: string): Promise<void> {
  for (const width of [1024, 320]) {
    await page.setViewportSize({ width, height: 800 });
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth'), `${name} at ${width}`).toBe(0);
  }
  // Where rows are blocks nothing is cut off either.
  const cut =
    "[...document.querySelectorAll('.scroll')].filter((box) => box.scrollWidth > box.clientWidth).map((box) => box.getAttribute('aria-label'))";
  expect(await page.evaluate(cut), `${name} at 320`).toEqual([]);
  if (SHOTS !== undefined) await page.screenshot({ path: join(SHOTS, `${name}-narrow.png`), fullPage: true });
  await page.setViewportSize(WIDE);
}

describe('the pages of the console', () => {
  it('axe finds nothing on any of them, light and dark; none scrolls sideways, however narrow', {
    timeout: 240_000,
  }, async () => {
    const { page, base } = the;
    for (const [name, path] of PAGES) {
      await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
      await page.goto(`${base}/console${path.replace('<task>', task)}`);
      await settled(page);
      if (name.startsWith('live')) await page.locator('tbody tr').nth(1).waitFor();
      if (SHOTS !== undefined) await page.screenshot({ path: join(SHOTS, `${name}-light.png`), fullPage: true });
      expect(await axe(page), `${name}, light`).toEqual([]);
      await fitsEveryWidth(page, name);
      // Nothing but colours is different in the dark.
      await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
      if (SHOTS !== undefined) await page.screenshot({ path: join(SHOTS, `${name}-dark.png`), fullPage: true });
      expect(await axe(page, "['color-contrast']"), `${name}, dark`).toEqual([]);
    }
  });

  it('axe finds nothing on dialogs: a change, an explanation, keys, the palette; nor on the sign-in', async () => {
    const { page, base } = the;
    const shoot = async (name: string) => {
      if (SHOTS !== undefined) await page.screenshot({ path: join(SHOTS, `${name}.png`) });
      expect(await axe(page), name).toEqual([]);
      await page.keyboard.press('Escape');
    };
    await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
    await page.goto(`${base}/console/categories?act=net-disks`);
    await page.getByText('flows are live on it now').waitFor();
    await shoot('dialog-change');
    await page.goto(`${base}/console`);
    await page.getByRole('button', { name: 'Explain deny of example.com' }).click();
    await page.getByText('Asked again now').waitFor();
    await shoot('dialog-explain');
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    await shoot('dialog-keys');
    await page.keyboard.press(':');
    await page.getByRole('option').first().waitFor();
    await shoot('dialog-palette');
    const other = await (await the.browser.newContext()).newPage();
    await other.goto(`${base}/console`);
    await other.getByLabel('Token').waitFor();
    if (SHOTS !== undefined) await other.screenshot({ path: join(SHOTS, 'sign-in.png') });
    expect(await axe(other)).toEqual([]);
    await other.context().close();
  });

  it.each([
    ['viewer', ['Record', 'Rules', 'Access'], { block: false, revoke: false, undo: false }],
    ['auditor', ['Access'], { block: false, revoke: false, undo: false }],
    ['operator', ['Record', 'Rules', 'Access'], { block: true, revoke: false, undo: false }],
    ['security', ['Access'], { block: true, revoke: true, undo: true }],
    ['admin', [], { block: true, revoke: true, undo: true }],
  ] as const)('shows %s what it may see, and lets it do what it may', async (role, hidden, may) => {
    const at = await the.as(role);
    const nav = at.getByRole('navigation', { name: 'Pages' });
    const links = await nav.getByRole('link').evaluateAll((all) => all.map((one) => one.firstChild?.textContent ?? ''));
    expect(['Record', 'Rules', 'Access'].filter((name) => !links.includes(name))).toEqual(hidden);
    const count = async (page: string, name: RegExp) => {
      await nav.getByRole('link', { name: page, exact: true }).click();
      await at.getByRole('heading', { name: page, level: 1 }).waitFor();
      await at.locator('tbody tr').first().waitFor();
      return (await at.getByRole('button', { name }).count()) > 0;
    };
    expect(await count('Categories', /^Block /)).toBe(may.block);
    expect(await count('Capabilities', /^Revoke /)).toBe(may.revoke);
    expect(await count('Changes', /^Undo c_/)).toBe(may.undo);
    await at.getByRole('button', { name: /^Go to or do/ }).click();
    await at.getByRole('combobox').fill('rotate the signing key');
    await at.getByRole('option').or(at.getByText('Nothing has this name')).first().waitFor();
    expect(await at.getByRole('option', { name: /^rotate the signing key/ }).count()).toBe(role === 'admin' ? 1 : 0);
    await at.keyboard.press('Escape');
    await nav.getByRole('link', { name: 'Emergency' }).click();
    await at.getByRole('heading', { name: 'Emergency' }).waitFor();
    expect(await at.getByLabel('Capability', { exact: true }).isDisabled()).toBe(!may.revoke);
    expect(await at.getByLabel('Category', { exact: true }).isDisabled()).toBe(!may.block);
    if (hidden.length > 0) {
      await at.goto(`${the.base}/console/access`);
      await at
        .getByRole('alert')
        .filter({ hasText: `Your role, ${role}, may not` })
        .waitFor();
    }
    await at.context().close();
  });

  it('is refused by the appliance too, with the attempt on record', async () => {
    const token = await the.token('viewer');
    const response = await fetch(`${the.base}/v1/categories/net-disks/block`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ why: 'I may not' }),
    });
    expect(response.status).toBe(403);
    const recorded = await the.appliance.cli('audit', 'query', '--type', 'admin.access', '--limit', '1', '--json');
    const { events } = JSON.parse(recorded.stdout) as { events: { event: object }[] };
    expect(events[0]?.event).toMatchObject({ actor: 'test-viewer', status: 403, on: 'net-disks' });
  });

  it('shows a new token once, takes it, and lets go of it at once when it is revoked', async () => {
    const { page, base } = the;
    await page.goto(`${base}/console/access`);
    await page.getByLabel('Who will use it').fill('ann');
    await page.getByLabel('Reason, kept in the record').fill('on call');
    await page.getByRole('button', { name: 'Make it' }).click();
    const token = (await page.locator('[data-token]').textContent()) ?? '';
    const me = () => fetch(`${base}/v1/me`, { headers: { authorization: `Bearer ${token}` } });
    expect(await (await me()).json()).toMatchObject({ name: 'ann', role: 'viewer' });
    await page.getByRole('button', { name: 'Revoke the token of ann' }).click();
    await confirm(page, 'Revoke now');
    await page.getByRole('cell', { name: /^ann/ }).waitFor({ state: 'detached' });
    expect((await me()).status).toBe(401);
  });

  it('is what its sources build, small, served strictly, and threw no error', async () => {
    const built = await buildConsole();
    let compressed = 0;
    for (const [name, text] of built) {
      expect(readFileSync(new URL(name, BUILT), 'utf8') === text, `${name} is stale: npm run build`).toBe(true);
      compressed += gzipSync(text).length;
    }
    expect(compressed).toBeLessThan(200_000);
    const home = await fetch(`${the.base}/console`);
    const policy = home.headers.get('content-security-policy') ?? '';
    for (const part of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "form-action 'none'"])
      expect(policy).toContain(part);
    expect(the.troubles).toEqual([]);
  });

  it('folds its navigation where there is little room, and keeps the way to the emergency switches in sight', async () => {
    const { page, base } = the;
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto(`${base}/console/categories`);
    await settled(page);
    const nav = page.getByRole('navigation', { name: 'Pages' });
    const seen = () => nav.getByRole('link').count();
    expect(await seen()).toBe(1);
    await page.getByRole('button', { name: 'Menu' }).click();
    expect(await seen()).toBe(PAGE_COUNT);
    await nav.getByRole('link', { name: 'Tasks', exact: true }).click();
    await page.getByRole('heading', { name: 'Tasks', level: 1 }).waitFor();
    expect(await seen()).toBe(1);
    await page.setViewportSize(WIDE);
  });
});
