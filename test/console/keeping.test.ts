/** How the record is kept, in a real browser: real receivers that fail and mend, entries removed, a tenant forgotten. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkpointSigners } from '../../src/appliance/record/log-keys.ts';
import { openLog } from '../../src/audit/log.ts';
import { SEGMENT_ENTRIES } from '../../src/audit/retention.ts';
import { configSchema } from '../../src/config/schema.ts';
import { openSigningKeys } from '../../src/pki/signing-keys.ts';
import { openStateDir } from '../../src/store/state-dir.ts';
import { handClock, logOptions, newSigner } from '../record/log-fixture.ts';
import { type HttpReceiver, httpReceiver, type SyslogReceiver, syslogReceiver } from '../record/receivers.ts';
import { type Console, confirm, openConsole } from './browser.ts';

const DAY_MS = 86_400_000;
const OLD_ENTRIES = SEGMENT_ENTRIES + 300;
let siem: SyslogReceiver;
let lake: HttpReceiver;
let the: Console;

/** A record that began ten days ago, signed by the appliance's own key. */
async function longAgo(path: string): Promise<void> {
  const state = openStateDir(path);
  const config = configSchema.parse({});
  const keys = openSigningKeys(state.folder('keys'));
  const signers = checkpointSigners({ config, keys, state }, Date.now());
  const clock = handClock(Date.now() - 10 * DAY_MS);
  const log = await openLog(
    logOptions(state.folder('audit'), newSigner(), {
      signers,
      clock,
      durability: 'relaxed',
      origin: config.audit.origin,
    }),
  );
  for (let n = 0; n < OLD_ENTRIES; n += 1024) {
    const some = Array.from({ length: Math.min(1024, OLD_ENTRIES - n) }, (_, i) =>
      log.record({ type: 'node.started', id: `e_${n + i}`, tenant: null, task: null, version: '0', runtime: 'test' }),
    );
    await Promise.all(some);
  }
  await log.close();
  state.release();
}

beforeAll(async () => {
  [siem, lake] = [await syslogReceiver(), await httpReceiver()];
  lake.answer = () => ({ status: 503 });
  const forward = [
    { name: 'siem', kind: 'syslog', url: `tcp://127.0.0.1:${siem.port}`, start: 'newest' },
    {
      name: 'lake',
      kind: 'webhook',
      url: `${lake.url}/in?token=not-to-be-shown`,
      start: 'newest',
      max_backoff_ms: 100,
    },
  ];
  const sets = [`audit.forward=${JSON.stringify(forward)}`, 'audit.checkpoint_ms=100'];
  the = await openConsole({ sets, prepare: longAgo });
  await the.signIn(the.page, 'admin');
}, 120_000);

afterAll(async () => {
  await the?.close();
  await siem?.close();
  await lake?.close();
});

