/** The console as it is watched and gone about in, in a real browser, over the real program and real traffic. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Console, confirm, openConsole } from './browser.ts';

let the: Console;

beforeAll(async () => {
  the = await openConsole();
}, 120_000);

afterAll(async () => {
  await the?.close();
});

describe('the console, watched', () => {
  it('takes a token, and says why when it is wrong', async () => {
    await the.page.goto(`${the.base}/`);
    await the.page.getByLabel('Token').fill('wrong');
    await the.page.getByRole('button', { name: 'Sign in' }).click();
    await the.page.getByRole('alert').filter({ hasText: /token/ }).waitFor();
    await the.signIn(the.page, 'admin');
  });

  it('shows decisions as they happen, one row a task and host group, filtered by what the address says', async () => {
    const { page, port, curl } = the;
    await page.getByText('connected', { exact: true }).waitFor();
    await curl(`docs.demo.test:${port}/config.json`);
    await curl('example.com/');
    const rows = page.locator('tbody tr');
    await rows.filter({ hasText: 'docs.demo.test' }).filter({ hasText: 'allow' }).waitFor();
    await rows.filter({ hasText: 'example.com' }).filter({ hasText: 'default_deny' }).waitFor();
    expect(await rows.count()).toBe(2);
    await page
      .getByRole('textbox', { name: 'Filter' })
      .or(page.getByRole('searchbox', { name: 'Filter' }))
      .fill('effect:deny host:*.com');
    await rows.filter({ hasText: 'docs.demo.test' }).waitFor({ state: 'detached' });
    expect(await rows.count()).toBe(1);
    const shared = new URL(page.url());
    expect(shared.searchParams.get('q')).toBe('effect:deny host:*.com');
    await page.getByRole('searchbox', { name: 'Filter' }).fill('colour:red');
    await page.getByText('There is no field “colour”').waitFor();
    // The address alone brings the same page, with what was before it was opened.
    await page.goto(shared.href);
    await page.locator('tbody tr').filter({ hasText: 'example.com' }).waitFor();
  });

  it('explains a denial, and allows its host after a preview, for its tenant only', async () => {
    const { page } = the;
    await page.getByRole('button', { name: 'Explain deny of example.com' }).click();
    const sheet = page.getByRole('dialog');
    await sheet.getByText('Asked again now').waitFor();
    // The address brings another reader to the same decision.
    await page.goto(page.url());
    await sheet.getByText('Asked again now').waitFor();
    await sheet.getByRole('button', { name: 'Allow this host …' }).click();
    await page
      .getByRole('dialog')
      .getByText(/Last 24 hours: 0 hits allowed, [1-9]\d* denied/)
      .waitFor();
    await confirm(page, 'Allow');
    await page.getByRole('region', { name: 'Receipt: Allow example.com: done' }).waitFor();
    const standing = await the.get('/v1/hosts/example.com');
    expect(standing['overrides']).toEqual([{ effect: 'allow', host: 'example.com', tenant: 'acme' }]);
    await page.locator('.receipt').getByRole('button', { name: 'Undo' }).click();
    await page.locator('.receipt').filter({ hasText: 'is undone' }).waitFor();
    const after = await the.get('/v1/hosts/example.com');
    expect(after['overrides']).toEqual([]);
  });

  it('keeps focus and place while rows stream, and stands still when paused', async () => {
    const { page, curl, port } = the;
    await page.goto(`${the.base}/console?view=each`);
    const explain = page.getByRole('button', { name: /^Explain/ });
    await explain.nth(1).focus();
    const held = await page.evaluate('document.activeElement.closest("tr").textContent');
    await curl(`docs.demo.test:${port}/held`);
    await page.locator('tbody tr').filter({ hasText: '/held' }).waitFor();
    expect(await page.evaluate('document.activeElement.closest("tr").textContent')).toBe(held);
    // Nor does a row slip away under the pointer: what comes waits until it has gone.
    await page.locator('tbody tr').nth(1).hover();
    await curl(`docs.demo.test:${port}/pointed`);
    await page.getByText(/held under the pointer, [1-9]/).waitFor();
    expect(await page.locator('tbody tr').filter({ hasText: '/pointed' }).count()).toBe(0);
    await page.locator('h1').click();
    await page.locator('tbody tr').filter({ hasText: '/pointed' }).waitFor();
    await page.keyboard.press('p');
    await page.getByRole('button', { name: 'Go on' }).waitFor();
    await curl(`docs.demo.test:${port}/unseen`);
    await expect
      .poll(async () => JSON.stringify(await the.get('/v1/audit?type=decision&limit=1')), { timeout: 10_000 })
      .toContain('/unseen');
    expect(await page.locator('tbody tr').filter({ hasText: '/unseen' }).count()).toBe(0);
    expect(new URL(page.url()).searchParams.get('paused')).toBe('1');
    await page.keyboard.press('p');
    await page.locator('tbody tr').filter({ hasText: '/unseen' }).waitFor();
  });

  it('keeps the address of the page that a link of a dialog leads to', async () => {
    const { page, base } = the;
    await page.goto(`${base}/console?view=each&q=host%3Aexample.com`);
    await page.getByRole('button', { name: 'Explain deny of example.com' }).first().click();
    const to = page.getByRole('dialog').getByRole('link', { name: /^t_/ });
    const task = (await to.textContent()) ?? '';
    await to.click();
    await page.getByRole('heading', { name: task }).waitFor();
    await expect.poll(() => new URL(page.url()).search).toBe(`?task=${task}`);
  });

  it('goes to pages, rows, help and the palette by keys', async () => {
    const { page } = the;
    await page.goto(`${the.base}/console`);
    await page.locator('main tbody tr').first().waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('g');
    await page.keyboard.press('a');
    await page.getByRole('heading', { name: 'Capabilities' }).waitFor();
    await page.getByText('net.read.public', { exact: true }).waitFor();
    await page.keyboard.press('j');
    expect(await page.locator('tr[data-chosen]').count()).toBe(1);
    await page.keyboard.press('/');
    await page.keyboard.type('session');
    await expect.poll(() => new URL(page.url()).searchParams.get('q')).toBe('session');
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor({ state: 'detached' });
    // Chromium may still give a key to the dialog that has just gone: a person would press it again.
    const palette = page.getByRole('combobox');
    const pressed = async () => {
      if ((await palette.count()) === 0) await page.keyboard.press(':');
      return palette.count();
    };
    await expect.poll(pressed, { timeout: 10_000, interval: 200 }).toBe(1);
    for (const [typed, offered] of [
      ['rotate', 'rotate the signing key'],
      ['revoke net.read.pub', 'revoke capability net.read.public'],
      ['github', 'rules with “github”'],
    ] as const) {
      await page.getByRole('combobox').fill(typed);
      await page.getByRole('option', { name: offered }).waitFor();
    }
    await page.getByRole('combobox').fill('block paste');
    await page.getByRole('option', { name: /block category paste-sites/ }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByRole('heading', { name: 'Block paste-sites' }).waitFor();
    await page.keyboard.press('Escape');
  });

  it('does not draw a page that was left over the one that followed, when its answer comes late', async () => {
    const { page } = the;
    const late = Promise.withResolvers<void>();
    const drawn = page.getByRole('heading', { level: 1 });
    await page.route('**/v1/capabilities', async (route) => {
      await late.promise;
      await route.continue();
    });
    const nav = page.getByRole('navigation');
    await nav.getByRole('link', { name: /^Capabilities/ }).click();
    await expect.poll(() => page.title()).toBe('Capabilities · Locktender');
    await nav.getByRole('link', { name: /^Profiles/ }).click();
    await expect.poll(() => drawn.textContent()).toBe('Profiles');
    const answered = page.waitForResponse('**/v1/capabilities');
    late.resolve();
    await (await answered).finished();
    await page.unroute('**/v1/capabilities');
    // Another answer, asked for and drawn after that one.
    await page.evaluate(() => fetch('/healthz').then((response) => response.text()));
    expect([await drawn.textContent(), await page.title()]).toEqual(['Profiles', 'Profiles · Locktender']);
  });

  it('says when the connection is lost, and goes on where it was', async () => {
    const { page, context, curl, port } = the;
    await page.goto(`${the.base}/console`);
    await page.getByText('connected', { exact: true }).waitFor();
    await context.setOffline(true);
    await page.evaluate('fetch("/v1/status").catch(() => 0)');
    await page.getByText('Connection lost').waitFor({ timeout: 10_000 });
    // A page that cannot come says so, and comes by itself when it can.
    await page.getByRole('link', { name: 'Tenants', exact: true }).click();
    await page.getByRole('alert').filter({ hasText: 'The appliance does not answer.' }).last().waitFor();
    await context.setOffline(false);
    await page.getByRole('table', { name: /^Tenants that work now/ }).waitFor({ timeout: 15_000 });
    await page.goto(`${the.base}/console`);
    await page.getByText('connected', { exact: true }).waitFor();
    await context.setOffline(true);
    await page.evaluate('fetch("/v1/status").catch(() => 0)');
    await page.getByText('Connection lost').waitFor({ timeout: 10_000 });
    await curl(`docs.demo.test:${port}/meanwhile`);
    await context.setOffline(false);
    await page.getByText('Connection lost').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Each decision' }).click();
    await page.locator('tbody tr').filter({ hasText: '/meanwhile' }).waitFor({ timeout: 15_000 });
    the.troubles.splice(
      0,
      the.troubles.length,
      ...the.troubles.filter((text) => !/ERR_INTERNET_DISCONNECTED/.test(text)),
    );
  });

  it('threw no error', () => {
    expect(the.troubles).toEqual([]);
  });
});
