import { brotliCompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DEV_KEY, type TestGateway, testGateway } from './fixture.ts';

const PAT = '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';

let at: TestGateway;
beforeAll(async () => {
  at = await testGateway({}, { hosts: 1 });
});
afterAll(() => at.close());
beforeEach(() => {
  at.recorded.length = 0;
});

const send = async (path: string, body: string | Buffer<ArrayBuffer>, headers: object = JSON_TYPE) => {
  const authorization = `Bearer ${DEV_KEY}`;
  const response = await fetch(`${at.gateway.url}${path}`, {
    method: 'POST',
    headers: { authorization, ...headers },
    body,
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, bytes, text: bytes.toString() };
};
const JSON_TYPE = { 'content-type': 'application/json' };
const until = async (holds: () => boolean) => {
  while (!holds()) await new Promise((r) => setTimeout(r, 5));
};

describe('POST /v1/guard', () => {
  test('answers JSON with the verdict and what is left', async () => {
    const { body } = await at.call('/v1/guard', { body: { json: { a: PAT, b: 1 } } });
    expect(body).toMatchObject({ action: 'redact', findings: [{ rule: 'github-pat' }], json: { b: 1 } });
    expect(JSON.stringify(body)).not.toContain(PAT);
    expect(at.recorded).toMatchObject([{ type: 'guard.verdict', direction: 'result', action: 'redact' }]);
  });

  test('JSON comes back digit by digit, but for what was found', async () => {
    const sent = `{ "id": 12345678901234567890, "f": 1.0, "__proto__": {"a": 1e400}, "t": "${PAT}" }`;
    const body = `{"json": ${sent}}`;
    expect((await send('/v1/guard', body)).status).toBe(400);
    const whole = body.replace('1e400', '1e40');
    const { text } = await send('/v1/guard', whole);
    expect(text).toContain('"json":{ "id": 12345678901234567890, "f": 1.0, "__proto__": {"a": 1e40}, "t": "');
    expect(text).not.toContain(PAT);
  });

  test.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
  ])('looks into a body in %s, and gives it back so', async (coding, pack) => {
    // Undone by `fetch`, as the header says.
    const { headers, text } = await send('/v1/guard', pack(`before ${PAT} after`), {
      'content-type': 'text/plain',
      'content-encoding': coding,
    });
    expect(headers.get('content-encoding')).toBe(coding);
    expect(text).toMatch(/^before \[.*\] after$/);
    const unsaid = await send('/v1/guard', gzipSync(`before ${PAT} after`), { 'content-type': 'application/gzip' });
    expect(gunzipSync(unsaid.bytes).toString()).not.toContain(PAT);
  });

  test('a setting counts in the query and in the body, and is refused in both, twice or misspelt', async () => {
    const json = (query: string, more = '') => send(`/v1/guard${query}`, `{"text":"${PAT}"${more}}`);
    expect(JSON.parse((await json('?direction=request')).text)).toMatchObject({ action: 'block' });
    const plain = (query: string) => send(`/v1/guard${query}`, PAT, { 'content-type': 'text/plain' });
    const statuses = [
      await json('?direction=request', ',"direction":"result"'),
      await json('?directon=request'),
      await plain('?directon=request'),
      await plain('?direction=request&direction=result'),
    ].map(({ status }) => status);
    expect(statuses).toEqual([400, 400, 400, 400]);
  });

  test('what went out before its caller left is on record', async () => {
    const leave = new AbortController();
    const body = new ReadableStream({
      start: (to) => to.enqueue(new TextEncoder().encode(`${'words '.repeat(50_000)}\n`)),
    });
    const response = await fetch(`${at.gateway.url}/v1/guard`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain', authorization: `Bearer ${DEV_KEY}` },
      body,
      duplex: 'half',
      signal: leave.signal,
    });
    expect(response.status).toBe(200);
    leave.abort();
    await until(() => at.recorded.length > 0);
    expect(at.recorded).toMatchObject([{ type: 'guard.verdict', action: 'pass' }]);
  });

  test('filters a stream, and blocks what may not leave', async () => {
    const plain = (query: string) => send(`/v1/guard${query}`, `before ${PAT} after`, { 'content-type': 'text/plain' });
    const redacted = (await plain('')).text;
    expect(redacted).toMatch(/^before .* after$/);
    expect(redacted).not.toContain(PAT);
    const blocked = await plain('?direction=request');
    expect(blocked.status).toBe(403);
    const detail = expect.stringContaining('github-pat');
    expect(JSON.parse(blocked.text)).toMatchObject({ code: 'guard_blocked', detail });
  });

  test('T-34 says of what could not be looked at that it was not read', async () => {
    const text = gzipSync(Buffer.alloc(12 << 20)).toString('base64');
    const { body } = await at.call('/v1/guard', { body: { text } });
    expect(body).toEqual({ action: 'block', findings: [], more: 0, unread: true });
    const streamed = await send('/v1/guard', text, { 'content-type': 'text/plain' });
    expect(streamed.status).toBe(403);
    expect(JSON.parse(streamed.text)).toMatchObject({ code: 'guard_unscannable' });
  });
});
