import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { controls, mark, NOW, snapshot } from '../../test/policy/fixture.ts';
import { type Controls, NO_CONTROLS } from '../core/controls.ts';
import type { EventBody, TaskAdmittedEvent } from '../core/event.ts';
import type { ClientCertificate } from '../core/ports.ts';
import type { Principal } from '../core/principal.ts';
import { createClientCertificates, type MappedClient, mapping } from './client-certificates.ts';
import { createPassAuthority } from './passes.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const CLIENTS: readonly MappedClient[] = [
  { name: 'build-1.example', tenant: 'acme', class: 'code' },
  { name: 'spiffe://corp.example/build', tenant: 'globex', class: 'research' },
  { name: 'greedy.example', tenant: 'acme', class: 'code', profile: 'trusted' },
];

const certificate = (over: Partial<ClientCertificate> = {}): ClientCertificate => ({
  fingerprint: 'aa11',
  names: ['DNS:build-1.example'],
  expiresAt: NOW + DAY,
  ...over,
});

/** The real admission behind it. */
function desk() {
  const recorded: EventBody[] = [];
  const state = { controls: NO_CONTROLS as Controls, writable: true };
  const clock = { at: NOW, now: () => clock.at, monotonic: () => 0 };
  const source = { current: () => snapshot({ controls: state.controls }) };
  const admitter = createPassAuthority({
    keys: () => [{ id: 'k', ...generateKeyPairSync('ed25519') }],
    ...{ source, clock, audience: 'gate-1', issuer: 'locktender' },
    audit: {
      record: async (event) => {
        if (!state.writable) throw new Error('disk full');
        return { seq: recorded.push(event) };
      },
      writable: () => state.writable,
    },
  });
  const clients = createClientCertificates({ clients: CLIENTS, admitter, source, clock, key: Buffer.alloc(32) });
  const known = async (over: Partial<ClientCertificate> = {}): Promise<Principal> => {
    const identified = await clients.identify(certificate(over));
    if (!identified?.ok) throw new Error(`not identified: ${identified?.error}`);
    return identified.value;
  };
  return { clients, known, recorded: recorded as TaskAdmittedEvent[], state, clock };
}

test.each([
  ['its DNS name', ['DNS:build-1.example'], 'acme'],
  ['its URI', ['URI:spiffe://corp.example/build'], 'globex'],
  ['the first in the list of several', ['URI:spiffe://corp.example/build', 'DNS:build-1.example'], 'acme'],
  ['one among others', ['DNS:x.example', 'DNS:build-1.example'], 'acme'],
  ['nobody: another kind of name', ['URI:build-1.example', 'DNS:spiffe://corp.example/build'], null],
  ['nobody: a wildcard', ['DNS:*.example'], null],
  ['nobody: another case', ['DNS:Build-1.example'], null],
  ['nobody: longer, shorter', ['DNS:build-1.example.', 'DNS:build-1', 'URI:spiffe://corp.example/build/x'], null],
  ['nobody: names of objects', ['DNS:constructor', 'DNS:__proto__'], null],
  ['nobody: no name', [], null],
])('a certificate is mapped by %s', (_, names, tenant) => {
  expect(mapping(CLIENTS)(names)?.tenant ?? null).toBe(tenant);
});

test('a certificate is a task of its tenant, admitted once, however many ask at once', async () => {
  const { known, recorded } = desk();
  const all = await Promise.all(Array.from({ length: 20 }, () => known()));
  expect(new Set(all).size).toBe(1);
  expect(await known()).toBe(all[0]);
  expect(all[0]).toMatchObject({ tenant: 'acme', class: 'code', profile: 'code', expiresAt: NOW + HOUR });
  expect(recorded).toMatchObject([
    { type: 'task.admitted', admitted: true, tenant: 'acme', caller: 'cert/build-1.example', kind: 'sandbox' },
  ]);
  expect(recorded[0]?.task).toBe(all[0]?.task);
});

