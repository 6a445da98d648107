import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createIsolatePool, type IsolatePool } from './pool.ts';
import type { LogLine, TaskBindings, TaskOrder, TaskOutcome } from './task-order.ts';

const clock = { now: () => Date.now(), monotonic: () => performance.now() };
const limits = { wall_ms: 5000, cpu_ms: 2000, memory_mb: 32, output_bytes: 100_000 };

let pool: IsolatePool;
let serial = 0;

beforeAll(async () => {
  pool = createIsolatePool({ clock, settings: { hosts: 4, spares: 2, ahead: 2, memoryMb: 32 } });
  expect(await pool.ready(20_000)).toBe(true);
});
afterAll(() => pool.close());

function order(code: string, more: Partial<TaskOrder> = {}): TaskOrder {
  serial += 1;
  const base = {
    task: `t${serial}`,
    tenant: 'acme',
    language: 'js',
    input: '{"n":20}',
    limits,
    bindings: null,
  } as const;
  return { ...base, code, ...more };
}

const run = (code: string, more: Partial<TaskOrder> = {}): Promise<TaskOutcome> => pool.run(order(code, more));
const value = (outcome: TaskOutcome): unknown => JSON.parse(outcome.result ?? 'null');

describe('a task in the pool', () => {
  it('gives its input to the default export and returns its result', async () => {
    const outcome = await run('export default async (input) => ({ twice: input.n * 2 });');
    expect(outcome).toMatchObject({ status: 'completed', error: null });
    expect(value(outcome)).toEqual({ twice: 40 });
    expect(outcome.usage.boot_ms).toBeGreaterThan(0);
  });

  it('takes TypeScript', async () => {
    const outcome = await run(
      'type In = { n: number }; export default (input: In): number => input.n satisfies number;',
      { language: 'ts' },
    );
    expect(value(outcome)).toBe(20);
  });

  it.each([
    ['an enum', '\nenum A { X }\nexport default () => A.X;', ['enum', '[tool.ts:2]', 'an object for an `enum`']],
    ['a type that is none', 'export default (x: =) => 1;', ['Unexpected token', '[tool.ts:1]']],
  ])('says where and why %s is no TypeScript that can be stripped', async (_what, code, said) => {
    const outcome = await run(code, { language: 'ts' });
    expect(outcome).toMatchObject({ status: 'failed', error: { name: 'SyntaxError' } });
    for (const words of said) expect(outcome.error?.message).toContain(words);
  });

  it('has a stack that it overflows soon, and deep enough for what works elsewhere', async () => {
    const code = `export default () => { let depth = 0; const down = () => { depth += 1; return 1 + down(); };
      try { down(); } catch (e) { return [depth, e.name]; } };`;
    const [depth, name] = value(await run(code)) as [number, string];
    expect(name).toBe('RangeError');
    expect(depth).toBeGreaterThan(8000);
    expect(depth).toBeLessThan(60_000);
  });

  it('has WebAssembly where the profile gives it only', async () => {
    const bytes = '0,97,115,109,1,0,0,0';
    const code = `export default () => typeof WebAssembly === 'object' && WebAssembly.validate(new Uint8Array([${bytes}]));`;
    expect(value(await run(code))).toBe(false);
    expect(value(await run(code, { webassembly: true }))).toBe(true);
  });

  it('compiles WebAssembly in time, though nothing else happens, and on the account of the task', async () => {
    const code = `const m = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
      const wasm = (init) => new Response(m, { headers: { 'content-type': 'application/wasm' }, ...init });
      const fault = (made) => made.then(() => 'nothing', (error) => error.name);
      export default async () => {
        const names = [await WebAssembly.compile(m), (await WebAssembly.instantiate(m)).instance, await WebAssembly.instantiate(new WebAssembly.Module(m))];
        const streamed = [await WebAssembly.compileStreaming(wasm()), (await WebAssembly.instantiateStreaming(Promise.resolve(wasm()), {})).module];
        const wrong = [wasm({ status: 404 }), new Response(m), m, new Response('x', wasm())].map((made) => WebAssembly.compileStreaming(made));
        const clones = [new WebAssembly.Module(m), new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer];
        return [[...names, ...streamed].map(String), await Promise.all(wrong.map(fault)), await Promise.all(clones.map((made) => fault((async () => structuredClone(made))())))];
      };`;
    const [Module, Instance] = ['[object WebAssembly.Module]', '[object WebAssembly.Instance]'];
    const errors = ['TypeError', 'TypeError', 'TypeError', 'CompileError'];
    const expected = [[Module, Instance, Instance, Module, Module], errors, ['DataCloneError', 'DataCloneError']];
    expect(value(await run(code, { webassembly: true }))).toEqual(expected);
  });

  it('T-65 T-61 memory that is shared is nobody else’s: nothing takes it out of its part of a task, and it is no way to outlive one', async () => {
    // Exports its shared memory as `m`, and as `f` a wait on it without end (`memory.atomic.wait32`).
    const bytes =
      '0,97,115,109,1,0,0,0,1,5,1,96,0,1,127,3,2,1,0,5,4,1,3,1,1,7,9,2,1,102,0,0,1,109,2,0,10,14,1,12,0,65,0,65,0,66,127,254,1,2,0,11';
    const made = `const { exports } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array([${bytes}])));`;
    const code = `${made}
      const { buffer } = exports.m;
      const ways = {
        clone: () => structuredClone({ deep: [new Uint8Array(buffer)] }),
        port: () => new MessageChannel().port1.postMessage(buffer),
        channel: () => new BroadcastChannel('c').postMessage(buffer),
        transfer: () => structuredClone(1, { transfer: [buffer] }),
        constructed: () => structuredClone(new buffer.constructor(8)),
      };
      const fault = (way) => { try { way(); return 'taken'; } catch (error) { return error.name; } };
      export default async (_, env) => [...Object.values(ways).map(fault), await env.tools.echo({ buffer })];`;
    const bindings: TaskBindings = {
      ...{ storage: false, tools: ['echo'], usage: { requests: 0, bytes: 0 }, close: () => undefined },
      call: async ({ args }) => ({ ok: true, value: (args as { args: unknown }).args }),
    };
    const refused = Array(5).fill('DataCloneError');
    expect(value(await run(code, { webassembly: true, bindings }))).toEqual([...refused, { buffer: {} }]);
    const returned = await run(`${made} export default () => exports.m.buffer;`, { webassembly: true });
    expect(value(returned)).toEqual({});
    const waits = await run(`${made} export default () => exports.f();`, {
      ...{ webassembly: true, limits: { ...limits, wall_ms: 300 } },
    });
    expect(waits.status).toBe('timeout');
    expect((await run('export default () => 1;')).status).toBe('completed');
  });

  it('captures console, in order, and streams it', async () => {
    const seen: LogLine[] = [];
    const outcome = await run("export default () => { console.log('a', { b: [1] }); console.error('c'); };", {
      onLog: (line) => seen.push(line),
    });
    expect(outcome.logs).toEqual([
      { level: 'log', text: 'a { b: [ 1 ] }' },
      { level: 'error', text: 'c' },
    ]);
    expect(seen).toEqual(outcome.logs);
    expect(outcome.result).toBe('null');
  });

  it('runs timers, in order, with arguments, and clears them', async () => {
    const outcome = await run(`export default async () => {
      const out = [];
      const wait = (ms, x) => new Promise((r) => setTimeout((y) => { out.push(y); r(); }, ms, x));
      const id = setTimeout(() => out.push('never'), 1);
      clearTimeout(id);
      await Promise.all([wait(20, 'late'), wait(0, 'soon'), wait(5, 'between')]);
      let n = 0;
      await new Promise((r) => { const i = setInterval(() => { n += 1; if (n === 3) { clearInterval(i); r(); } }, 1); });
      return [...out, n];
    };`);
    expect(value(outcome)).toEqual(['soon', 'between', 'late', 3]);
  });

  it.each([
    [
      'its own error',
      "export default () => { throw new RangeError('mine'); };",
      { name: 'RangeError', message: 'mine' },
    ],
    ['a throw of no error', "export default () => { throw 'text'; };", { name: 'Error', message: 'text' }],
    ['a throw at the top level', "throw new TypeError('top');", { name: 'TypeError', message: 'top' }],
    ['a syntax error', 'export default () => {', { name: 'SyntaxError' }],
    ['no default export', 'export const x = 1;', { name: 'TypeError' }],
    ['an import', "import fs from 'node:fs'; export default () => fs;", { name: 'Error' }],
    ['a result that is no JSON', 'export default () => 10n;', { name: 'TypeError' }],
    [
      'a throw in a timer',
      "export default () => new Promise(() => setTimeout(() => { throw new Error('late'); }, 1));",
      { message: 'late' },
    ],
  ])('fails with %s', async (_what, code, error) => {
    const outcome = await run(code);
    expect(outcome.status).toBe('failed');
    expect(outcome.error).toMatchObject(error);
    expect(outcome.error?.stack ?? '').not.toMatch(/\/host\/|host-entry|node_modules/);
  });

  it('calls a function that is there early only when the top level is over', async () => {
    const wait =
      'let n = 0; export default function late() { return n; } await new Promise((r) => setTimeout(r, 5)); n = 5;';
    expect(value(await run(wait))).toBe(5);
  });

  it('does not fail by a rejection that nobody waits for', async () => {
    const code =
      "export default async () => { Promise.reject(new Error('x')); await new Promise((r) => setTimeout(r, 5)); return 1; };";
    expect(value(await run(code))).toBe(1);
  });

  it('tells of it in the log, a few times', async () => {
    const code =
      "export default async () => { for (let i = 0; i < 30; i += 1) { Promise.reject(new Error('lost ' + i)); await new Promise((r) => setTimeout(r)); } };";
    const { status, logs } = await run(code);
    expect([status, logs.length]).toEqual(['completed', 20]);
    expect(logs[0]).toMatchObject({
      level: 'error',
      text: expect.stringMatching(/^Uncaught \(in promise\) Error: lost 0\n/),
    });
  });

  it('waits at the top level, and fails with what fails there', async () => {
    const wait = 'const n = await new Promise((r) => setTimeout(r, 20, 5));';
    expect(value(await run(`${wait} export default () => n;`))).toBe(5);
    const outcome = await run(`${wait} throw new RangeError('late ' + n); export default () => n;`);
    expect(outcome).toMatchObject({ status: 'failed', error: { name: 'RangeError', message: 'late 5' } });
  });

  it('starts every task fresh', async () => {
    const code = 'globalThis.seen = (globalThis.seen ?? 0) + 1; export default () => globalThis.seen;';
    for (let i = 0; i < 3; i += 1) expect(value(await run(code))).toBe(1);
  });
});

