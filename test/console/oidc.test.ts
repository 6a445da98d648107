/** Signing in at an identity provider, in a real browser, with a provider that checks what it is sent and one that lies. */

import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../journey/running-appliance.ts';
import { type Console, openConsole } from './browser.ts';
import { type Lies, type Provider, startProvider } from './oidc-provider.ts';

const ANN = { sub: 'u1', email: 'ann@example.test', groups: ['gate-admins'] };
const files = temporaryDirectory();
let provider: Provider;
let the: Console;

beforeAll(async () => {
  provider = await startProvider({ id: 'locktender', secret: 'a secret of the client' });
  const port = await freePort();
  const config = join(files.path, 'locktender.yaml');
  writeFileSync(join(files.path, 'secret'), 'a secret of the client\n', { mode: 0o600 });
  const oidc = {
    issuer: provider.issuer,
    client_id: 'locktender',
    client_secret: join(files.path, 'secret'),
    redirect_uri: `http://127.0.0.1:${port}/login/oidc/callback`,
    name: 'Example',
    roles: { admin: ['gate-admins'], viewer: ['staff'] },
  };
  writeFileSync(config, JSON.stringify({ admin: { oidc } }));
  the = await openConsole({ config, sets: [`admin.listen=127.0.0.1:${port}`] });
}, 120_000);

afterEach(() => {
  provider.lies = {};
  provider.person = ANN;
});

afterAll(async () => {
  await the?.close();
  await provider?.close();
  files.remove();
});

function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

async function fresh(): Promise<Page> {
  const context = await the.browser.newContext();
  context.setDefaultTimeout(20_000);
  return context.newPage();
}

async function toProvider(page: Page): Promise<void> {
  await page.goto(`${the.base}/console`);
  await page.getByRole('button', { name: 'Sign in with Example' }).click();
  await page.getByRole('link', { name: 'Let me in' }).waitFor();
}

/** Begins a login as a tab with this key would, and says where the provider sends whoever agrees. */
async function begin(key: string): Promise<string> {
  const hash = createHash('sha256').update(key).digest('base64url');
  const begun = await fetch(`${the.base}/login/oidc?key=${hash}`, { redirect: 'manual' });
  const page = await fetch(begun.headers.get('location') ?? '');
  return /href="([^"]*code=[^"]*)"/.exec(await page.text())?.[1]?.replaceAll('&amp;', '&') ?? '';
}

async function wayBack(address: string): Promise<string | null> {
  return (await fetch(address, { redirect: 'manual' })).headers.get('location');
}

describe('signing in at an identity provider', () => {
  it('lets a person in with the role of the group, as itself in the record, without a cookie', async () => {
    provider.person = { sub: 'u2', email: 'bob@example.test', groups: ['staff', 'others'] };
    const page = await fresh();
    await toProvider(page);
    await page.getByRole('link', { name: 'Let me in' }).click();
    await page.getByRole('heading', { name: 'Live decisions' }).waitFor();
    await page.getByText('oidc:bob@example.test').waitFor();
    expect(page.url()).toBe(`${the.base}/console`);
    expect(await page.context().cookies()).toEqual([]);
    await page.reload();
    await page.getByText('oidc:bob@example.test').waitFor();
    const events = JSON.stringify(await the.get('/v1/audit?type=admin.access&limit=5'));
    expect(events).toContain('signed in at the identity provider');
    // A session is a token like any other: it ends when it is revoked.
    const { tokens } = (await the.get('/v1/tokens')) as { tokens: { id: string; name: string; expires_at: number }[] };
    const own = tokens.find(({ name }) => name === 'oidc:bob@example.test');
    expect(own?.expires_at).toBeGreaterThan(Date.now());
    await the.appliance.cli('token', 'revoke', own?.id ?? '');
    await page.reload();
    await page.getByRole('alert').filter({ hasText: 'has ended' }).waitFor();
    await page.context().close();
  });

  it.each([
    ['is in no named group', { person: { ...ANN, groups: ['others'] } }, 'in no group that has a role'],
    ['says no', { answer: 'Not me' }, 'did not let you in'],
    ['is given a token for another client', { lies: { audience: 'other' } }, 'could not be asked'],
  ] as readonly [string, { person?: typeof ANN; lies?: Lies; answer?: string }, string][])(
    'keeps out who %s, and says so',
    async (_, { person = ANN, lies = {}, answer = 'Let me in' }, said) => {
      provider.person = person;
      provider.lies = lies;
      const page = await fresh();
      await toProvider(page);
      await page.getByRole('link', { name: answer }).click();
      await page.getByRole('alert').filter({ hasText: said }).waitFor();
      expect(await page.evaluate('sessionStorage.getItem("locktender-token")')).toBeNull();
      await page.context().close();
    },
  );

  it.each([
    ['of another issuer', { issuer: 'https://evil.test' }],
    ['for another client', { audience: 'other' }],
    ['of another login', { nonce: 'stolen' }],
    ['signed by somebody else', { key: 'other' }],
    ['that is old', { iat: 1_700_000_000 }],
  ] as readonly [string, Lies][])('takes no ID token %s', async (_, lies) => {
    provider.lies = lies;
    expect(await wayBack(await begin('k'.repeat(43)))).toBe('/console?login-failed=provider');
  });

  it('does not put a login that was begun elsewhere upon a tab, and takes a ticket once', async () => {
    const key = 'k'.repeat(43);
    const back = await begin(key);
    const ticket = new URL((await wayBack(back)) ?? '', the.base).searchParams.get('ticket') ?? '';
    expect(ticket).toMatch(/^[\w-]{43}$/);
    // The attacker's ticket in a victim's tab, which holds another key or none.
    const victim = await fresh();
    await victim.goto(`${the.base}/console?ticket=${ticket}`);
    await victim.getByRole('alert').filter({ hasText: 'was not begun in this tab' }).waitFor();
    await victim.context().close();
    const redeem = (of: string) =>
      fetch(`${the.base}/v1/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ticket, key: of }),
      });
    expect((await redeem('guess')).status).toBe(401);
    // A wrong key has used it up.
    expect((await redeem(key)).status).toBe(401);
    // Neither can the way back be walked twice.
    expect(await wayBack(back)).toBe('/console?login-failed=expired');
    expect(provider.refused).toEqual([]);
  });

  it('T-83 is begun from the console only, and comes back under our own name only', async () => {
    const hash = 'h'.repeat(43);
    const at = (path: string, headers: Record<string, string>) =>
      fetch(`${the.base}${path}`, { headers, redirect: 'manual' });
    expect((await at(`/login/oidc?key=${hash}`, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await at('/login/oidc?key=short', {})).status).toBe(400);
    const back = await at('/login/oidc/callback?state=x&code=y', { 'sec-fetch-site': 'cross-site' });
    expect([back.status, back.headers.get('location')]).toEqual([303, '/console?login-failed=expired']);
  });
});
