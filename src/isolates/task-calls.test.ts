/** Binding calls that tool code makes by other means than the runtime's own, and answers that no frame holds. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { createIsolatePool, type IsolatePool } from './pool.ts';
import type { BindingCall, BindingReply, TaskBindings } from './task-order.ts';

const clock = { now: () => Date.now(), monotonic: () => performance.now() };
const limits = { wall_ms: 20_000, cpu_ms: 10_000, memory_mb: 128, output_bytes: 1_000_000 };

let pool: IsolatePool;
let serial = 0;
beforeAll(async () => {
  pool = createIsolatePool({ clock, settings: { hosts: 1, spares: 0, ahead: 2 } });
  await pool.ready(20_000);
});
afterAll(() => pool.close());

function run(code: string, call: (call: BindingCall) => BindingReply | Promise<BindingReply>) {
  serial += 1;
  const usage = { requests: 0, bytes: 0 };
  const bindings: TaskBindings = {
    storage: true,
    tools: ['t'],
    call: async (of) => call(of),
    close: () => undefined,
    usage,
  };
  return pool.run({ task: `c${serial}`, tenant: 'acme', language: 'js', input: 'null', limits, bindings, code });
}

const value = async (body: string, call: (call: BindingCall) => BindingReply | Promise<BindingReply>) => {
  const outcome = await run(`export default async (input, env) => { ${body} };`, call);
  return outcome.result === null ? [outcome.status, outcome.error?.message] : (JSON.parse(outcome.result) as unknown);
};
const fault = (call: string) => `await ${call}.then(() => 'none', (e) => e.code)`;

it('T-62 what tool code makes of a call costs no host, and no other task', async () => {
  const other = run("export default async (input, env) => { await env.tools.t(); return 'lived'; };", async () => {
    await new Promise((resolve) => setTimeout(resolve, 200));
    return { ok: true, value: null };
  });
  const seen: unknown[] = [];
  const got = await value(
    `Object.prototype.toJSON = function () { return 1; }; const out = [${fault("env.storage.session.get('a')")}];
     Object.prototype.toJSON = () => undefined; out.push(${fault("env.storage.session.get('a')")}); delete Object.prototype.toJSON; return out;`,
    ({ op, args }) => {
      seen.push([op, args]);
      return { ok: false, error: { name: 'Error', message: '', code: 'heard' } };
    },
  );
  expect(got).toEqual(['heard', 'heard']);
  expect(seen).toEqual([
    ['storage.get', 1],
    ['storage.get', {}],
  ]);
  expect(await other).toMatchObject({ status: 'completed', result: '"lived"' });
});

it('T-66 refuses calls whose text or bytes are more than crosses at once, before anything looks into them', async () => {
  let most = 0;
  const got = await value(
    `const put = (n) => env.storage.session.put('k', 'x'.repeat(n)); const out = [${fault('put(1e6)')}, ${fault('put(2e6)')}];
     const { subarray } = Object.getPrototypeOf(Uint8Array.prototype); Object.getPrototypeOf(Uint8Array.prototype).subarray = function () { return this; };
     const body = new ReadableStream({ start(c) { c.enqueue(new Uint8Array(2e6)); c.close(); } });
     await fetch('https://a.b/', { method: 'PUT', duplex: 'half', body }).catch(() => 0); return out;`,
    async ({ op, args, bytes }) => {
      most = Math.max(most, bytes.length, JSON.stringify(args).length);
      if (op === 'fetch') await new Promise((resolve) => setTimeout(resolve, 100));
      return { ok: true, value: { status: 200, headers: [], decision: 'd' } };
    },
  );
  expect(got).toEqual(['none', 'bad_arguments']);
  expect(most).toBeLessThan(1_100_000);
});

it('T-66 holds no more than so much of calls that wait', async () => {
  let held = 0;
  let most = 0;
  const refused = Promise.withResolvers<void>();
  const got = await value(
    `let refused = 0;
     const codes = await Promise.all(Array.from({ length: 40 }, () => env.tools.t('x'.repeat(1e6)).then(() => 'none', (e) => {
       refused += 1;
       if (refused === 4) env.storage.session.get('refused');
       return e.code;
     })));
     return [codes.filter((c) => c === 'none').length > 3, codes.filter((c) => c === 'too_many_calls').length > 3, ${fault("env.tools.t('x')")}];`,
    async ({ op }) => {
      if (op === 'storage.get') refused.resolve();
      else {
        held += 1;
        most = Math.max(most, held);
        // Until there are more than can be held at once.
        await refused.promise;
        held -= 1;
      }
      return { ok: true, value: null };
    },
  );
  expect(got).toEqual([true, true, 'none']);
  expect(most).toBeLessThan(18);
});

it('answers larger than a frame are a refusal, and leave the supervisor as it was', async () => {
  const got = await value(`return [${fault('env.tools.t()')}, await env.tools.t('small')];`, ({ args }) => ({
    ok: true,
    value: (args as { args: unknown }).args === 'small' ? 's' : 'x'.repeat(33 * 1024 * 1024),
  }));
  expect(got).toEqual(['too_large', 's']);
});

it('T-62 a result larger than a frame is too much output, and costs no host', async () => {
  const usage = { requests: 0, bytes: 0 };
  const bindings: TaskBindings = {
    storage: false,
    tools: [],
    call: async () => ({ ok: true, value: null }),
    close: () => undefined,
    usage,
  };
  const order = {
    tenant: 'acme',
    language: 'js',
    input: 'null',
    bindings,
    limits: { ...limits, output_bytes: 100_000_000 },
  } as const;
  const other = pool.run({
    ...order,
    task: 'o1',
    code: 'export default () => new Promise((r) => setTimeout(r, 1000, 1));',
  });
  // Quotes take two characters each in a text within a text.
  const code = `export default () => '"'.repeat(9_000_000);`;
  expect(await pool.run({ ...order, task: 'o2', code })).toMatchObject({ status: 'output_exceeded', result: null });
  expect(await other).toMatchObject({ status: 'completed', result: '1' });
});

it('T-66 many large answers at once come one after another, and lose no host', async () => {
  const got = await value(
    `const all = await Promise.all(Array.from({ length: 200 }, async () => (await env.storage.session.get('k')).length));
     return [all.length, new Set(all).size, all[0]];`,
    () => ({ ok: true, json: JSON.stringify('x'.repeat(1_000_000)) }),
  );
  expect(got).toEqual([200, 1, 1_000_000]);
});