test('two certificates of one name are two tasks', async () => {
  const { known } = desk();
  const [one, other] = [await known(), await known({ fingerprint: 'bb22' })];
  expect(one.task.slice(0, 22)).not.toBe(other.task.slice(0, 22));
  expect(one.pass).not.toBe(other.pass);
});

test('who is mapped to nobody is nobody, and nothing is recorded', async () => {
  const { clients, recorded } = desk();
  expect(await clients.identify(certificate({ names: ['DNS:other.example'] }))).toBeNull();
  expect(recorded).toEqual([]);
});

test.each([
  ['the wall time of its profile', { names: ['URI:spiffe://corp.example/build'] }, 600_000],
  ['an hour', {}, HOUR],
  ['the end of the certificate', { expiresAt: NOW + 90_000 }, null],
] as const)('an admission ends with %s', async (_, over, anewAfter) => {
  const { clients, known, recorded, clock } = desk();
  const first = await known(over);
  clock.at = NOW + (anewAfter ?? 90_000) - 1;
  expect(await known(over)).toBe(first);
  clock.at += 1;
  if (anewAfter === null) {
    expect(first.expiresAt).toBe(NOW + 90_000);
    expect(await clients.identify(certificate(over))).toEqual({ ok: false, error: 'pass_expired' });
    return;
  }
  const next = await known(over);
  expect(next.task).not.toBe(first.task);
  expect(next.task.slice(0, 22)).toBe(first.task.slice(0, 22));
  expect(recorded).toHaveLength(2);
});

test('a certificate one of whose tasks was killed is not admitted again', async () => {
  const { clients, known, state, clock, recorded } = desk();
  const { task } = await known();
  state.controls = controls({ killedTasks: { [`acme/${task}`]: mark(), 'acme/t_1': mark() } });
  clock.at += HOUR;
  expect(await clients.identify(certificate())).toEqual({ ok: false, error: 'task_killed' });
  expect(recorded.at(-1)).toMatchObject({ admitted: false, task, reason: 'task_killed' });
  expect((await known({ fingerprint: 'bb22' })).tenant).toBe('acme');
});

test('a revoked pass stays until it ends, though the wall time of its task is over', async () => {
  const { known, state, clock } = desk();
  const over = { names: ['URI:spiffe://corp.example/build'] };
  const { pass } = await known(over);
  state.controls = controls({ revokedPasses: { [pass]: mark() } });
  clock.at += HOUR - 1;
  expect((await known(over)).pass).toBe(pass);
  clock.at += 1;
  expect((await known(over)).pass).not.toBe(pass);
});

test('a refused admission is no identity, and not asked for at every request', async () => {
  const { clients, recorded, clock } = desk();
  const greedy = certificate({ names: ['DNS:greedy.example'] });
  for (let n = 0; n < 5; n += 1) {
    expect(await clients.identify(greedy)).toEqual({ ok: false, error: 'pass_not_admitted' });
  }
  expect(recorded).toMatchObject([{ admitted: false, tenant: 'acme' }]);
  clock.at += 2000;
  expect(await clients.identify(greedy)).toEqual({ ok: false, error: 'pass_not_admitted' });
  expect(recorded).toHaveLength(2);
});

test('quarantine of the tenant refuses a certificate that was not admitted before', async () => {
  const { clients, state, known, clock } = desk();
  state.controls = controls({ quarantinedTenants: { acme: mark() } });
  expect(await clients.identify(certificate())).toEqual({ ok: false, error: 'tenant_quarantined' });
  state.controls = NO_CONTROLS;
  clock.at += 2000;
  expect((await known()).tenant).toBe('acme');
});

test('nobody is identified before the admission is on record', async () => {
  const { clients, known, state } = desk();
  state.writable = false;
  expect(await clients.identify(certificate())).toEqual({ ok: false, error: 'audit_unavailable' });
  state.writable = true;
  expect((await known()).tenant).toBe('acme');
});