describe('the ends of a task', () => {
  it.each([
    ['T-60 an endless loop', 'timeout', 'export default () => { for (;;); };', { wall_ms: 150 }],
    ['T-60 a promise that never settles', 'timeout', 'export default () => new Promise(() => {});', { wall_ms: 150 }],
    ['T-60 an endless loop at the top level', 'timeout', 'for (;;);', { wall_ms: 150 }],
    ['T-60 a microtask flood', 'timeout', 'export default async () => { for (;;) await 0; };', { wall_ms: 150 }],
    ['T-60 busy beyond its CPU time', 'cpu_exceeded', 'export default () => { for (;;); };', { cpu_ms: 80 }],
    [
      'T-61 typed arrays',
      'memory_exceeded',
      'const a = []; export default () => { for (;;) a.push(new Uint8Array(1e6).fill(1)); };',
      {},
    ],
    ['T-66 a result beyond its cap', 'output_exceeded', "export default () => 'x'.repeat(200000);", {}],
    [
      'T-66 a flood of logs',
      'output_exceeded',
      "export default () => { for (;;) console.log('x'.repeat(1000)); };",
      {},
    ],
  ] as const)('%s is %s', async (_what, status, code, own) => {
    const outcome = await run(code, { limits: { ...limits, ...own } });
    expect(outcome.status).toBe(status);
    expect(outcome.error?.code).toBe(status);
  });

  it('T-62 a heap that explodes ends its task, and the next one is served', async () => {
    const outcome = await run(
      'const m = new Map(); export default () => { for (let i = 0; ; i += 1) m.set(i, [i]); };',
    );
    expect(['memory_exceeded', 'host_lost', 'cpu_exceeded', 'timeout']).toContain(outcome.status);
    expect((await run('export default () => 1;')).status).toBe('completed');
  });

  it('T-62 what an earlier task left in its host is not laid on the next one', async () => {
    const one = createIsolatePool({ clock, settings: { hosts: 2, spares: 1, slots: 1, ahead: 1, memoryMb: 16 } });
    // It is about memory: a busy machine makes collecting it dearer than the CPU that others here are given.
    const large = { ...limits, memory_mb: 128, cpu_ms: 20_000, wall_ms: 60_000 };
    const fill =
      'export default () => { const a = []; for (let i = 0; i < 1.1e5; i += 1) a.push(new Array(100).fill(i)); };';
    for (let i = 0; i < 8; i += 1) {
      expect(await one.run(order(fill, { limits: large }))).toMatchObject({ status: 'completed' });
      const next = await one.run(order('export default () => 1;', { limits: { ...limits, memory_mb: 8 } }));
      expect(next).toMatchObject({ status: 'completed' });
    }
    await one.close();
  });

  it('kills a tenant’s task, and none of that id of another tenant', async () => {
    const running = order('export default () => { for (;;); };');
    const outcome = pool.run(running);
    await new Promise((r) => setTimeout(r, 50));
    expect(pool.kill(running.task, 'another')).toBe(false);
    expect(pool.kill(running.task, running.tenant)).toBe(true);
    expect((await outcome).status).toBe('killed');
    expect(pool.kill(running.task, running.tenant)).toBe(false);
  });

  it('says what a task used that had to be ended by force', async () => {
    const { usage } = await run('export default () => { for (;;); };', { limits: { ...limits, wall_ms: 400 } });
    expect(usage.cpu_ms).toBeGreaterThan(0);
    // A timer may come a millisecond before its time.
    expect(usage.wall_ms).toBeGreaterThan(390);
  });

  it('denies code and input that are too large', async () => {
    const outcome = await run(`/*${'x'.repeat(1024 * 1024)}*/`);
    expect(outcome).toMatchObject({ status: 'denied', wall: 'none' });
  });
});

