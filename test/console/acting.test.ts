/** What is done in the console, and what it says of the record then: in a real browser, over the real program and real traffic. */

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { execute, PROGRAM } from '../journey/running-appliance.ts';
import { type Console, confirm, openConsole, sandboxShell } from './browser.ts';

let the: Console;

beforeAll(async () => {
  the = await openConsole({ sets: ['controls.two_person=capability.revoke'] });
  await the.signIn(the.page, 'admin');
}, 120_000);

afterAll(async () => {
  await the?.close();
});

describe('the console, acted in', () => {
  it('cuts a running download when a category is blocked: preview before, receipt with the time after, undo', async () => {
    const { page, port, shell } = the;
    const download = spawn('curl', ['-sSN', '-o', '/dev/null', `https://files.demo.test:${port}/download`], {
      env: shell,
    });
    const ended = new Promise<number | null>((resolve) => download.once('close', resolve));
    await expect.poll(async () => (await the.get('/v1/status'))['flows'], { timeout: 15_000 }).toBeGreaterThan(0);
    await page.getByRole('link', { name: 'Categories', exact: true }).click();
    await page.getByRole('searchbox', { name: 'Search categories' }).fill('net-disks');
    await page.getByRole('button', { name: 'Block net-disks' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText(/[1-9]\d* flows? (is|are) live on it now/).waitFor();
    await dialog.getByText('files.demo.test · acme').first().waitFor();
    await dialog.getByLabel('Returns by itself').selectOption({ label: 'after 30 minutes' });
    await confirm(page, 'Block now');
    const receipt = page.locator('.receipt');
    await receipt.waitFor();
    expect(await receipt.textContent()).toMatch(
      /net-disks is blocked.*Cut([1-9]) of \1.*Slowest cut\d[\d.]* ms.*Answered in\d.*Returns/,
    );
    expect(await ended).not.toBe(0);
    await receipt.getByRole('button', { name: 'Undo' }).click();
    await page.locator('.receipt').filter({ hasText: 'is undone' }).waitFor();
    await page.getByRole('button', { name: 'Block net-disks' }).waitFor();
  });

  it('does not open what was changed meanwhile by somebody else', async () => {
    const { page } = the;
    await the.change('/v1/categories/net-disks/block', 'first');
    await page.goto(`${the.base}/console/categories?q=net-disks`);
    await page.getByRole('button', { name: 'Unblock net-disks' }).click();
    await the.change('/v1/categories/net-disks/block', 'second, and for good reason');
    await confirm(page, 'Unblock');
    await page.getByRole('alert').filter({ hasText: 'read the list again' }).waitFor();
    await page.getByRole('button', { name: 'Leave it' }).click();
    await the.change('/v1/categories/net-disks/unblock', 'over');
  });

  it('says where a host stands, and which list says so', async () => {
    const { page } = the;
    await page.goto(`${the.base}/console/categories?host=files.demo.test`);
    await page.getByRole('cell', { name: 'net-disks', exact: true }).first().waitFor();
  });

  it('quarantines a tenant behind a typed name, and lets another go on', async () => {
    const { page, curl, port, appliance } = the;
    await page.getByRole('link', { name: 'Emergency' }).click();
    await page.getByRole('heading', { name: 'Emergency' }).waitFor();
    await page.keyboard.press('4');
    // As it is pasted.
    await page.keyboard.type(' acme ');
    await page.keyboard.press('Enter');
    await confirm(page, 'Quarantine now', 'acm');
    await page.getByRole('alert').filter({ hasText: 'Type acme exactly' }).waitFor();
    await confirm(page, 'Quarantine now', 'acme');
    await page.locator('.receipt').waitFor();
    expect((await curl(`docs.demo.test:${port}/`)).stdout).toContain('tenant_quarantined');
    const other = await sandboxShell(appliance, 'globex');
    const answer = await execute(['curl', '-sS', '-i', `https://docs.demo.test:${port}/config.json`], { env: other });
    expect(answer.stdout).toMatch(/HTTP\/1.1 200/);
    await page.getByRole('link', { name: 'Tenants', exact: true }).click();
    await page.getByRole('button', { name: 'Release acme' }).click();
    await confirm(page, 'Release');
    await page.locator('.receipt').filter({ hasText: 'acme is released' }).waitFor();
  });

  it('kills the task of one tenant, which is said before its id', async () => {
    const { page } = the;
    await page.getByRole('link', { name: 'Emergency' }).click();
    await page.getByRole('heading', { name: 'Emergency' }).waitFor();
    await page.keyboard.press('3');
    await page.keyboard.type('initech/nightly');
    await page.keyboard.press('Enter');
    await confirm(page, 'Kill now');
    await page.locator('.receipt').waitFor();
    const { tasks } = (await the.get('/v1/tasks')) as { tasks: { id: string; tenant: string }[] };
    expect(tasks.filter(({ id }) => id === 'nightly').map(({ tenant }) => tenant)).toEqual(['initech']);
  });

  it('lets a change that needs a second person wait, until somebody else approves it', async () => {
    const { page } = the;
    const name = 'storage.write.session';
    await page.goto(`${the.base}/console/capabilities`);
    await page.getByRole('button', { name: `Revoke ${name}` }).click();
    await confirm(page, 'Revoke now', name);
    await page.getByRole('dialog').getByText('waits for a second person').waitFor();
    expect(await page.getByRole('button', { name: 'Revoke now' }).isDisabled()).toBe(true);
    const pending = (await page.locator('[data-pending]').getAttribute('data-pending')) ?? '';
    await page.getByRole('dialog').getByText(`locktender control approve ${pending}`).waitFor();
    // The way to it is a link that can be sent to the second person; the dialog does not stay over it.
    await page.getByRole('link', { name: 'Open it under Changes' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    const waits = page.locator('tr[data-chosen]').filter({ hasText: pending });
    await waits.getByText('yours: somebody else approves it').waitFor();
    expect(await page.getByRole('button', { name: `Approve ${pending}` }).count()).toBe(0);
    const own = await fetch(`${the.base}/v1/controls/${pending}/approve`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await the.token('admin')}`, 'content-type': 'application/json' },
      body: JSON.stringify({ why: 'by myself' }),
    });
    expect([own.status, await own.json()]).toEqual([
      409,
      expect.objectContaining({ code: 'needs_second_person', pending }),
    ]);
    const other = await the.as('security');
    await other.getByRole('link', { name: '1 change to approve' }).waitFor();
    await other.goto(page.url());
    await other.getByRole('button', { name: `Approve ${pending}` }).click();
    await other.getByRole('dialog').getByText('local asked for it: a drill').waitFor();
    await other
      .getByRole('dialog')
      .getByText(/flows? (is|are) live on it now/)
      .waitFor();
    await confirm(other, 'Approve');
    await other.getByRole('region', { name: /approved, and in force/ }).waitFor();
    expect(await other.evaluate('document.activeElement.getAttribute("aria-label")')).toContain(
      'approved, and in force',
    );
    await other.getByRole('cell', { name: 'local, with test-security' }).waitFor();
    await other.context().close();
    const { revoked } = (await the.get(`/v1/capabilities/${name}`)) as { revoked: object };
    expect(revoked).toMatchObject({ by: 'local', why: 'a drill' });
  });

  it('tells the walk of a task in one timeline: its pass, decisions, what the guard said, what it used', async () => {
    const { page, appliance, port } = the;
    const code = `export default async () => (await fetch("https://docs.demo.test:${port}/config.json")).text()`;
    const ran = await execute([PROGRAM, 'exec', '-', '--tenant', 'acme', '--json', '--state', appliance.state], {
      input: code,
    });
    const { task } = JSON.parse(ran.stdout) as { task: string };
    await page.goto(`${the.base}/console/tasks?task=${task}`);
    const walk = page.locator('.timeline > li');
    await walk.filter({ hasText: 'task.finished' }).filter({ hasText: 'completed' }).waitFor();
    const decision = walk.filter({ hasText: 'docs.demo.test/config.json' });
    expect(await decision.textContent()).toMatch(/allow.*guard\.verdict.*redact.*github-pat.*flow\.closed/s);
    expect(await page.locator('.stats').textContent()).toMatch(/Boot\d.*CPU\d.*Peak memory\d/);
  });

  it('verifies the log now, searches it, proves an entry, and exports it all', async () => {
    const { page } = the;
    await page.goto(`${the.base}/console/record?type=control.changed`);
    await page.getByRole('button', { name: 'Verify now' }).click();
    await page.locator('[data-verified="true"]').waitFor();
    expect(await page.locator('[data-verified]').textContent()).toMatch(
      /\d+ entries, every hash and every signature.*entries a second/,
    );
    await page.getByRole('cell', { name: 'control.changed' }).first().waitFor();
    await page
      .getByRole('button', { name: /^Prove/ })
      .first()
      .click();
    await page.getByText(/Inclusion proof of entry/).waitFor();
    const file = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Export' }).click();
    const lines = readFileSync(await (await file).path(), 'utf8')
      .trimEnd()
      .split('\n');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ v: 1, type: 'node.started' });
    expect(lines.length).toBeGreaterThan(20);
  });

  it('makes a new signing key, and the log that both keys signed verifies', async () => {
    const { page, appliance } = the;
    await page.goto(`${the.base}/console/keeping`);
    const keys = page.getByRole('table', { name: /^Keys of the log/ }).locator('tbody tr');
    await keys.first().waitFor();
    expect(await keys.count()).toBe(1);
    await page.getByRole('button', { name: 'Rotate the key …' }).click();
    await confirm(page, 'Rotate');
    await keys.nth(1).waitFor();
    expect(await keys.allTextContents()).toEqual([
      expect.stringMatching(/signs$/),
      expect.stringMatching(/signsuntil /),
    ]);
    const { events } = (await the.get('/v1/audit?type=admin.access&limit=1')) as { events: { event: object }[] };
    expect(events[0]?.event).toMatchObject({ actor: 'local', route: '/v1/audit/keys/rotate', why: 'a drill' });
    expect((await appliance.cli('audit', 'verify')).code).toBe(0);
    await page.getByText('The record is forwarded to nobody').waitFor();
  });

  it('runs the contracts, replays recorded decisions, and shows what a supposed control would have changed', async () => {
    const { page } = the;
    await page.goto(`${the.base}/console/policy?tab=contracts`);
    await page.getByText(/all \d+ contracts hold/).waitFor();
    await page.getByRole('button', { name: 'Replay' }).click();
    await page.getByRole('button', { name: 'Decide it all again' }).click();
    await page.getByText('no difference', { exact: true }).waitFor();
    await page.getByLabel('Supposed controls').fill('category.block=net-disks');
    await page.getByRole('button', { name: 'Decide it all again' }).click();
    await page.getByRole('cell', { name: 'files.demo.test' }).first().waitFor();
    await page.getByRole('button', { name: 'Ask' }).click();
    await page.getByLabel('URL').fill(`https://docs.demo.test:${the.port}/`);
    await page.getByRole('button', { name: 'Decide', exact: true }).click();
    await page.locator('.big').filter({ hasText: 'capability_grants' }).waitFor();
  });

  it('draws the service levels over time, each chart with its table', async () => {
    const { page, curl } = the;
    await curl('example.com/');
    await page.goto(`${the.base}/console/levels?minutes=60`);
    await page.getByRole('img', { name: /^Decisions: highest/ }).waitFor();
    await page.getByRole('row', { name: /forced termination ratio ≤ 1 %/ }).waitFor();
    await page.getByRole('button', { name: 'Table of Decisions' }).click();
    await page.getByRole('table', { name: 'Decisions' }).waitFor();
    await page.getByRole('link', { name: 'Entries behind denied_ratio', exact: true }).click();
    await page.getByRole('heading', { name: 'Record' }).waitFor();
    await page.getByRole('cell', { name: 'default_deny' }).or(page.getByText('default_deny')).first().waitFor();
  });

  it('threw no error', () => {
    expect(the.troubles).toEqual([]);
  });
});
