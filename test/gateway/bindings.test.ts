import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EgressRequest } from '../../src/core/ports.ts';
import { ok } from '../../src/core/result.ts';
import { parseTools } from '../../src/gateway/tool-file.ts';
import { ValueStore } from '../../src/isolates/bindings/value-store.ts';
import { type TestGateway, testGateway } from './fixture.ts';

const PAT = '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';
const TOOL = `version: 1
name: billing-readonly
description: Reads invoices.
url: https://billing.example/invoices
read_only: true
args:
  type: object
  properties: { customer: { type: string } }
  required: [customer]
  additionalProperties: false
`;

let at: TestGateway;
const asked: EgressRequest[] = [];
const answers = new Map<string, string>();

beforeAll(async () => {
  const tools = parseTools([{ path: 'tools/billing.yaml', text: TOOL }]);
  if (!tools.ok) throw new Error('the tool does not parse');
  const egress = {
    fetch: async (_principal: unknown, request: EgressRequest) => {
      asked.push(request);
      const text = answers.get(new URL(request.url).pathname) ?? '{}';
      const body = (async function* () {
        yield Buffer.from(text);
      })();
      return ok({ status: 200, headers: [], body, decision: 'd_7' });
    },
  };
  at = await testGateway({}, { egress, tools: () => tools.value });
});
afterAll(() => at.close());

const run = async (of: string, code: string, tenant = 'acme') =>
  (
    await at.call('/v1/tasks', {
      body: { class: of, tenant, code: `export default async (input, env) => { ${code} };` },
    })
  ).body;

describe('env.storage', () => {
  test('keeps session values from task to task of one tenant, and no other', async () => {
    await run(
      'internal-data',
      "await env.storage.session.put('k', { a: [1] }); await env.storage.session.put('k2', 2);",
    );
    const read = "return [await env.storage.session.get('k'), await env.storage.session.list('k')];";
    expect(await run('internal-data', read)).toMatchObject({ result: [{ a: [1] }, ['k', 'k2']] });
    expect(await run('internal-data', read, 'other')).toMatchObject({ result: [null, []] });
  });

  test('loses ephemeral values with the task', async () => {
    const put = "await env.storage.ephemeral.put('e', 1); return env.storage.ephemeral.get('e');";
    expect(await run('strict', put)).toMatchObject({ result: 1 });
    expect(await run('strict', "return env.storage.ephemeral.get('e');")).toMatchObject({ result: null });
  });

  test('denies what the task holds no capability for, with the reason', async () => {
    const code = "try { await env.storage.session.get('k'); } catch (e) { return [e.name, e.code, e.message]; }";
    expect(await run('strict', code)).toMatchObject({
      result: ['TypeError', 'default_deny', expect.stringContaining('storage.read.session')],
    });
  });

  test('bounds keys, values, and what all take together', () => {
    let now = 0;
    const store = new ValueStore({ bytes: 100, keys: 3, maxTtlMs: 1000 }, () => now);
    expect(store.put('a', 'x'.repeat(90), null)).toBe(true);
    expect(store.put('b', 'x'.repeat(90), null)).toBe(false);
    expect(store.put('a', 'y', 10)).toBe(true);
    now = 10;
    expect(store.get('a')).toBeNull();
    expect(['b', 'c', 'd', 'e'].map((key) => store.put(key, '1', null))).toEqual([true, true, true, false]);
  });
});

describe('env.tools', () => {
  const call = (args: string) =>
    `try { return await env.tools.billingReadonly(${args}); } catch (e) { return [e.code, e.message]; }`;

  test('leaves through the egress path, and its answer passes the guard', async () => {
    answers.set('/invoices', JSON.stringify({ open: 3, token: PAT }));
    const report = await run('internal-data', call("{ customer: 'c1' }"));
    expect(report).toMatchObject({ status: 'completed', result: { open: 3 }, decisions: [expect.any(String), 'd_7'] });
    expect(JSON.stringify(report)).not.toContain(PAT);
    expect(asked.at(-1)).toMatchObject({
      method: 'GET',
      url: `https://billing.example/invoices?args=${encodeURIComponent('{"customer":"c1"}')}`,
    });
  });

  test('checks arguments before anything leaves', async () => {
    const before = asked.length;
    const report = await run('internal-data', call('{ customer: 5 }'));
    expect(report).toMatchObject({ result: ['bad_arguments', expect.stringContaining('customer')] });
    expect(asked).toHaveLength(before);
  });

  test('is not there for a task without the capability', async () => {
    expect(await run('strict', 'return Object.keys(env.tools);')).toMatchObject({ result: [] });
  });

  test.each([
    ['an unknown key', `${TOOL}colour: red\n`, 'unknown key'],
    ['a name that is none', TOOL.replace('billing-readonly', 'Billing'), 'kebab-case'],
    ['a URL that is none', TOOL.replace('https://', 'ftp://'), 'url'],
  ])('refuses a tool file with %s', (_what, text, message) => {
    const parsed = parseTools([{ path: 'tools/x.yaml', text }]);
    expect(parsed.ok ? '' : parsed.error[0]?.message.toLowerCase()).toContain(message);
  });
});
