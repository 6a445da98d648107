/** The rule editor in a real browser: edits that act or change nothing, samples, and what the record has of a finding. */

import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Console, openConsole } from './browser.ts';

let the: Console;

beforeAll(async () => {
  the = await openConsole({ sets: ['guard.keep_clean_samples=50'] });
  await the.signIn(the.page, 'admin');
}, 120_000);

afterAll(async () => {
  await the?.close();
});

describe('the rules', () => {
  it('edits a rule: a wrong one changes nothing, a right one acts on the next answer', async () => {
    const { page, port, curl, appliance, base } = the;
    const path = `docs.demo.test:${port}/`;
    expect((await curl(path)).stdout).toContain('hello from docs.demo.test');
    await page.getByRole('link', { name: 'Rules', exact: true }).click();
    await page.getByRole('searchbox', { name: 'Search rules' }).fill('github');
    await page.getByRole('link', { name: 'github-pat', exact: true }).waitFor();
    await page.getByLabel('Name of a new file').fill('own');
    await page.getByRole('button', { name: 'Begin a file' }).click();
    const text = page.getByLabel('Rules and their tests (YAML)');
    const rule = (await text.inputValue()).replaceAll('Project Bluebird', 'hello from').replace('of hello', 'oh hello');
    await text.fill(rule.replace("no_match: ['a bluebird']", "no_match: ['hello from']"));
    await page.getByLabel('Sample to try them on').fill('and é hello from there');
    await page.getByRole('button', { name: 'Run tests and try' }).click();
    await page
      .getByRole('alert')
      .filter({ hasText: /dlp\/own\.yaml:\d+: rule `project-codename`/ })
      .waitFor();
    await text.fill(rule);
    await text.press('Control+Enter');
    expect(await page.locator('mark').textContent()).toBe('hello from');
    // What it costs, and what past clean results it would have tripped on.
    const tried = page.locator('.receipt').filter({ hasText: 'tests pass' });
    expect(await tried.textContent()).toMatch(/\d µs\/KB.*[1-9]\d* of [1-9]\d*would have tripped/);
    await page
      .getByRole('table', { name: /would have tripped/ })
      .getByText('hello from docs')
      .first()
      .waitFor();
    await page.getByLabel('Reason, kept in the record').fill('a codename');
    await page.getByRole('button', { name: 'Save and bring into force' }).click();
    await page.locator('.receipt[data-digest]').waitFor();
    expect((await curl(path)).stdout).toContain('[REDACTED:PROJECT_CODENAME] docs.demo.test');
    // The same edit again, begun from what is no longer there.
    const admin = { authorization: `Bearer ${await the.token('admin')}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ path: 'dlp/own.yaml', text: rule, why: 'late', from: null });
    const late = await fetch(`${base}/v1/rules/file`, { method: 'POST', headers: admin, body });
    expect([late.status, await late.text()]).toEqual([409, expect.stringContaining('changed meanwhile')]);
    await page.goto(`${base}/console/rules?file=dlp%2Fown.yaml`);
    await page.getByRole('cell', { name: 'a codename' }).waitFor();
    const offline = await appliance.cli('dlp', 'scan', '--json', '--rules', join(appliance.state, 'rules'));
    expect(offline.code).toBe(0);
  });

  it('leads from a recorded verdict to its rule, tried on its own samples or on a file: the record has no text', async () => {
    const { page, base, curl, port } = the;
    await curl(`docs.demo.test:${port}/config.json`);
    const { tasks } = (await the.get('/v1/tasks')) as { tasks: { id: string }[] };
    await page.goto(`${base}/console/tasks?task=${tasks[0]?.id}`);
    const walk = page.locator('.timeline > li').filter({ hasText: '/config.json' });
    await walk.first().getByRole('link', { name: 'its rules' }).click();
    await page.getByRole('heading', { name: 'What the guard found' }).waitFor();
    expect(new URL(page.url()).searchParams.get('verdict')).toMatch(/./);
    await page.getByText('never the text').waitFor();
    const finding = page.getByRole('table', { name: '1 finding' }).locator('tbody tr');
    expect(await finding.textContent()).toMatch(/github-pat.*GITHUB_TOKEN.*redact.*\d+–\d+.*[0-9a-f]{12}/);
    // What is shown is what the record has, and the record has no text of it.
    const whole = JSON.stringify(await the.get('/v1/audit?type=guard.verdict'));
    expect(whole).not.toMatch(/ghp_/);
    await finding.getByRole('link', { name: 'github-pat' }).click();
    await page.getByRole('heading', { name: 'dlp/github.yaml' }).waitFor();
    expect(await page.locator('mark').textContent()).toMatch(/^ghp_\w{36}$/);
    await page
      .getByText(/µs\/KB/)
      .first()
      .waitFor();
    const shared = page.url();
    await page.getByLabel('Samples of these rules, as in force').selectOption({ label: 'passes: ghp_short' });
    await page.getByText('Nothing is found in the sample').waitFor();
    const token = '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';
    const body = Buffer.from(`two: ${token}\nand ${token} again`);
    await page
      .getByLabel('A file of yours')
      .setInputFiles({ name: 'result.txt', mimeType: 'text/plain', buffer: body });
    await page.locator('mark').nth(1).waitFor();
    expect(await page.locator('mark').allTextContents()).toEqual([token, token]);
    // What was found in traffic leads back to the verdict, and the address brings the same rule again.
    await page.goto(shared);
    await page.locator('mark').waitFor();
    const traffic = page.locator('.card').filter({ has: page.getByRole('heading', { name: 'Found in traffic' }) });
    await traffic.getByRole('link').first().click();
    await page.getByRole('heading', { name: 'What the guard found' }).waitFor();
    await page.getByText('never the text').waitFor();
    await page.goto(`${base}/console/rules?verdict=e_none`);
    await page.getByRole('alert').filter({ hasText: 'No guard verdict e_none' }).waitFor();
  });

  it('threw no error', () => {
    expect(the.troubles).toEqual([]);
  });
});
