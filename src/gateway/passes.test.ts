import { generateKeyPairSync } from 'node:crypto';
import { SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { controls, mark, NOW, snapshot } from '../../test/policy/fixture.ts';
import { type Controls, NO_CONTROLS } from '../core/controls.ts';
import type { EventBody } from '../core/event.ts';
import type { PassOrder } from '../core/ports.ts';
import { createPassAuthority, type PassKey } from './passes.ts';

const key = (id: string): PassKey => ({ id, ...generateKeyPairSync('ed25519') });
const ORDER: PassOrder = {
  tenant: 'acme',
  class: 'code',
  profile: null,
  risk: 0,
  ttlMs: 7_200_000,
  task: 't_9',
  caller: 'ann',
  kind: 'sandbox',
};

function authority(over: { keys?: PassKey[]; lent?: readonly PassKey[]; audience?: string; controls?: Controls } = {}) {
  const recorded: EventBody[] = [];
  const clock = { at: NOW, elapsed: 0, now: () => clock.at, monotonic: () => clock.elapsed };
  const keys = over.keys ?? [key('k1')];
  const passes = createPassAuthority({
    keys: () => keys,
    alsoFrom: () => over.lent ?? [],
    source: { current: () => snapshot({ controls: over.controls ?? NO_CONTROLS }) },
    audit: { record: async (event) => ({ seq: recorded.push(event) }), writable: () => true },
    clock,
    audience: over.audience ?? 'gate-1',
    issuer: 'locktender',
  });
  return { passes, recorded, clock, keys };
}

async function issued(over: Partial<PassOrder> = {}, from = authority()) {
  const result = await from.passes.issue({ ...ORDER, ...over });
  if (!result.ok) throw new Error(result.error.message);
  return { ...from, pass: result.value };
}

test('a pass names its task and what admission left, and lasts an hour at most', async () => {
  const { passes, pass, recorded } = await issued();
  expect(await passes.verify(pass.token)).toEqual({ ok: true, value: pass.principal });
  expect(pass.principal).toMatchObject({ task: 't_9', tenant: 'acme', profile: 'code', expiresAt: NOW + 3_600_000 });
  expect(recorded).toMatchObject([
    { type: 'task.admitted', admitted: true, pass: pass.claims.jti, capabilities: pass.capabilities },
  ]);
  expect(JSON.stringify(recorded)).not.toContain(pass.token);
});

test('risk takes capabilities away, and the policies that did are recorded', async () => {
  const { pass, recorded } = await issued({ risk: 60 });
  expect(pass.capabilities).not.toContain('net.write.approved-domains');
  expect(pass.capabilities).toContain('net.read.public');
  expect(recorded).toMatchObject([
    { policies: expect.arrayContaining(['risk-50-takes-high', 'run-what-the-class-offers']) },
  ]);
});

test.each([
  [{ risk: 95 }, 'no-run-at-extreme-risk'],
  [{ class: 'trusted', risk: 40 }, 'trusted-is-for-the-trusted-class'],
  [{ profile: 'trusted' }, 'does not offer profile `trusted`'],
  [{ class: 'cod' }, 'did you mean `code`?'],
  [{ risk: 1.5 }, 'risk is not a whole number'],
  [{ tenant: 'a/b' }, 'is not a tenant name'],
  [{ task: 'x y' }, 'is not a task id'],
  [{ ttlMs: 10 }, 'less than a second'],
] as const)('refuses %o and records that it did', async (over, message) => {
  const { passes, recorded } = authority();
  const result = await passes.issue({ ...ORDER, ...over });
  expect(result).toMatchObject({
    ok: false,
    error: { reason: 'pass_not_admitted', message: expect.stringContaining(message) },
  });
  expect(recorded).toMatchObject([{ admitted: false, reason: 'pass_not_admitted', capabilities: [] }]);
});

test('T-49 a pass ends at its second, remembered or not', async () => {
  const { passes, pass, clock } = await issued();
  clock.at = pass.principal.expiresAt - 1;
  expect((await passes.verify(pass.token)).ok).toBe(true);
  clock.at += 1;
  expect(await passes.verify(pass.token)).toEqual({ ok: false, error: 'pass_expired' });
  const { passes: other } = authority();
  expect((await other.verify(pass.token)).ok).toBe(false);
});

test('T-49 a pass that is known lives no longer where the clock is set back', async () => {
  const { passes, pass, clock } = await issued();
  const verified = () => Promise.all([pass.token, pass.reference].map((by) => passes.verify(by)));
  await verified();
  clock.at -= 600_000;
  clock.elapsed += 3_599_999;
  expect(await verified()).toMatchObject([{ ok: true }, { ok: true }]);
  clock.elapsed += 1;
  const over = { ok: false, error: 'pass_expired' };
  expect(await verified()).toEqual([over, over]);
});

test('T-49 a pass of a key that was lent is worth nothing once the key is withdrawn, remembered or not', async () => {
  const hub = authority({ keys: [key('hub-1')] });
  const { pass } = await issued({}, hub);
  const over = { lent: [key('hub-2'), ...hub.keys] };
  const { passes } = authority(over);
  expect(await passes.verify(pass.token)).toMatchObject({ ok: true });
  over.lent = over.lent.slice(0, 1);
  expect(await passes.verify(pass.token)).toEqual({ ok: false, error: 'pass_malformed' });
});

test('T-49 another audience, another key, another algorithm or another claim is malformed', async () => {
  const keys = [key('k1')];
  const { pass } = await issued({}, authority({ keys }));
  const elsewhere = authority({ keys, audience: 'gate-2' });
  expect(await elsewhere.passes.verify(pass.token)).toEqual({ ok: false, error: 'pass_malformed' });
  const here = authority({ keys });
  const forged = (claims: object, alg: string, secret: Parameters<SignJWT['sign']>[0]) =>
    new SignJWT({ ...pass.claims, ...claims })
      .setProtectedHeader({ alg, kid: 'k1', typ: 'locktender-pass+jwt' })
      .sign(secret);
  const good = keys[0]?.privateKey as PassKey['privateKey'];
  const tokens = await Promise.all([
    forged({}, 'HS256', new TextEncoder().encode('x'.repeat(32))),
    forged({}, 'EdDSA', generateKeyPairSync('ed25519').privateKey),
    forged({ admin: true }, 'EdDSA', good),
    forged({ risk: 101 }, 'EdDSA', good),
    forged({ aud: ['gate-1', 'gate-2'] }, 'EdDSA', good),
    forged({ iat: pass.claims.iat + 600 }, 'EdDSA', good),
  ]);
  for (const token of [...tokens, `${pass.token}x`, '', 'a.b.c', 'x'.repeat(10_000)]) {
    expect(await here.passes.verify(token)).toEqual({ ok: false, error: 'pass_malformed' });
  }
  expect((await here.passes.verify(pass.token)).ok).toBe(true);
});

test('a rotated key signs, and the old one goes on verifying', async () => {
  const from = await issued();
  from.keys.unshift(key('k2'));
  const second = await issued({}, from);
  expect((await from.passes.verify(from.pass.token)).ok).toBe(true);
  expect((await from.passes.verify(second.pass.token)).ok).toBe(true);
});

test('no pass without its record', async () => {
  const { keys } = authority();
  const passes = createPassAuthority({
    keys: () => keys,
    source: { current: () => snapshot() },
    audit: { record: () => Promise.reject(new Error('disk full')), writable: () => false },
    clock: { now: () => NOW, monotonic: () => 0 },
    audience: 'gate-1',
    issuer: 'locktender',
  });
  await expect(passes.issue(ORDER)).rejects.toThrow('disk full');
});

test('a tenant in quarantine and a killed task get no pass', async () => {
  const quarantined = authority({ controls: controls({ quarantinedTenants: { acme: mark() } }) });
  expect(await quarantined.passes.issue(ORDER)).toMatchObject({ ok: false, error: { reason: 'tenant_quarantined' } });
  const killed = authority({ controls: controls({ killedTasks: { t_9: mark() } }) });
  expect(await killed.passes.issue(ORDER)).toMatchObject({ ok: false, error: { reason: 'task_killed' } });
});
