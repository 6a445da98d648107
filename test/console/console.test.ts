/** The console in a real browser (Debian's Chromium), over the real program and real traffic. */

import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  execute,
  PROGRAM,
  type RunningAppliance,
  startProgram,
  temporaryDirectory,
} from '../journey/running-appliance.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const PAGES = [
  '',
  '/categories',
  '/tasks',
  '/capabilities',
  '/rules',
  '/rules?file=dlp%2Fgithub.yaml',
  '/levels',
  '/record',
  '/emergency',
];

const directory = temporaryDirectory();
let appliance: RunningAppliance;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let base = '';
let port = '';
let shell: NodeJS.ProcessEnv = {};
const troubles: string[] = [];

beforeAll(async () => {
  appliance = await startProgram(join(directory.path, 'state'));
  base = `http://${appliance.door('admin API')}`;
  port = appliance.door('demonstration origins').split(':')[1] ?? '';
  const issued = await appliance.cli('pass', 'issue', '--tenant', 'acme', '--env');
  shell = { ...process.env };
  for (const [, name = '', value = ''] of issued.stdout.matchAll(/^export (\w+)='(.*)'$/gm)) shell[name] = value;
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
  context = await browser.newContext();
  page = await context.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error' && !/40[134]/.test(message.text())) troubles.push(message.text());
  });
  page.on('pageerror', (error) => troubles.push(error.message));
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await appliance?.stop();
  directory.remove();
});

const curl = (path: string) => execute(['curl', '-sS', '-i', `https://${path}`], { env: shell });
const token = (role: string) => readToken(role);

async function readToken(role: string): Promise<string> {
  const admin = readFileSync(join(appliance.state, 'admin-token'), 'utf8').trim();
  if (role === 'admin') return admin;
  const response = await fetch(`${base}/v1/tokens`, {
    method: 'POST',
    headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: `test-${role}`, role, ttl_ms: 3_600_000, why: 'test' }),
  });
  return String(((await response.json()) as { token: string }).token);
}

async function signIn(at: Page, role: string): Promise<void> {
  await at.goto(`${base}/console`);
  await at.getByLabel('Token').fill(await token(role));
  await at.getByRole('button', { name: 'Sign in' }).click();
  await at.getByRole('heading', { name: 'Live decisions' }).waitFor();
}

async function confirm(at: Page, button: RegExp, typed?: string): Promise<void> {
  const dialog = at.getByRole('dialog');
  await dialog.getByLabel('Reason, kept in the record').fill('a drill');
  if (typed !== undefined) await dialog.getByLabel(/^Type/).fill(typed);
  await dialog.getByRole('button', { name: button }).click();
}