it('keeps isolates of each size booted ahead for profiles that take turns', async () => {
  const sized = (memory_mb: number) =>
    run('export default () => 1;', { tenant: 'turns', limits: { ...limits, memory_mb } });
  const pause = () => new Promise((r) => setTimeout(r, 100));
  for (const mb of [16, 24]) {
    await sized(mb);
    await pause();
  }
  const { misses } = pool.stats();
  for (const mb of [16, 24]) {
    await sized(mb);
    await pause();
  }
  expect(pool.stats().misses).toBe(misses);
});

it('T-63 gives a task what is its own, in an isolate that was booted for one that had something else', async () => {
  const bindings = (storage: boolean, tools: readonly string[]): TaskBindings => {
    const usage = { requests: 0, bytes: 0 };
    return { storage, tools, usage, call: async () => ({ ok: true, value: null }), close: () => undefined };
  };
  const code = `export default (input, env) =>
    [typeof WebAssembly, 'storage' in env, Object.keys(env.tools), 'x'.repeat(input.long).length, 'x'.repeat(input.long)].slice(0, 5);`;
  const seen = async (more: Partial<TaskOrder>, long = 0) => {
    const { status, result } = await run(code, { tenant: 'mixed', input: JSON.stringify({ long }), ...more });
    return status === 'completed' ? JSON.parse(result ?? '').slice(0, 4) : status;
  };
  const little = { limits: { ...limits, output_bytes: 1000 } };
  const cases: readonly (readonly [Partial<TaskOrder>, number, unknown])[] = [
    [{}, 5000, ['undefined', false, [], 5000]],
    [{ webassembly: true }, 0, ['object', false, [], 0]],
    [little, 5000, 'output_exceeded'],
    [{ bindings: bindings(true, ['one', 'two']) }, 5000, ['undefined', true, ['one', 'two'], 5000]],
    [{ bindings: bindings(false, ['two']) }, 0, ['undefined', false, ['two'], 0]],
  ];
  // Each more often than isolates are booted ahead, so that the next ones are set to it.
  for (const [more, long, expected] of [...cases, ...cases.toReversed()]) {
    for (let i = 0; i < 4; i += 1) expect(await seen(more, long)).toEqual(expected);
  }
});

