/** Tools at an MCP server, over its real protocol. */

import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { EgressRequest } from '../../src/core/ports.ts';
import { ok } from '../../src/core/result.ts';
import { parseTools, type Tool } from '../../src/gateway/tool-file.ts';
import { type TestGateway, testGateway } from './fixture.ts';
import { type McpServer, mcpServer } from './mcp-server.ts';

const PAT = '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';

let at: TestGateway;
let server: McpServer;
let tools: ReadonlyMap<string, Tool> = new Map();
/** Method of each request that left, and whether it was said to be a message to a read-only tool. */
const left: (readonly [string, boolean | undefined])[] = [];

beforeAll(async () => {
  const egress = {
    fetch: async (_principal: unknown, { url, method, headers, body, signal, readOnlyTool }: EgressRequest) => {
      left.push([method, readOnlyTool]);
      const pieces: Uint8Array[] = [];
      for await (const piece of body ?? []) pieces.push(piece);
      const sent = body === null ? {} : { body: Buffer.concat(pieces) };
      const answer = await fetch(url, {
        method,
        headers: headers.map(([n, v]): [string, string] => [n, v]),
        signal,
        ...sent,
      });
      const stream = (answer.body ?? []) as AsyncIterable<Uint8Array>;
      return ok({ status: answer.status, headers: [...answer.headers], body: stream, decision: `d_${method}` });
    },
  };
  at = await testGateway({}, { egress, tools: () => tools });
});
afterAll(() => at.close());
afterEach(() => server.close());

async function serve(style: 'json' | 'stream', answer: (args: unknown) => object, readOnly = true): Promise<void> {
  server = await mcpServer(style, answer);
  const text = `version: 1
name: billing-readonly
description: Reads invoices.
kind: mcp
url: ${server.url}
remote_name: invoices
read_only: ${readOnly}
args: { type: object, properties: { customer: { type: string } }, required: [customer] }
`;
  const parsed = parseTools([{ path: 'tools/billing.yaml', text }]);
  if (!parsed.ok) throw new Error('the tool does not parse');
  tools = parsed.value;
}

const run = async (code: string) =>
  (
    await at.call('/v1/tasks', {
      body: { class: 'internal-data', code: `export default async (input, env) => { ${code} };` },
    })
  ).body;

describe.each(['json', 'stream'] as const)('an MCP server that answers by %s', (style) => {
  test('is greeted once, asked twice, and left when the task is over', async () => {
    await serve(style, (params) => ({ structuredContent: { asked: params } }));
    const report = await run(
      "const ask = (customer) => env.tools.billingReadonly({ customer }); return [await ask('a'), await ask('b')];",
    );
    expect(report['result']).toEqual([
      { asked: { name: 'invoices', arguments: { customer: 'a' } } },
      { asked: { name: 'invoices', arguments: { customer: 'b' } } },
    ]);
    await vi.waitFor(() => expect(server.sessions.size).toBe(0));
    expect(server.heard).toEqual(['initialize', 'notifications/initialized', 'tools/call', 'tools/call', 'DELETE']);
  });

  test('has its answers guarded', async () => {
    await serve(style, () => ({ content: [{ type: 'text', text: `use ${PAT}` }] }));
    const report = await run("return env.tools.billingReadonly({ customer: 'a' });");
    expect(report['result']).toMatchObject([{ type: 'text' }]);
    expect(JSON.stringify(report)).not.toContain(PAT);
  });

  test('may say that the tool failed, or forget the session', async () => {
    let calls = 0;
    await serve(style, () => {
      calls += 1;
      return calls === 1 ? { isError: true, content: [{ type: 'text', text: 'no such customer' }] } : { content: [] };
    });
    const code = `const ask = () => env.tools.billingReadonly({ customer: 'a' }).catch((e) => [e.code, e.message]);
      const first = await ask(); await new Promise((r) => setTimeout(r, 150));
      return [first, await ask()];`;
    const running = run(code);
    await vi.waitFor(() => expect(calls).toBe(1));
    server.sessions.clear();
    const report = await running;
    expect(report['result']).toEqual([['tool_failed', 'no such customer'], []]);
    expect(server.heard.filter((method) => method === 'initialize')).toHaveLength(2);
  });
});

test.each([true, false])(
  'messages to a tool say that it is read-only when it is (%s); requests of tool code never do',
  async (readOnly) => {
    await serve('json', () => ({ content: [] }), readOnly);
    left.length = 0;
    await run(
      `await env.tools.billingReadonly({ customer: 'a' });
     await fetch('${server.url}', { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' }, readOnlyTool: true });`,
    );
    await vi.waitFor(() => expect(left).toHaveLength(5));
    const messages = ['POST', 'POST', 'POST'].map((method) => [method, readOnly]);
    expect(left).toEqual([...messages, ['POST', undefined], ['DELETE', readOnly]]);
  },
);

test('the first use of a capability is a decision in the record, and a refusal names its own', async () => {
  await serve('json', () => ({ content: [] }));
  const before = at.recorded.length;
  const report = await run(
    "for (let i = 0; i < 5; i += 1) await env.storage.session.get('k'); return env.tools.billingReadonly({ customer: 'a' });",
  );
  const decisions = at.recorded.slice(before).filter((event) => event.type === 'decision');
  expect(decisions.map((event) => [event.capability, event.effect, event.reason, event.detail])).toEqual([
    ['storage.read.session', 'allow', 'capability_grants', 'storage'],
    ['tool.invoke.billing-readonly', 'allow', 'capability_grants', 'tool'],
  ]);
  expect(report['decisions']).toEqual(expect.arrayContaining(decisions.map((event) => event.id)));
  const code = "try { await env.storage.session.get('k'); } catch (e) { return [e.code, e.decision]; }";
  const refused = (
    await at.call('/v1/tasks', {
      body: { class: 'strict', code: `export default async (input, env) => { ${code} };` },
    })
  ).body;
  const last = at.recorded.findLast((event) => event.type === 'decision');
  expect(refused['result']).toEqual(['default_deny', last?.id]);
  expect(last).toMatchObject({ effect: 'deny', reason: 'default_deny', capability: 'storage.read.session' });
});