describe('the console', () => {
  it('takes a token, and says why when it is wrong', async () => {
    await page.goto(`${base}/`);
    await page.getByLabel('Token').fill('wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').filter({ hasText: /token/ }).waitFor();
    await signIn(page, 'admin');
  });

  it('shows each decision as it happens, with its reason', async () => {
    await page.getByText('● connected').waitFor();
    await curl(`docs.demo.test:${port}/config.json`);
    await curl('example.com/');
    const rows = page.locator('tbody tr');
    await rows.filter({ hasText: 'docs.demo.test' }).filter({ hasText: 'allow' }).first().waitFor();
    await rows.filter({ hasText: 'example.com' }).filter({ hasText: 'default_deny' }).first().waitFor();
    await page.getByLabel('Filter (/)').fill('deny example');
    expect(await page.locator('tbody tr:not([hidden])').filter({ hasText: 'docs.demo.test' }).count()).toBe(0);
    expect(page.url()).toContain('q=deny');
  });

  it('edits a rule: a wrong one changes nothing, a right one acts on the next answer', async () => {
    const path = `docs.demo.test:${port}/`;
    expect((await curl(path)).stdout).toContain('hello from docs.demo.test');
    await page.getByRole('link', { name: 'Rules' }).click();
    await page.getByLabel('Search by name, type or text').fill('github');
    await page.getByRole('link', { name: 'github-pat', exact: true }).waitFor();
    await page.getByLabel('Name of a new file').fill('own');
    await page.getByRole('button', { name: 'Begin a file' }).click();
    const text = page.getByLabel('Rules and their tests (YAML)');
    const rule = (await text.inputValue()).replaceAll('Project Bluebird', 'hello from').replace('of hello', 'oh hello');
    await text.fill(rule.replace("no_match: ['a bluebird']", "no_match: ['hello from']"));
    await page.getByLabel('Sample to try them on; it is not kept').fill('and é hello from there');
    await page.getByRole('button', { name: 'Run tests and try' }).click();
    await page
      .getByRole('alert')
      .filter({ hasText: /dlp\/own\.yaml:\d+: rule `project-codename`/ })
      .waitFor();
    await text.fill(rule);
    await page.getByRole('button', { name: 'Run tests and try' }).click();
    expect(await page.locator('mark').textContent()).toBe('hello from');
    await page.getByLabel('Reason, kept in the record').fill('a codename');
    await page.getByRole('button', { name: 'Save and bring into force' }).click();
    await page.locator('.receipt[data-digest]').waitFor();
    expect((await curl(path)).stdout).toContain('[REDACTED:PROJECT_CODENAME] docs.demo.test');
    // The same edit again, begun from what is no longer there.
    const admin = { authorization: `Bearer ${await token('admin')}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ path: 'dlp/own.yaml', text: rule, why: 'late', from: null });
    const late = await fetch(`${base}/v1/rules/file`, { method: 'POST', headers: admin, body });
    expect([late.status, await late.text()]).toEqual([409, expect.stringContaining('changed meanwhile')]);
    await page.goto(`${base}/console/rules?file=dlp%2Fown.yaml`);
    await page.getByRole('cell', { name: 'a codename' }).waitFor();
    const offline = await appliance.cli('dlp', 'scan', '--json', '--rules', join(appliance.state, 'rules'));
    expect(offline.code).toBe(0);
    await page.getByRole('link', { name: 'Live' }).click();
  });

  it('cuts a running download when a category is blocked, previews it before and shows the receipt after', async () => {
    const download = spawn('curl', ['-sSN', '-o', '/dev/null', `https://files.demo.test:${port}/download`], {
      env: shell,
    });
    const ended = new Promise<number | null>((resolve) => download.once('close', resolve));
    await expect
      .poll(async () => (await appliance.cli('status', '--json')).stdout, { timeout: 15_000 })
      .toMatch(/"flows":[1-9]/);
    await page.getByRole('link', { name: 'Categories' }).click();
    await page.getByLabel('Search (/)').fill('net-disks');
    await page.getByRole('button', { name: 'Block net-disks' }).click();
    await page.getByText(/[1-9]\d* flows live now would be cut/).waitFor();
    await confirm(page, /Block now/);
    const receipt = page.locator('.receipt');
    await receipt.waitFor();
    expect(await receipt.textContent()).toMatch(/net-disks is blocked.*[1-9] of [1-9]\d* live flows cut/);
    expect(await ended).not.toBe(0);
    await page.getByRole('button', { name: 'Unblock net-disks' }).click();
    await confirm(page, /^Unblock$/);
    await page.locator('.receipt').filter({ hasText: 'net-disks is open again' }).waitFor();
  });

  it('undoes a change with its receipt', async () => {
    await appliance.cli('category', 'block', 'paste-sites', '--why', 'by mistake');
    await page.getByRole('link', { name: 'Changes' }).click();
    const row = page.getByRole('row').filter({ hasText: 'by mistake' });
    await row.getByRole('button', { name: /^Undo c_/ }).click();
    await confirm(page, /^Undo c_/);
    await page.locator('.receipt').filter({ hasText: 'controls are at version' }).waitFor();
    await page.getByRole('row').filter({ hasText: 'by mistake' }).filter({ hasText: 'no longer stands' }).waitFor();
    await page.getByRole('link', { name: 'Categories' }).click();
  });

  it('says where a host stands, and which list says so', async () => {
    await page.getByLabel('Where does a host stand?').fill('files.demo.test');
    await page.getByRole('button', { name: 'Look it up' }).click();
    await page.getByRole('cell', { name: 'net-disks', exact: true }).first().waitFor();
  });

  it('quarantines a tenant behind a typed name, and lets another go on', async () => {
    await page.getByRole('link', { name: 'Emergency' }).click();
    await page.getByLabel('Tenant').fill('acme');
    await page.getByRole('button', { name: 'Quarantine' }).click();
    await confirm(page, /Quarantine now/, 'acm');
    await page.getByRole('alert').filter({ hasText: 'Type acme exactly' }).waitFor();
    await confirm(page, /Quarantine now/, 'acme');
    await page.locator('.receipt').waitFor();
    expect((await curl(`docs.demo.test:${port}/`)).stdout).toContain('tenant_quarantined');
    const other = await execute([PROGRAM, 'exec', '-', '--tenant', 'globex', '--state', appliance.state], {
      input: 'export default () => "still here";',
    });
    expect(other.stdout).toContain('still here');
    await appliance.cli('tenant', 'release', 'acme');
  });

  it('searches the record, and proves an entry', async () => {
    await page.goto(`${base}/console/record?type=control.changed`);
    await page.getByRole('cell', { name: 'control.changed' }).first().waitFor();
    await page
      .getByRole('button', { name: /^Prove/ })
      .first()
      .click();
    await page.getByText(/Inclusion proof of entry/).waitFor();
  });

  it('goes to pages and rows by keys', async () => {
    await page.locator('h2').first().click();
    await page.keyboard.press('g');
    await page.keyboard.press('a');
    await page.getByRole('heading', { name: 'Capabilities' }).waitFor();
    await page.getByRole('cell', { name: 'net.read.public', exact: true }).waitFor();
    await page.locator('h2').click();
    await page.keyboard.press('j');
    expect(await page.locator('tr[aria-selected="true"]').count()).toBe(1);
    await page.keyboard.press('?');
    await page.getByText(/Keys: g then/).waitFor();
  });

  it('lets a viewer look and not act', async () => {
    const own = await browser.newContext();
    const viewer = await own.newPage();
    await signIn(viewer, 'viewer');
    await viewer.getByRole('link', { name: 'Categories' }).click();
    await viewer.getByRole('button', { name: 'Block net-disks' }).click();
    await confirm(viewer, /Block now/);
    await viewer
      .getByRole('alert')
      .filter({ hasText: /needs the role/ })
      .waitFor();
    await own.close();
  });

  it.each(['light', 'dark'] as const)('axe finds nothing on any page, %s', async (colorScheme) => {
    const shots = process.env['CONSOLE_SHOTS'];
    if (shots !== undefined) mkdirSync(shots, { recursive: true });
    await page.emulateMedia({ colorScheme });
    for (const path of PAGES) {
      await page.goto(`${base}/console${path}`);
      await page.locator('h2').first().waitFor();
      await page.getByText('Loading …').waitFor({ state: 'detached' });
      if (shots !== undefined)
        await page.screenshot({ path: join(shots, `${path.slice(1) || 'live'}-${colorScheme}.png`) });
      // The page lets no other script in: the checker is run by the browser's own hand.
      const found = await page.evaluate(
        `${AXE};axe.run().then((r) => r.violations.map((v) => v.id + ': ' + v.nodes[0].html))`,
      );
      expect(found, path).toEqual([]);
    }
  });

  it('is small, strict, and threw no error', async () => {
    const home = await fetch(`${base}/console`, { headers: { 'accept-encoding': 'gzip' } });
    expect(home.headers.get('content-security-policy')).toContain("default-src 'none'");
    let bytes = 0;
    const files = ['app', 'api', 'change', 'dom', 'pages/live', 'pages/categories', 'pages/tasks', 'pages/record'];
    for (const name of files) {
      const answer = await fetch(`${base}/console/${name}.ts`, { headers: { 'accept-encoding': 'gzip' } });
      expect(answer.headers.get('content-type')).toContain('text/javascript');
      bytes += Number(answer.headers.get('content-length'));
    }
    expect(bytes).toBeLessThan(200_000);
    expect(troubles).toEqual([]);
  });
});