it('T-63 tells the parts of a result to a task that is listened to, whatever the one before it was', async () => {
  const code = "export default async function* () { yield 'x'.repeat(600); }";
  const little = { ...limits, output_bytes: 1000 };
  const parts = async (listened: boolean) => {
    const heard: string[] = [];
    const onLog = ({ level }: { readonly level: string }) => heard.push(level);
    const { status } = await run(code, { tenant: 'parts', limits: little, ...(listened && { onLog }) });
    return [status, heard];
  };
  // What is told twice counts twice.
  for (const listened of [false, true, true, true, true, true, false, false, false, false, false, true]) {
    expect(await parts(listened)).toEqual(listened ? ['output_exceeded', ['part']] : ['completed', []]);
  }
});

it('says how fast isolates are booted and what one takes', () => {
  const { refill, isolate_bytes } = pool.stats();
  expect(refill.booted).toBeGreaterThan(0);
  expect(refill.per_second).toBeGreaterThan(0);
  expect(refill.max).toBeGreaterThan(0);
  expect(isolate_bytes).toBeGreaterThan(200_000);
  expect(isolate_bytes).toBeLessThan(20_000_000);
});

describe('bindings', () => {
  it('carries calls, bytes and errors both ways, and closes once', async () => {
    let closed = 0;
    const bindings: TaskBindings = {
      storage: false,
      tools: ['echo'],
      usage: { requests: 3, bytes: 7 },
      call: async ({ op, args }) =>
        (args as { name: string }).name === 'echo'
          ? { ok: true, value: { op, args } }
          : { ok: false, error: { name: 'TypeError', message: 'no', code: 'x' } },
      close: () => {
        closed += 1;
      },
    };
    const outcome = await run('export default async (_, env) => env.tools.echo({ a: 1 });', { bindings });
    expect(value(outcome)).toEqual({ op: 'tool', args: { name: 'echo', args: { a: 1 } } });
    expect(outcome.usage).toMatchObject({ requests: 3, bytes: 7 });
    expect(closed).toBe(1);
  });
});

describe('tenants and hosts', () => {
  it('T-65 never puts two tenants in one host', async () => {
    const slow = 'export default () => new Promise((r) => setTimeout(r, 100));';
    const both = [run(slow, { tenant: 'one' }), run(slow, { tenant: 'two' })];
    const before = pool.stats().hosts;
    const outcomes = await Promise.all(both);
    expect(before).toBeGreaterThanOrEqual(2);
    expect(outcomes.map((o) => o.status)).toEqual(['completed', 'completed']);
  });

  it('serves many tenants with few hosts, each task in its turn', async () => {
    const tenants = Array.from({ length: 6 }, (_, i) => `tenant-${i}`);
    const outcomes = await Promise.all(
      tenants.map((tenant) => run('export default () => 1;', { tenant, queue_ms: 60_000 })),
    );
    expect(outcomes.every((o) => o.status === 'completed')).toBe(true);
  });
});
