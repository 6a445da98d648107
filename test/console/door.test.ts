/** The admin door by itself, over real HTTP: links, streams that resume, lanes and rates of their own, files. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { execute, type RunningAppliance, startProgram, temporaryDirectory } from '../journey/running-appliance.ts';
import { sandboxShell } from './browser.ts';

const directory = temporaryDirectory();
let appliance: RunningAppliance;
let base = '';
let admin = '';

beforeAll(async () => {
  appliance = await startProgram(join(directory.path, 'state'), ['--set', 'admin.requests_per_minute=20']);
  base = `http://${appliance.door('admin API')}`;
  admin = readFileSync(join(appliance.state, 'admin-token'), 'utf8').trim();
}, 60_000);

afterAll(async () => {
  await appliance?.stop();
  directory.remove();
});

function call(
  path: string,
  { token = admin, body, headers = {} }: { token?: string; body?: unknown; headers?: Record<string, string> } = {},
) {
  return fetch(`${base}${path}`, {
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
}

async function tokenOf(role: string): Promise<string> {
  const made = await call('/v1/tokens', { body: { name: `${role}-${Math.random()}`, role, why: 'test' } });
  return ((await made.json()) as { token: string }).token;
}

/** Sequence numbers of the first events that a stream brings. */
async function firstOf(path: string, many: number, headers: Record<string, string> = {}): Promise<number[]> {
  const ended = new AbortController();
  const stream = await fetch(`${base}${path}`, {
    headers: { authorization: `Bearer ${await tokenOf('auditor')}`, ...headers },
    signal: ended.signal,
  });
  let text = '';
  let found: number[] = [];
  for await (const chunk of stream.body ?? []) {
    text += Buffer.from(chunk).toString('utf8');
    found = [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
    if (found.length >= many) break;
  }
  ended.abort();
  return found.slice(0, many);
}

describe('the admin door', () => {
  it('T-83 serves the console to a link from elsewhere, and the API to nobody from elsewhere', async () => {
    const foreign = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    const page = await call('/console?q=tenant%3Aacme', { headers: foreign });
    expect([page.status, page.headers.get('x-frame-options')]).toEqual([200, 'DENY']);
    expect((await call('/v1/status', { headers: foreign })).status).toBe(403);
    const preflight = await fetch(`${base}/v1/status`, {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.test', 'access-control-request-method': 'GET' },
    });
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([403, null]);
    const form = await fetch(`${base}/v1/categories/news/block`, {
      method: 'POST',
      headers: { authorization: `Bearer ${admin}`, 'content-type': 'text/plain' },
      body: '{"why":"csrf"}',
    });
    expect(form.status).toBe(415);
  });

  it('T-83 is no destination of a sandbox, by any of its names, even where a host is allowed', async () => {
    const shell = await sandboxShell(appliance, 'acme');
    const port = new URL(base).port;
    await call('/v1/hosts/localhost/allow', { body: { why: 'by mistake' } });
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '0.0.0.0', '127.1']) {
      const asked = await execute(
        ['curl', '-sS', '-i', '--max-time', '10', '--noproxy', '', `http://${host}:${port}/healthz`],
        { env: shell },
      );
      expect(asked.stdout, host).toMatch(/^HTTP\/1\.1 (400|403|502)/);
      expect(asked.stdout, host).not.toContain('"ok":true');
    }
    await call('/v1/hosts/localhost/clear', { body: { why: 'mended' } });
  });

  it('resumes a stream behind the last event that was seen, without a gap and without a repeat', async () => {
    const whole = await firstOf('/v1/audit/tail?after=-1', 8);
    expect(whole).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(await firstOf('/v1/audit/tail', 5, { 'last-event-id': '2' })).toEqual([3, 4, 5, 6, 7]);
  });

  it('ends a stream when its token ends', { timeout: 30_000 }, async () => {
    const made = await call('/v1/tokens', { body: { name: 'short', role: 'auditor', why: 'test' } });
    const { id, token } = (await made.json()) as { id: string; token: string };
    const stream = await fetch(`${base}/v1/audit/tail`, { headers: { authorization: `Bearer ${token}` } });
    await call(`/v1/tokens/${id}/revoke`, { body: { why: 'over' } });
    const drain = async () => {
      for await (const chunk of stream.body ?? []) void chunk;
    };
    await expect(drain()).rejects.toThrow();
  });

  it('has a rate for changes that pages which poll cannot use up', async () => {
    const token = await tokenOf('operator');
    const reads = await Promise.all(Array.from({ length: 30 }, () => call('/v1/status', { token })));
    const late = reads.find(({ status }) => status === 429);
    expect(Number(late?.headers.get('retry-after'))).toBeGreaterThan(0);
    const cut = await call('/v1/categories/gambling/block', { token, body: { why: 'now' } });
    expect(cut.status).toBe(200);
  });

  it('lets a cut pass what takes its time', async () => {
    const [slow, quick] = [await tokenOf('security'), await tokenOf('operator')];
    const order: string[] = [];
    const reloads = Array.from({ length: 4 }, (_, i) =>
      call('/v1/rules/reload', { token: slow, body: { why: `edit ${i}` } }).then(() => order.push('reload')),
    );
    const cut = call('/v1/tenants/globex/quarantine', { token: quick, body: { why: 'now' } }).then(() =>
      order.push('cut'),
    );
    await Promise.all([...reloads, cut]);
    expect(order.indexOf('cut')).toBeLessThan(3);
    await call('/v1/tenants/globex/release', { token: quick, body: { why: 'over' } });
  });

  it('exports what verifies, in each format, and from where it is asked', async () => {
    const token = await tokenOf('auditor');
    const get = async (query: string) => (await call(`/v1/audit/export${query}`, { token })).text();
    const file = join(directory.path, 'record.jsonl');
    writeFileSync(file, await get(''));
    const verified = await appliance.cli('audit', 'verify', file);
    expect([verified.code, verified.stdout]).toEqual([0, expect.stringContaining('lead to the signed checkpoint')]);
    const part = (await get('?from=1&to=2')).trimEnd().split('\n');
    expect(part).toHaveLength(3);
    expect(JSON.parse(part[0] ?? '')).toMatchObject({ export: { first: 1, end: 3 } });
    expect((await get('?from=1&to=2&proof=never')).trimEnd().split('\n')).toEqual(part.slice(1));
    expect(JSON.parse(await get('?format=ocsf&proof=always'))).toMatchObject({
      ...{ status: 400, detail: expect.stringMatching(/^query `proof`: `always` is for `format=jsonl`/) },
    });
    const cloud = JSON.parse((await get('?format=cloudevents&from=0&to=0')).trim()) as object;
    expect(cloud).toMatchObject({ specversion: '1.0', sequence: '0000000000000000' });
    const ocsf = JSON.parse((await get('?format=ocsf&from=0&to=0')).trim()) as object;
    expect(ocsf).toHaveProperty('class_uid');
    expect((await call('/v1/audit/export', { token: await tokenOf('viewer') })).status).toBe(403);
  });

  it('says of every change by whom, on what and why', async () => {
    await call('/v1/categories/gambling/unblock', { body: { why: 'a reason to find again' } });
    const answer = await call('/v1/audit?type=admin.access&limit=1', { token: await tokenOf('auditor') });
    const { events } = (await answer.json()) as { events: { event: object }[] };
    // The token was made after it: its making stands first.
    const again = await call('/v1/audit?type=admin.access&limit=5', { token: await tokenOf('auditor') });
    expect(events[0]?.event).toMatchObject({ actor: 'local', route: '/v1/tokens', why: 'test' });
    const found = ((await again.json()) as { events: { event: object }[] }).events.map(({ event }) => event);
    expect(found).toContainEqual(
      expect.objectContaining({ on: 'gambling', why: 'a reason to find again', status: 200 }),
    );
  });

  it('T-83 records a change that a role may not make, and who tried it', async () => {
    const { status } = await call('/v1/categories/news/block', {
      token: await tokenOf('viewer'),
      body: { why: 'test' },
    });
    expect(status).toBe(403);
    const answer = await call('/v1/audit?type=admin.access&limit=5', { token: await tokenOf('auditor') });
    const { events } = (await answer.json()) as { events: { event: object }[] };
    const tried = { route: '/v1/categories/{name}/block', status: 403, actor: expect.stringMatching(/^viewer-/) };
    expect(events.map(({ event }) => event)).toContainEqual(expect.objectContaining(tried));
  });
});
