/** The admin API over real HTTP, on the real appliance: who may do what, and what a browser may not. */

import { readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ROLES, type Role } from '../../src/admin/contract/route.ts';
import { pathOf, ROUTES } from '../../src/admin/contract.ts';
import { type RunningAppliance, startProgram, temporaryDirectory } from '../journey/running-appliance.ts';
import { LETTERS, MAY } from './admin-roles.ts';

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

/** Values for the parameters of every path. */
const SOME = { name: 'news', host: 'example.com', kind: 'category', seq: '0' };

describe('roles', () => {
  it('have a line for every route', () => {
    expect(Object.keys(MAY).toSorted()).toEqual(Object.keys(ROUTES).toSorted());
  });

  /** Whether a role may is judged before what it sends: nothing is changed here. */
  it.each(ROLES)('lets %s do what its line says and nothing else', async (role: Role) => {
    const token = await tokenOf(role);
    const wrong: string[] = [];
    for (const [id, route] of Object.entries(ROUTES)) {
      const letters = MAY[id] ?? '';
      const expected = letters === '*' || letters.includes(LETTERS[role]);
      const ended = new AbortController();
      const answer = await fetch(`${base}${pathOf(route, SOME)}`, {
        method: route.method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(route.method === 'GET' ? {} : { body: '{"nothing":"that a route takes"}' }),
        signal: ended.signal,
      });
      if ((answer.status !== 403) !== expected || answer.status === 401) wrong.push(`${id}: ${answer.status}`);
      ended.abort();
    }
    expect(wrong).toEqual([]);
  });

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
    const unknown = [
      'categories/nwes/block',
      'controls/c_none/undo',
      'controls/p_none/approve',
      'controls/p_none/reject',
    ];
    for (const path of unknown) expect((await call(`/v1/${path}`, admin, { why: 'test' })).status, path).toBe(404);
    const noPass = await call('/v1/passes/t_01/revoke', admin, { why: 'test' });
    expect([noPass.status, await noPass.text()]).toEqual([
      400,
      expect.stringContaining('`t_01` is not the id of a pass'),
    ]);
  });
});

