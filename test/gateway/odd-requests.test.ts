import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DEV_KEY, type TestGateway, testGateway } from './fixture.ts';

const JSON_TYPE = { 'content-type': 'application/json' };

let at: TestGateway;
beforeAll(async () => {
  at = await testGateway({}, { hosts: 1 });
});
afterAll(() => at.close());

const submit = (body: object, headers = {}) => at.call('/v1/tasks', { body, headers });

describe('requests that are odd', () => {
  const raw = (path: string, init: RequestInit) =>
    fetch(at.gateway.url + path, { ...init, headers: { authorization: `Bearer ${DEV_KEY}`, ...init.headers } });

  test.each([
    ['GET', '/v1/tasks', 'POST'],
    ['PUT', '/v1/tasks/some', 'GET, HEAD, DELETE'],
    ['POST', '/openapi.json', 'GET, HEAD'],
  ])('%s of %s is 405, and told what may be', async (method, path, allow) => {
    const response = await raw(path, { method });
    expect([response.status, response.headers.get('allow')]).toEqual([405, allow]);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
  });

  test.each([
    ['text that is not UTF-8', { body: Buffer.from('{"code":"\xff"}', 'latin1'), headers: JSON_TYPE }, 400],
    ['an encoded body', { body: '{"code":"1"}', headers: { ...JSON_TYPE, 'content-encoding': 'gzip' } }, 415],
    [
      'text nested deep',
      { body: `{"code":"1","input":${'['.repeat(20_000)}${']'.repeat(20_000)}}`, headers: JSON_TYPE },
      400,
    ],
    ['a name that stands twice', { body: '{"class":"strict","code":"1","class":"trusted"}', headers: JSON_TYPE }, 400],
    ['a name twice in an input', { body: '{"code":"1","input":{"a":1,"\\u0061":2}}', headers: JSON_TYPE }, 400],
    [
      'a setting of the guard twice',
      { body: '{"text":"a","direction":"request","direction":"result"}', headers: JSON_TYPE, path: '/v1/guard' },
      400,
    ],
    [
      'JSON of a tool with a name twice',
      { body: '{"json":{"a":1,"a":2}}', headers: JSON_TYPE, path: '/v1/guard' },
      200,
    ],
    ['an unknown key of the guard', { body: '{"text":"a","colour":1}', headers: JSON_TYPE, path: '/v1/guard' }, 400],
    ['a path with no id', { body: '{}', headers: JSON_TYPE, path: '/v1/tasks/' }, 404],
  ])(
    '%s is answered as it should be',
    async (_what, { path = '/v1/tasks', ...init }: { path?: string } & RequestInit, status) => {
      expect((await raw(path, { method: 'POST', ...init })).status).toBe(status);
    },
  );

  test.each([
    ['no HTTP', 'NOT HTTP\r\n\r\n', 400],
    ['a head that is too large', `GET / HTTP/1.1\r\nHost: g\r\nX: ${'a'.repeat(40_000)}\r\n\r\n`, 431],
  ])('%s is answered with a problem too', async (_what, text, status) => {
    const { hostname, port } = new URL(at.gateway.url);
    const socket = connect(Number(port), hostname, () => socket.write(text));
    const answer = Buffer.concat(await socket.toArray()).toString();
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} .*\r\ncontent-type: application/problem\\+json\r\n`));
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({ status });
  });

  test('a body that was refused does not hold its connection', async () => {
    const { hostname, port } = new URL(at.gateway.url);
    const head = [
      ...['POST /v1/tasks HTTP/1.1', 'Host: g', `Authorization: Bearer ${DEV_KEY}`],
      ...['Content-Type: application/json', 'Content-Length: 900000000'],
    ];
    const socket = connect(Number(port), hostname, () => socket.write(`${head.join('\r\n')}\r\n\r\n{"a":`));
    // It goes on sending, as an upload does, until the connection is gone.
    const sending = setInterval(() => socket.write('1'.repeat(1000)), 20);
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
    });
    socket.on('error', () => undefined);
    await new Promise((resolve) => socket.once('close', resolve));
    clearInterval(sending);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });

  test('HEAD is GET without its body', async () => {
    const response = await raw('/openapi.json', { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([200, '']);
    expect((await raw('/v1/tasks/none', { method: 'HEAD' })).status).toBe(404);
  });

  test('a key asked for again as a stream runs once, and our own trouble is not remembered', async () => {
    const order = {
      body: { code: 'export default () => Math.random();', stream: true },
      headers: { 'idempotency-key': 'k-2' },
    };
    const ask = async () =>
      /"result":(0\.\d+)/.exec(
        await (
          await raw('/v1/tasks', {
            method: 'POST',
            headers: { ...JSON_TYPE, ...order.headers },
            body: JSON.stringify(order.body),
          })
        ).text(),
      )?.[1];
    const first = await ask();
    expect(first).toBeDefined();
    expect(await ask()).toBe(first);
    at.record.broken = true;
    const broken = await submit({ code: 'export default () => 1;' }, { 'idempotency-key': 'k-3' });
    at.record.broken = false;
    const again = await submit({ code: 'export default () => 1;' }, { 'idempotency-key': 'k-3' });
    expect([broken.status, again.status]).toEqual([503, 200]);
  });
});

test('publishes the OpenAPI document of its own schemas', async () => {
  const { body } = await at.call('/openapi.json', { token: null });
  expect(body['openapi']).toBe('3.1.0');
  const page = await fetch(`${at.gateway.url}/docs`);
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(await page.text()).toMatch(/<code>POST \/v1\/tasks<\/code>[\s\S]*<code>DELETE \/v1\/tasks\/\{id\}<\/code>/);
  const refs = JSON.stringify(body).matchAll(/"\$ref":"#\/([^"]*)"/g);
  const found = (ref: string) =>
    ref.split('/').reduce<unknown>((at, name) => (at as Record<string, unknown>)?.[name], body);
  const lost = [...refs].flatMap(([, ref = '']) => (found(ref) === undefined ? [ref] : []));
  expect(lost).toEqual([]);
  expect(Object.keys(body['paths'] as object)).toEqual(['/v1/tasks', '/v1/tasks/{id}', '/v1/passes', '/v1/guard']);
});
