import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { GatewayProblem, gatewayClient } from './client.ts';

let server: Server;
let url = '';
const seen: { method: string; path: string; token: string; key: string | undefined; body: unknown }[] = [];

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = [];
  for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
  return pieces.length > 0 ? JSON.parse(Buffer.concat(pieces).toString()) : null;
}

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const { method = '', url: path = '', headers } = request;
    const key = headers['idempotency-key'] as string | undefined;
    seen.push({ method, path, token: headers.authorization ?? '', key, body: await bodyOf(request) });
    if (path.endsWith('/none')) response.writeHead(404, { 'content-type': 'application/problem+json' });
    response.end(
      JSON.stringify(path.endsWith('/none') ? { code: 'not_found', detail: 'no task', task: 'none' } : { ok: 1 }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());

test('makes the calls of the API, with a fresh token each', async () => {
  const client = gatewayClient({ url, token: () => `t${seen.length + 1}` });
  await client.runTask({ code: 'export default () => 1' }, { idempotencyKey: 'k' });
  await client.task('a/b');
  await client.killTask('x');
  await client.issuePass({ class: 'code' });
  await client.guard({ text: 'x' });
  expect(seen.map(({ method, path, token }) => `${method} ${path} ${token}`)).toEqual([
    'POST /v1/tasks Bearer t1',
    'GET /v1/tasks/a%2Fb Bearer t2',
    'DELETE /v1/tasks/x Bearer t3',
    'POST /v1/passes Bearer t4',
    'POST /v1/guard Bearer t5',
  ]);
  expect(seen[0]).toMatchObject({ key: 'k', body: { code: 'export default () => 1' } });
});

test('a path before the API is kept, and a fault in a stream has the status of its own', async () => {
  const asked: string[] = [];
  const answer = 'event: fault\ndata: {"status":503,"code":"audit_unavailable","detail":"no"}\n\n';
  const fetched = async (to: string | URL | Request) => {
    asked.push(String(to));
    return new Response(answer);
  };
  const client = gatewayClient({ url: 'https://gate.example/lock/', token: 't', fetch: fetched });
  const problem = await client
    .streamTask({ code: 'x' })
    .next()
    .catch((error: unknown) => error);
  expect(problem).toMatchObject({ status: 503, code: 'audit_unavailable', message: 'no' });
  expect(asked).toEqual(['https://gate.example/lock/v1/tasks']);
});

test('a refusal is an error with its code', async () => {
  const client = gatewayClient({ url, token: 't' });
  const problem = await client.task('none').catch((error: unknown) => error);
  expect(problem).toBeInstanceOf(GatewayProblem);
  expect(problem).toMatchObject({ status: 404, code: 'not_found', task: 'none', message: 'no task' });
});
