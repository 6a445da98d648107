/** Callers by client certificate: the common name is the caller, the organisation its tenant. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestGateway, testGateway } from './fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'locktender-mtls-'));
const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
const pem = (name: string) => readFileSync(join(folder, name), 'utf8');
const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];

function authority(name: string): void {
  openssl('req', '-x509', ...EC, '-keyout', `${name}.key`, '-out', `${name}.pem`, '-subj', `/CN=${name}`);
}

function leaf(name: string, subject: string, by: string): void {
  const from = ['-CA', `${by}.pem`, '-CAkey', `${by}.key`, '-addext', 'subjectAltName=IP:127.0.0.1'];
  openssl('req', '-x509', ...EC, '-keyout', `${name}.key`, '-out', `${name}.pem`, '-subj', subject, ...from);
}

let at: TestGateway;
beforeAll(async () => {
  authority('ours');
  authority('theirs');
  leaf('server', '/CN=gateway', 'ours');
  leaf('agent', '/O=acme/CN=agent-7', 'ours');
  leaf('namesake', '/O=globex/CN=agent-7', 'ours');
  leaf('cousin', '/O=acme/CN=agent-7 nightly', 'ours');
  leaf('nobody', '/CN=agent-8', 'ours');
  leaf('stranger', '/O=acme/CN=agent-7', 'theirs');
  at = await testGateway({ tls: { cert: pem('server.pem'), key: pem('server.key'), clientCa: pem('ours.pem') } });
});
afterAll(async () => {
  await at.close();
  rmSync(folder, { recursive: true });
});

function submit(
  who: string | null,
  body: object,
  more: Record<string, string> = {},
): Promise<{ status: number; body: Record<string, unknown> }> {
  const own = who === null ? {} : { cert: pem(`${who}.pem`), key: pem(`${who}.key`) };
  return new Promise((resolve, reject) => {
    const options = {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...more },
      ca: pem('ours.pem'),
      agent: false,
    };
    const sent = request(`${at.gateway.url}/v1/tasks`, { ...options, ...own }, async (response) => {
      let text = '';
      for await (const piece of response) text += String(piece);
      resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as Record<string, unknown> });
    });
    sent.once('error', reject);
    sent.end(JSON.stringify(body));
  });
}

const order = { class: 'strict', code: 'export default () => 1;' };

test('a certificate of the configured authority names caller and tenant', async () => {
  expect(await submit('agent', order)).toMatchObject({ status: 200, body: { tenant: 'acme', result: 1 } });
  const admitted = at.recorded.findLast((event) => event.type === 'task.admitted');
  expect(admitted).toMatchObject({ caller: 'cert/agent-7', tenant: 'acme' });
});

test('callers of two tenants that have one name are two: neither is given what the other asked for', async () => {
  const key = { 'idempotency-key': 'nightly' };
  expect(await submit('agent', order, key)).toMatchObject({ status: 200, body: { tenant: 'acme' } });
  expect(await submit('namesake', order, key)).toMatchObject({ status: 200, body: { tenant: 'globex' } });
});

test('a name and a key are told from another name and key that are spelt alike together', async () => {
  const [one, other] = [
    await submit('agent', order, { 'idempotency-key': 'nightly build' }),
    await submit('cousin', order, { 'idempotency-key': 'build' }),
  ];
  expect([one.status, other.status]).toEqual([200, 200]);
  expect(other.body['task']).not.toBe(one.body['task']);
});

test('it speaks for its own tenant only', async () => {
  expect(await submit('agent', { ...order, tenant: 'other' })).toMatchObject({
    status: 403,
    body: { code: 'wrong_tenant' },
  });
});

test.each([
  ['no certificate', null],
  ['one that names no tenant', 'nobody'],
  ['one of another authority', 'stranger'],
])('%s is nobody', async (_what, who) => {
  expect(await submit(who, order)).toMatchObject({ status: 401, body: { code: 'not_authenticated' } });
});