describe('the page on how the record is kept', () => {
  it('shows each receiver as it is now: one that is current, one that fails, why, and that it has mended', async () => {
    const { page, base } = the;
    await the.change('/v1/categories/gambling/block', 'something to forward');
    await siem.until(() => siem.messages.some((message) => message.includes('something to forward')));
    await page.goto(`${base}/console/keeping`);
    const receivers = page.getByRole('table', { name: '2 receivers of the record' }).locator('tbody tr');
    const [current, failing] = [receivers.filter({ hasText: 'siem' }), receivers.filter({ hasText: 'lake' })];
    await current.filter({ hasText: 'current' }).waitFor();
    await failing.filter({ hasText: 'failing' }).filter({ hasText: 'answer 503' }).waitFor();
    expect(await failing.textContent()).toContain(`webhook · ${lake.url}`);
    expect(await page.locator('main').textContent()).not.toContain('not-to-be-shown');
    expect(await failing.locator('td').nth(2).textContent()).toMatch(/^[1-9]\d* entr(y|ies), /);
    // It is looked at again by itself.
    lake.answer = () => undefined;
    await failing.filter({ hasText: 'current' }).waitFor();
    expect(await failing.locator('td').nth(4).textContent()).toBe('0');
    const sent = lake.accepted.join('\n');
    expect(sent).toContain('something to forward');
  });

  it('removes what is old enough behind a typed confirmation that says how much, and the rest verifies', async () => {
    const { page, base, appliance } = the;
    await page.goto(`${base}/console/keeping`);
    await page.getByLabel('Older than, in days').fill('300');
    await page.getByRole('button', { name: 'Remove now …' }).click();
    await page.getByRole('dialog').getByText('Nothing would go now').waitFor();
    await page.getByRole('button', { name: 'Leave it' }).click();
    await page.getByLabel('Older than, in days').fill('1');
    await page.getByRole('button', { name: 'Remove now …' }).click();
    await page.getByRole('dialog').getByText('65,536 entries would go now, for good').waitFor();
    await confirm(page, 'Remove them', '1 days');
    await page.getByRole('alert').filter({ hasText: 'Type 1 day exactly' }).waitFor();
    await confirm(page, 'Remove them', '1 day');
    const done = page.getByRole('region', { name: 'Done: 65,536 entries removed' });
    await done.waitFor({ timeout: 60_000 });
    expect(await done.textContent()).toMatch(/Segments compressed1First entry kept65,536/);
    expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toMatch(/^Done:/);
    const kept = page.locator('.card').filter({ has: page.getByRole('heading', { name: 'Retention' }) });
    expect(await kept.textContent()).toContain('First entry kept65,536');
    await page.goto(`${base}/console/record`);
    await page.getByRole('button', { name: 'Verify now' }).click();
    await page.locator('[data-verified="true"]').waitFor();
    const recorded = await appliance.cli('audit', 'query', '--type', 'log.pruned', '--json');
    expect(recorded.stdout).toContain('"by":"local"');
    expect(recorded.stdout).toContain('"first_kept":65536');
    expect(recorded.stdout).toContain('"why":"a drill"');
  }, 120_000);

  it('forgets a tenant behind its typed name: its paths can be read no more, those of others can', async () => {
    const { page, base, curl, port } = the;
    await curl(`docs.demo.test:${port}/of-acme`);
    const paths = async () => JSON.stringify(await the.get('/v1/audit?type=decision'));
    expect(await paths()).toContain('/of-acme');
    await page.goto(`${base}/console/keeping`);
    await page.getByLabel('Tenant', { exact: true }).fill('acme');
    await page.getByRole('button', { name: 'Destroy its key …' }).click();
    await confirm(page, 'Destroy the key', 'acm');
    await page.getByRole('alert').filter({ hasText: 'Type acme exactly' }).waitFor();
    await confirm(page, 'Destroy the key', 'acme');
    await page.getByRole('region', { name: 'Done: The key of acme is destroyed' }).waitFor();
    expect(await paths()).not.toContain('/of-acme');
    await curl(`docs.demo.test:${port}/after`);
    expect(await paths()).toContain('/after');
    await page.getByLabel('Tenant', { exact: true }).fill('nobody');
    await page.getByRole('button', { name: 'Destroy its key …' }).click();
    await confirm(page, 'Destroy the key', 'nobody');
    await page.getByRole('region', { name: 'Done: nobody had no key' }).waitFor();
    await page.goto(`${base}/console/record?type=tenant.shredded`);
    await page.getByRole('cell', { name: 'tenant.shredded' }).first().waitFor();
  }, 60_000);

  it('shows an auditor how it is kept, with no button that it may not use', async () => {
    const at = await the.as('auditor');
    await at.goto(`${the.base}/console/keeping`);
    await at.getByRole('table', { name: '2 receivers of the record' }).waitFor();
    await at.getByText('Your role, auditor, may not').waitFor();
    for (const name of ['Rotate the key …', 'Remove now …', 'Destroy its key …'])
      expect(await at.getByRole('button', { name }).count(), name).toBe(0);
    await at.context().close();
    expect(the.troubles).toEqual([]);
  });
});