it('a receipt warns of a name that nothing has, and of what was not there to take back; what is done is in force', async () => {
  const act = async (path: string) => {
    const answer = await call(`/v1/${path}`, admin, { why: 'test' });
    expect(answer.status, path).toBe(200);
    return (await answer.json()) as { warning?: string };
  };
  expect(await act('tenants/nobody/release')).toHaveProperty('warning', expect.stringContaining('nothing was taken'));
  expect(await act('hosts/nothing.example/clear')).toHaveProperty(
    'warning',
    expect.stringContaining('nothing was taken'),
  );
  expect(await act('tasks/t_none/kill')).toHaveProperty('warning', expect.stringContaining('no task `t_none` is live'));
  expect(await act('tenants/nobody/quarantine')).toHaveProperty('warning', expect.stringContaining('`nobody`'));
  await call('/v1/passes', admin, { tenant: 'somebody', task: 't_some' });
  for (const path of [
    'tenants/nobody/release',
    'tasks/t_some/kill',
    'tenants/somebody/quarantine',
    'tenants/somebody/release',
  ])
    expect(await act(path), path).not.toHaveProperty('warning');
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

  it('says in its document what it answers, to the key', async () => {
    const document = (await (await call('/openapi.json', null)).json()) as Document;
    const issued = await call('/v1/passes', admin, { tenant: 'acme', why: 'test' });
    expect(issued.status, await issued.clone().text()).toBe(200);
    const { task } = (await issued.json()) as { task: string };
    const names: Readonly<Record<string, string>> = { capabilityShow: 'net.read.public', taskShow: task };
    const told: string[] = [];
    for (const [path, { get }] of Object.entries(document.paths)) {
      const schema = get?.responses['200'].content['application/json']?.schema;
      if (get === undefined || schema === undefined) continue;
      const query = get.operationId === 'ruleFile' ? '?path=dlp%2Fgithub.yaml' : '';
      const params = { ...SOME, name: names[get.operationId] ?? SOME.name };
      const answer = await call(`${pathOf({ path }, params)}${query}`, admin);
      const said = z.fromJSONSchema(schema as never).safeParse(await answer.json());
      const as = said.success ? 'as said' : JSON.stringify(said.error.issues.slice(0, 2));
      told.push(`${get.operationId} ${answer.status} ${as}`);
    }
    // This appliance is of no fleet; what one says is for the tests of fleets.
    expect(told.filter((line) => !/ 200 as said$|^fleetStatus 404 /.test(line))).toEqual([]);
    expect(told.length).toBeGreaterThan(25);
  });

  it('does not let one change undo another that was not seen: what was read is named by its ETag', async () => {
    const read = await call('/v1/categories', admin);
    const seen = read.headers.get('etag') ?? '';
    expect(seen).toMatch(/^"controls-\d+"$/);
    const unblock = (ifMatch: string) =>
      fetch(`${base}/v1/categories/news/unblock`, {
        method: 'POST',
        headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/json', 'if-match': ifMatch },
        body: JSON.stringify({ why: 'test' }),
      });
    await call('/v1/categories/news/block', admin, { why: 'somebody else' });
    expect((await unblock(seen)).status).toBe(412);
    const again = (await call('/v1/categories', admin)).headers.get('etag') ?? '';
    expect((await unblock(again)).status).toBe(200);
    // Of two that saw the same, one is first.
    const both = (await call('/v1/categories', admin)).headers.get('etag') ?? '';
    const raced = await Promise.all([unblock(both), unblock(both)]);
    expect(raced.map(({ status }) => status).toSorted()).toEqual([200, 412]);
  });

  it('keeps tokens as hashes, and lets them end by themselves', async () => {
    const made = await call('/v1/tokens', admin, { name: 'short', role: 'viewer', ttl_ms: 60_000, why: 'test' });
    const { token, expires_at: ends } = (await made.json()) as { token: string; expires_at: number };
    expect(ends).toBeGreaterThan(Date.now());
    const kept = readdirSync(join(appliance.state, 'documents'))
      .filter((name) => name.startsWith('admin-tokens'))
      .map((name) => readFileSync(join(appliance.state, 'documents', name), 'utf8'));
    expect(kept.length).toBeGreaterThan(0);
    for (const text of kept) {
      expect(text).not.toContain(token);
      expect(text).not.toContain(admin);
    }
  });

  it('answers each kind of request with the headers that keep a browser from misusing it', async () => {
    for (const path of ['/v1/status', '/healthz', '/nowhere', '/v1/tokens']) {
      const { headers } = await call(path, null);
      expect(headers.get('x-frame-options'), path).toBe('DENY');
      expect(headers.get('content-security-policy'), path).toContain("frame-ancestors 'none'");
      expect(headers.get('x-content-type-options'), path).toBe('nosniff');
      expect(headers.get('cache-control'), path).toBe('no-store');
      expect(headers.get('access-control-allow-origin'), path).toBeNull();
      expect(headers.get('set-cookie'), path).toBeNull();
    }
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

describe('a body in which a name stands twice', () => {
  const text = (path: string, body: string) =>
    fetch(`${base}${path}`, {
      ...{ method: 'POST', body },
      headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/json' },
    });

  it.each([
    ['as it is', '/v1/hosts/twice.example/allow', '{"why":"test","tenant":"acme","tenant":null}', 'tenant'],
    ['escaped', '/v1/hosts/twice.example/allow', '{"why":"test","tenant":"acme","\\u0074enant":null}', '\\u0074enant'],
    ['below', '/v1/policy/explain', '{"tenant":"a","url":"https://a.example/","more":{"b":1,"b":2}}', 'b'],
  ])('is refused, and nothing is done: %s', async (_what, path, body, name) => {
    const answer = await text(path, body);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      code: 'bad_request',
      detail: expect.stringContaining(`\`${name}\` stands twice`),
    });
    const { changes } = (await (await call('/v1/controls', admin)).json()) as {
      changes: { action: { host?: string } }[];
    };
    expect(changes.filter(({ action }) => action.host === 'twice.example')).toEqual([]);
  });
});

/** Last: it uses up what wrong tokens there may be in a minute. */
describe('without a token', () => {
  it('lets nobody in but where everybody may', async () => {
    const wrong: string[] = [];
    for (const [id, route] of Object.entries(ROUTES)) {
      const body = route.method === 'GET' ? undefined : {};
      const { status } = await call(pathOf(route, SOME), null, body);
      if ((status !== 401) !== (MAY[id] === '*') && status !== 429) wrong.push(`${id}: ${status}`);
    }
    expect(wrong).toEqual([]);
  });
});

interface Document {
  readonly paths: Readonly<
    Record<
      string,
      {
        readonly get?: {
          readonly operationId: string;
          readonly responses: {
            readonly 200: { readonly content: Readonly<Record<string, { readonly schema: object }>> };
          };
        };
      }
    >
  >;
}
