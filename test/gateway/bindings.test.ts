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
/** When set, answers come when it says so. */
let held: Promise<unknown> | null = null;
let under = 0;
let most = 0;
const answers = new Map<string, string>();

beforeAll(async () => {
  const tools = parseTools([{ path: 'tools/billing.yaml', text: TOOL }]);
  if (!tools.ok) throw new Error('the tool does not parse');
  const egress = {
    fetch: async (_principal: unknown, request: EgressRequest) => {
      asked.push(request);
      under += 1;
      most = Math.max(most, under);
      await Promise.race([held, new Promise((resolve) => request.signal.addEventListener('abort', resolve))]);
      under -= 1;
      if (request.signal.aborted) throw new Error('aborted');
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

  test('lists more keys than one answer holds, page by page, while they come and go', async () => {
    const code = `const s = env.storage.ephemeral; for (let i = 0; i < 1203; i += 1) await s.put('p' + i, i);
      const first = await s.list('p'); const all = []; const sizes = [];
      for (let cursor = null, page; ; ) { page = await s.list({ prefix: 'p', limit: 500, cursor }); all.push(...page.keys); sizes.push(page.keys.length);
        cursor = page.cursor; if (cursor === null) break; await s.delete(cursor); await s.put('o', 1); }
      const exact = await s.list({ prefix: 'p12', limit: 14 }); const code = (o) => s.list(o).then(() => 'listed', (e) => e.code);
      return [first.length, sizes, new Set(all).size, exact.keys.length, exact.cursor, (await s.list({ limit: 1 })).cursor, (await s.list(null)).keys.length,
        await code({ limit: 0 }), await code({ limit: 1001 }), await code({ cursor: 7 })];`;
    expect(await run('internal-data', code)).toMatchObject({
      result: [1000, [500, 500, 203], 1203, 14, null, 'o', 1000, 'bad_arguments', 'bad_arguments', 'bad_arguments'],
    });
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

  test('gives back what it was given, whatever the keys are called', async () => {
    const code = `const v = JSON.parse('{"__proto__":{"a":1},"constructor":[2,{"toJSON":3}],"":null}'); const s = env.storage.ephemeral;
      for (const k of ['__proto__', 'constructor', 'ä\\u0000']) await s.put(k, v); await s.put('t', 1, null);
      const bad = async (...args) => { try { await s.put(...args); return 'kept'; } catch (e) { return e.code; } };
      return [JSON.stringify(await s.get('__proto__')), await s.get('toString'), await s.list(''), await s.delete('constructor'), await s.get('constructor'),
        await bad('k', undefined), await bad('k', () => 1), await bad('', 1), await bad('k'.repeat(513), 1), await bad('k', 1, { ttl: -1 }), await bad('k', 1, { ttl: Infinity }), await bad(Symbol('k'), 1)];`;
    expect(await run('strict', code)).toMatchObject({
      result: [
        '{"__proto__":{"a":1},"constructor":[2,{"toJSON":3}],"":null}',
        ...[null, ['__proto__', 'constructor', 't', 'ä\u0000'], true, null],
        ...[
          'bad_arguments',
          'bad_arguments',
          'bad_arguments',
          'bad_arguments',
          'bad_arguments',
          'bad_arguments',
          'bad_arguments',
        ],
      ],
    });
  });

  test('refuses what is nested too deep, as any other argument', async () => {
    const deep = (n: number) => `JSON.parse('['.repeat(${n}) + ']'.repeat(${n}))`;
    const code = `const of = async (p) => p.then(() => 'kept', (e) => e.code ?? e.name);
      return [await of(env.storage.ephemeral.put('k', ${deep(100)})), await of(env.storage.ephemeral.put('k', ${deep(50_000)}))];`;
    // An overflow of the stack takes an isolate half a second of CPU, and several times that on a crowded machine.
    const { status, result } = (await run('internal-data', code)) as { status: string; result: string[] };
    expect(status).toBe('completed');
    expect(result[0]).toBe('kept');
    // Refused where its text is made, or where that is read.
    expect(['bad_arguments', 'RangeError']).toContain(result[1]);
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

  const NAME = 'tool.invoke.billing-readonly';
  const mark = { by: 'ops', why: 'test', at: 0, until: null, change: 'c_1' };
  /** Has answers wait until `then` is done, once something was asked. */
  const meanwhile = (then: () => unknown) => {
    const gate = Promise.withResolvers<void>();
    held = gate.promise;
    const before = asked.length;
    return {
      done: (async () => {
        while (asked.length === before) await new Promise((resolve) => setTimeout(resolve, 5));
        const said = await then();
        gate.resolve();
        held = null;
        return said;
      })(),
    };
  };

  test('a call is cut, and its answer withheld, when its capability is revoked meanwhile', async () => {
    const { done } = meanwhile(() => at.change({ revokedCapabilities: { [NAME]: mark } }));
    const twice = `const one = async () => { ${call("{ customer: 'c1' }")} }; return [await one(), await one()];`;
    const report = await run('internal-data', twice);
    expect(await done).toBe(1);
    const revoked = ['capability_revoked', expect.stringContaining(NAME)];
    expect(report).toMatchObject({ status: 'completed', result: [revoked, revoked] });
    expect(at.leases.stats().flows).toBe(0);
    const said = at.recorded.filter((event) => event.type === 'decision' && event.capability === NAME);
    expect(said.slice(-2)).toMatchObject([{ effect: 'allow' }, { effect: 'deny', reason: 'capability_revoked' }]);
    at.change({ revokedCapabilities: {} });
    expect(await run('internal-data', call("{ customer: 'c1' }"))).toMatchObject({ result: { open: 3 } });
  });

  test('T-66 asks so many at once, and the others after them', async () => {
    most = 0;
    const { done } = meanwhile(() => new Promise((resolve) => setTimeout(resolve, 200)));
    const code = `const all = await Promise.all(Array.from({ length: 40 }, async () => { ${call("{ customer: 'c1' }")} })); return all.filter((r) => r.open === 3).length;`;
    const report = await run('internal-data', code);
    await done;
    expect(report).toMatchObject({ result: 40 });
    expect(most).toBe(16);
  });

  test('gives an answer as it stands, and what is no JSON not at all', async () => {
    // Written again, it would be larger than what crosses at once.
    answers.set('/invoices', `[${'1e20,'.repeat(1_600_000)}1]`);
    const size = `try { return (await env.tools.billingReadonly({ customer: 'c' })).length; } catch (e) { return [e.code, e.message]; }`;
    expect(await run('internal-data', size)).toMatchObject({ result: 1_600_001 });
    for (const text of ['', '1,"error":{}', '{"a":1}}', '1 2']) {
      answers.set('/invoices', text);
      expect(await run('internal-data', size)).toMatchObject({ result: ['tool_failed', expect.any(String)] });
    }
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
