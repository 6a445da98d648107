/** One appliance and one browser (Debian's Chromium) for the tests of the console. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import {
  execute,
  type Ran,
  type RunningAppliance,
  startProgram,
  temporaryDirectory,
} from '../journey/running-appliance.ts';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface Console {
  readonly appliance: RunningAppliance;
  readonly browser: Browser;
  readonly context: BrowserContext;
  readonly page: Page;
  /** `http://host:port` of the admin door. */
  readonly base: string;
  /** Port of the demonstration origins. */
  readonly port: string;
  /** Environment of a shell in a sandbox of tenant `acme`. */
  readonly shell: NodeJS.ProcessEnv;
  /** What the browser complained of. */
  readonly troubles: string[];
  curl(path: string): Promise<Ran>;
  token(role: string, ttlMs?: number): Promise<string>;
  /** What the API answers to an admin. */
  get(path: string): Promise<Record<string, unknown>>;
  /** A change by an admin, elsewhere. */
  change(path: string, why: string): Promise<void>;
  /** A page of its own, signed in with a role. */
  as(role: string): Promise<Page>;
  signIn(at: Page, role: string): Promise<void>;
  close(): Promise<void>;
}

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS });
}

export interface ConsoleOrder {
  readonly config?: string;
  /** `key=value` of the configuration. */
  readonly sets?: readonly string[];
  /** What is in the state directory before the appliance starts. */
  readonly prepare?: (state: string) => Promise<void>;
}

export async function openConsole({ config, sets: given = [], prepare }: ConsoleOrder = {}): Promise<Console> {
  const directory = temporaryDirectory();
  const own = config === undefined ? [] : ['--config', config];
  const sets = [...own, ...given.flatMap((setting) => ['--set', setting])];
  await prepare?.(join(directory.path, 'state'));
  const [appliance, browser] = await Promise.all([startProgram(join(directory.path, 'state'), sets), launchBrowser()]);
  const base = `http://${appliance.door('admin API')}`;
  const shell = await sandboxShell(appliance, 'acme');
  const context = await browser.newContext({ viewport: { width: 1360, height: 860 } });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const troubles: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' && !/40[0-9]|41[0-9]/.test(message.text())) troubles.push(message.text());
  });
  page.on('pageerror', (error) => troubles.push(error.message));
  const admin = () => readFileSync(join(appliance.state, 'admin-token'), 'utf8').trim();
  const token = async (role: string, ttlMs = 3_600_000) => {
    if (role === 'admin') return admin();
    const response = await fetch(`${base}/v1/tokens`, {
      method: 'POST',
      headers: { authorization: `Bearer ${admin()}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: `test-${role}`, role, ttl_ms: ttlMs, why: 'test' }),
    });
    return String(((await response.json()) as { token: string }).token);
  };
  const signIn = async (at: Page, role: string) => {
    await at.goto(`${base}/console`);
    await at.getByLabel('Token').fill(await token(role));
    await at.getByRole('button', { name: 'Sign in', exact: true }).click();
    await at.getByRole('heading', { name: 'Live decisions' }).waitFor();
  };
  return {
    ...{ appliance, browser, context, page, base, shell, troubles, token, signIn },
    port: appliance.door('demonstration origins').split(':')[1] ?? '',
    curl: (path) => execute(['curl', '-sS', '-i', `https://${path}`], { env: shell }),
    get: async (path) => {
      const answer = await fetch(`${base}${path}`, { headers: { authorization: `Bearer ${admin()}` } });
      return (await answer.json()) as Record<string, unknown>;
    },
    change: async (path, why) => {
      const answer = await fetch(`${base}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${admin()}`, 'content-type': 'application/json' },
        body: JSON.stringify({ why }),
      });
      if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
    },
    as: async (role) => {
      const own = await browser.newContext();
      own.setDefaultTimeout(20_000);
      const at = await own.newPage();
      await signIn(at, role);
      return at;
    },
    close: async () => {
      await browser.close();
      await appliance.stop();
      directory.remove();
    },
  };
}

/** The environment of a shell in a sandbox: the proxy with its pass, and our CA for every client. */
export async function sandboxShell(appliance: RunningAppliance, tenant: string): Promise<NodeJS.ProcessEnv> {
  const issued = await appliance.cli('pass', 'issue', '--tenant', tenant, '--env');
  const shell: NodeJS.ProcessEnv = { ...process.env };
  for (const [, name = '', value = ''] of issued.stdout.matchAll(/^export (\w+)='(.*)'$/gm)) shell[name] = value;
  return shell;
}

/** Fills the dialog of a change and presses its button. */
export async function confirm(at: Page, button: string, typed?: string): Promise<void> {
  const dialog = at.getByRole('dialog');
  await dialog.getByLabel('Reason, kept in the record').fill('a drill');
  if (typed !== undefined) await dialog.getByLabel(/^Type/).fill(typed);
  await dialog.getByRole('button', { name: button, exact: true }).click();
}
