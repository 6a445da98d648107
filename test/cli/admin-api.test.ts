/** The admin API over real HTTP, on the real appliance: who may do what, and what a browser may not. */

import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningAppliance, startProgram, temporaryDirectory } from '../journey/running-appliance.ts';

const directory = temporaryDirectory();
let appliance: RunningAppliance;
let base = '';
let admin = '';

beforeAll(async () => {
  appliance = await startProgram(join(directory.path, 'state'));
  base = `http://${appliance.door('admin API').replace(/^https?:\/\//, '')}`;
  admin = readFileSync(join(appliance.state, 'admin-token'), 'utf8').trim();
}, 60_000);
afterAll(async () => {
  await appliance?.stop();
  directory.remove();
});

const call = (path: string, token: string | null, body?: unknown): Promise<Response> =>
  fetch(`${base}${path}`, {
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });

async function tokenOf(role: string): Promise<string> {
  const made = await call('/v1/tokens', admin, { name: role, role, why: 'test' });
  return ((await made.json()) as { token: string }).token;
}

describe('roles', () => {
  const block = '/v1/categories/news/block';
  it.each([
    ['viewer', block, 403],
    ['auditor', block, 403],
    ['operator', block, 200],
    ['operator', '/v1/capabilities/net.read.public/revoke', 403],
    ['security', '/v1/capabilities/net.write.approved-domains/revoke', 200],
  ])('answers %s at %s with %i', async (role, path, status) => {
    expect((await call(path, await tokenOf(role), { why: 'test' })).status).toBe(status);
  });

  it('refuses no token and a wrong one, with the same problem document', async () => {
    for (const token of [null, 'lta_wrong']) {
      const answer = await call('/v1/status', token);
      expect(answer.status).toBe(401);
      expect(await answer.json()).toMatchObject({ code: 'not_authenticated' });
    }
  });

  it('refuses a change without a reason, and a name that nothing has', async () => {
    expect((await call(block, admin, {})).status).toBe(400);
    expect((await call('/v1/categories/nwes/block', admin, { why: 'test' })).status).toBe(404);
  });
});

describe('the door', () => {
  it.each(['/healthz', '/readyz', '/metrics', '/openapi.json', '/ca.pem'])(
    'answers %s without a token',
    async (path) => {
      expect((await call(path, null)).status).toBe(200);
    },
  );

  it('T-83 refuses a rebound host name and a page of another site', async () => {
    const url = new URL('/v1/status', base);
    const codeFor = (headers: Record<string, string>) =>
      new Promise<unknown>((resolve, reject) => {
        const asked = request(url, { headers: { authorization: `Bearer ${admin}`, ...headers } }, async (answer) => {
          resolve(JSON.parse(Buffer.concat(await answer.toArray()).toString('utf8')).code);
        });
        asked.once('error', reject).end();
      });
    expect(await codeFor({ host: 'attacker.example' })).toBe('foreign_host');
    expect(await codeFor({ origin: 'https://attacker.example' })).toBe('foreign_origin');
  });

  it('streams a change as an event, recorded with who and why', async () => {
    const ended = new AbortController();
    const stream = await fetch(`${base}/v1/audit/tail`, {
      headers: { authorization: `Bearer ${admin}` },
      signal: ended.signal,
    });
    await call('/v1/tenants/globex/quarantine', admin, { why: 'streamed' });
    let text = '';
    for await (const chunk of stream.body ?? []) {
      text += Buffer.from(chunk).toString('utf8');
      if (/event: control\.changed\ndata: .*\n\n/.test(text)) break;
    }
    ended.abort();
    expect(text).toContain('streamed');
  });
});
