import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLog } from '../../src/audit/log.ts';
import { readEntries } from '../../src/audit/read.ts';
import { openEvent, sealEvent } from '../../src/audit/sealed-fields.ts';
import { verifyLog } from '../../src/audit/verify.ts';
import type { AuditEvent, DecisionEvent } from '../../src/core/event.ts';
import { openTenantKeys } from '../../src/pki/tenant-keys.ts';
import { execute, type RunningAppliance, startProgram, temporaryDirectory } from '../journey/running-appliance.ts';
import { decisionBody, logOptions, newSigner, verifierFor } from './log-fixture.ts';
import { temporaryDir } from './temporary-dir.ts';

const SECRET_PATH = '/patients/jane-doe?ward=7';

function visit(tenant: string | null, path: string | null = SECRET_PATH): DecisionEvent {
  const { input } = decisionBody(1) as DecisionEvent;
  const common = { v: 1, time: '2026-11-23T00:00:00.000Z', node: 'test-node' } as const;
  return { ...(decisionBody(1) as DecisionEvent), ...common, tenant, input: { ...input, path } };
}

const pathOf = (event: AuditEvent) => (event.type === 'decision' ? event.input.path : null);

describe('what a tenant owns in the record', () => {
  it('T-85 stands sealed in the log; destroying the key shreds it, and the log goes on verifying', async () => {
    const [dir, keyDir, signer] = [temporaryDir(), temporaryDir(), newSigner()];
    const keys = openTenantKeys(keyDir);
    const log = await openLog(logOptions(dir, signer, { seal: (event) => sealEvent(event, keys) }));
    for (const tenant of ['acme', 'globex', 'acme']) await log.record(visit(tenant));
    const read = () =>
      [...readEntries(dir)].map(({ bytes }) => openEvent(JSON.parse(bytes.toString('utf8')) as AuditEvent, keys));
    await log.publish();
    expect([...readEntries(dir)].some(({ bytes }) => bytes.includes('jane-doe'))).toBe(false);
    expect(read().map(pathOf)).toEqual([SECRET_PATH, SECRET_PATH, SECRET_PATH]);
    expect(keys.shred('acme')).toBe(true);
    expect(read().map((event) => [pathOf(event), event.shredded])).toEqual([
      [null, ['input.path']],
      [SECRET_PATH, undefined],
      [null, ['input.path']],
    ]);
    // What comes after has a key of its own; what was shredded stays so, also for another process.
    await log.record(visit('acme', '/after'));
    await log.close();
    const again = openTenantKeys(keyDir);
    expect(read().map(pathOf)).toEqual([null, SECRET_PATH, null, '/after']);
    expect([...readEntries(dir)].map(({ bytes }) => pathOf(openEvent(JSON.parse(bytes.toString()), again)))).toEqual([
      null,
      SECRET_PATH,
      null,
      '/after',
    ]);
    expect(verifyLog(dir, { verifiers: [verifierFor(signer)] })).toMatchObject({ ok: true, size: 4 });
  });

  it('is bound to its event and its tenant: moved elsewhere, it does not open', () => {
    const keys = openTenantKeys(temporaryDir());
    const sealed = sealEvent(visit('acme'), keys) as DecisionEvent;
    expect(pathOf(openEvent(sealed, keys))).toBe(SECRET_PATH);
    const other = { ...sealed.input, path: `${sealed.input.path?.slice(0, -4)}AAAA` };
    for (const moved of [
      { ...sealed, id: 'd_other' },
      { ...sealed, tenant: 'globex' },
      { ...sealed, input: other },
    ])
      expect(openEvent(moved, keys)).toMatchObject({ input: { path: null }, shredded: ['input.path'] });
  });

  it('is nothing where no path is kept or no tenant is known; keys are 0600 and name no tenant', () => {
    const dir = temporaryDir();
    const keys = openTenantKeys(dir);
    for (const event of [visit('acme', null), visit(null)]) expect(sealEvent(event, keys)).toBe(event);
    expect(readdirSync(dir)).toEqual([]);
    expect(keys.find('../acme')).toBeNull();
    const { id, hash } = keys.of('../acme');
    expect(readdirSync(dir)).toEqual([expect.stringMatching(/^tenant-[0-9a-f]{64}\.secret$/)]);
    expect(openTenantKeys(dir).find('../acme')).toMatchObject({ id, hash });
    expect(keys.shred('../acme')).toBe(true);
    expect(keys.shred('../acme')).toBe(false);
    // Hashes of paths can no longer be guessed at either.
    expect(Buffer.from(keys.of('../acme').hash).equals(hash)).toBe(false);
  });
});

describe('locktender audit shred', () => {
  const directory = temporaryDirectory();
  let appliance: RunningAppliance;
  beforeAll(async () => {
    appliance = await startProgram(join(directory.path, 'state'));
  }, 60_000);
  afterAll(async () => {
    await appliance?.kill();
    directory.remove();
  });

  it('destroys what the requests of one tenant said, and leaves the other, the tree and replay as they were', async () => {
    const port = appliance.door('demonstration origins').split(':')[1];
    for (const tenant of ['acme', 'globex']) {
      const issued = await appliance.cli('pass', 'issue', '--tenant', tenant, '--json');
      const { proxy_url: proxy } = JSON.parse(issued.stdout) as { proxy_url: string };
      const url = `https://docs.demo.test:${port}/of-${tenant}`;
      await execute(['curl', '-sk', '-o', '/dev/null', '-x', proxy, '--max-time', '20', url]);
    }
    const seen = async (tenant: string) =>
      (await appliance.cli('audit', 'query', '--type', 'decision', '--tenant', tenant, '--json')).stdout;
    expect(await seen('acme')).toContain('"path":"/of-acme"');
    const done = await appliance.cli('audit', 'shred', '--tenant', 'acme', '--why', 'they left', '--json');
    expect(done).toMatchObject({ code: 0, stdout: '{"tenant":"acme","shredded":true}\n' });
    expect(await seen('acme')).not.toContain('/of-acme');
    expect(await seen('acme')).toContain('"shredded":["input.path"]');
    expect(await seen('globex')).toContain('"path":"/of-globex"');
    const record = await appliance.cli('audit', 'query', '--type', 'tenant.shredded');
    expect(record.stdout).toMatch(/ tenant\.shredded acme /);
    expect(await appliance.cli('policy', 'replay')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/ 0 diff/),
    });
    const exported = await appliance.cli('audit', 'export');
    expect(exported.stdout).not.toMatch(/of-acme|of-globex/);
    expect(existsSync(join(appliance.state, 'audit-index.sqlite'))).toBe(true);
    expect(await appliance.stop()).toBe(0);
    expect(await appliance.cli('audit', 'verify')).toMatchObject({ code: 0 });
  }, 60_000);
});
