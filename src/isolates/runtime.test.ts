import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CRYPTO_CASES } from '../../test/isolates/crypto-cases.ts';
import { PLATFORM_CASES } from '../../test/isolates/platform-cases.ts';
import { RUNTIME_CASES } from '../../test/isolates/runtime-cases.ts';
import type { Egress, EgressRequest } from '../core/ports.ts';
import type { Principal } from '../core/principal.ts';
import { ok } from '../core/result.ts';
import { joinBindings } from './bindings/binding-part.ts';
import { fetchBinding } from './bindings/fetch-binding.ts';
import { createIsolatePool, type IsolatePool } from './pool.ts';
import type { TaskOutcome } from './task-order.ts';

const clock = { now: () => Date.now(), monotonic: () => performance.now() };
const limits = { wall_ms: 5000, cpu_ms: 3000, memory_mb: 64, output_bytes: 10_000_000 };
const principal = { task: 't', tenant: 'acme' } as Principal;

let pool: IsolatePool;
let serial = 0;
beforeAll(async () => {
  pool = createIsolatePool({ clock, settings: { hosts: 2, spares: 1, ahead: 2 } });
  await pool.ready(20_000);
});
afterAll(() => pool.close());

function run(code: string, egress?: Egress, decisions: string[] = []): Promise<TaskOutcome> {
  serial += 1;
  const usage = { requests: 0, bytes: 0 };
  const fetching = egress && fetchBinding({ egress, principal, usage, onDecision: (d) => decisions.push(d) });
  const bindings = fetching ? joinBindings([fetching], { storage: false, tools: [], usage }) : null;
  return pool.run({ task: `r${serial}`, tenant: 'acme', language: 'js', input: 'null', limits, bindings, code });
}

async function value(body: string, egress?: Egress): Promise<unknown> {
  const outcome = await run(`export default async () => { ${body} };`, egress);
  if (outcome.status !== 'completed')
    throw new Error(`${outcome.status}: ${outcome.error?.message} ${outcome.error?.stack}`);
  return JSON.parse(outcome.result as string);
}

for (const [what, cases] of Object.entries({ ...RUNTIME_CASES, ...CRYPTO_CASES, ...PLATFORM_CASES })) {
  describe(what, () => {
    it.each(cases)('%s', async (_name, body, expected) => {
      expect(await value(body)).toEqual(expected);
    });
  });
}

it('T-65 randomness differs from task to task', async () => {
  const seen = await Promise.all([1, 2, 3, 4].map(() => value('return Math.random();')));
  expect(new Set(seen).size).toBe(4);
});

it('T-60 a task that leaves work to a thread of its host is over when that is', async () => {
  const outcome = await run(`export default async () => {
    const k = await crypto.subtle.importKey('raw', new Uint8Array(8), 'PBKDF2', false, ['deriveBits']);
    void crypto.subtle.deriveBits({ name: 'PBKDF2', salt: new Uint8Array(8), iterations: 300000, hash: 'SHA-512' }, k, 512);
  };`);
  expect(outcome.status).toBe('completed');
  // 300,000 rounds take a fast machine longer than all else that this does.
  expect(outcome.usage.cpu_ms).toBeGreaterThan(50);
});

describe('console', () => {
  const said = async (body: string) => {
    const outcome = await run(`export default () => { ${body} };`);
    expect(outcome).toMatchObject({ status: 'completed', error: null });
    return outcome.logs.map(({ text }) => text);
  };

  it('puts what follows a text where the text says', async () => {
    const lines = await said(`
      console.log('%s is %d%% of %o, %fx%c!', 'it', '42.9', { a: [1] }, '1.5', 'color: red', 'rest', 'more');
      console.log('%s', Symbol('s')); console.log('%d %i %f', {}, 7n, 'x'); console.log('100%', 1); console.log('%s %s', 'a');
      console.log('%%'); console.log('%x %', 1); console.log(1, '%s', 2);`);
    expect(lines).toEqual([
      'it is 42% of { a: [ 1 ] }, 1.5x! rest more',
      ...['Symbol(s)', 'NaN 7n NaN', '100% 1', 'a %s', '%%', '%x % 1', '1 %s 2'],
    ]);
  });

  it('throws nothing, whatever it is to say', async () => {
    const lines = await said(`
      const trap = (on, name) => new Proxy(on, { [name]() { throw 1; } });
      const thrower = (on, key) => Object.defineProperty(on, key, { get() { throw 2; } });
      const values = [trap({}, 'get'), trap(function () {}, 'get'), trap({}, 'ownKeys'), trap([], 'get'), trap({}, 'getPrototypeOf'),
        thrower(new Error('x'), 'stack'), thrower(() => 1, 'name'), thrower(new Map(), 'size'), Object.create(Date.prototype)];
      for (const value of values) { console.log('%s %d', value, value, [value]); reportError(value); }`);
    expect(lines).toHaveLength(18);
  });
});

describe('fetch', () => {
  const answer = (status: number, body: AsyncIterable<Uint8Array>, headers: [string, string][] = []) =>
    ok({ status, headers, body, decision: 'd_1' });
  async function* pieces(...texts: string[]) {
    for (const text of texts) yield Buffer.from(text);
  }
  const egress = (answerTo: (request: EgressRequest) => ReturnType<Egress['fetch']>): Egress => ({
    fetch: (_principal, request) => answerTo(request),
  });

  it('goes out with method, URL without fragment, headers and body, and streams the answer', async () => {
    const seen: unknown[] = [];
    const gate = egress(async ({ method, url, headers, body }) => {
      const sent: Buffer[] = [];
      for await (const piece of body ?? []) sent.push(Buffer.from(piece));
      seen.push([method, url, headers, Buffer.concat(sent).toString()]);
      return answer(200, pieces('one ', 'two'), [['x-a', 'b']]);
    });
    const got = await value(
      "const r = await fetch('https://a.b/p#f', { method: 'POST', body: 'hi', headers: { 'X-Q': '1' } }); return [r.status, r.url, r.headers.get('x-a'), await r.text()];",
      gate,
    );
    expect(got).toEqual([200, 'https://a.b/p', 'b', 'one two']);
    expect(seen).toEqual([
      [
        'POST',
        'https://a.b/p',
        [
          ['x-q', '1'],
          ['content-type', 'text/plain;charset=UTF-8'],
        ],
        'hi',
      ],
    ]);
  });

  it('streams a body up, piece by piece', async () => {
    const gate = egress(async ({ body }) => {
      let size = 0;
      for await (const piece of body ?? []) size += piece.length;
      return answer(200, pieces(String(size)));
    });
    const body =
      'new ReadableStream({ pull(c) { this.n = (this.n ?? 0) + 1; c.enqueue(new Uint8Array(1e6)); if (this.n === 5) c.close(); } })';
    const got = await value(
      `const r = await fetch('https://a.b/', { method: 'PUT', duplex: 'half', body: ${body} }); return r.text();`,
      gate,
    );
    expect(got).toBe('5000000');
  });

  it('cancels a body that is on its way up when the request is aborted, with the reason that fetch rejects with', async () => {
    const gate = egress(async ({ body, signal }) => {
      for await (const _ of body ?? []) if (signal?.aborted) break;
      return answer(200, pieces('never'));
    });
    const got = await value(
      `const a = new AbortController(); let why; const body = new ReadableStream({ start(c) { c.enqueue(new Uint8Array(1)); }, cancel(reason) { why = reason; } });
       const asked = fetch('https://a.b/', { method: 'POST', duplex: 'half', body, signal: a.signal }).catch((e) => e); await new Promise((r) => setTimeout(r, 10));
       a.abort(); const now = why; return [now.name, now === await asked, now === a.signal.reason];`,
      gate,
    );
    expect(got).toEqual(['AbortError', true, true]);
  });

  it('shows a denial as an error with code, decision and what would allow it', async () => {
    const decisions: string[] = [];
    const error = {
      reason: 'default_deny',
      status: 403,
      message: 'no',
      decision: 'd_9',
      wouldAllow: ['net.read.public'],
    } as const;
    const gate = egress(async () => ({ ok: false, error }));
    const code =
      "export default async () => { try { await fetch('https://a.b/'); } catch (e) { return [e instanceof TypeError, e.code, e.decision, e.would_allow]; } };";
    const outcome = await run(code, gate, decisions);
    expect(JSON.parse(outcome.result as string)).toEqual([true, 'default_deny', 'd_9', ['net.read.public']]);
    expect(decisions).toEqual(['d_9']);
    expect(outcome.usage.requests).toBe(1);
  });

  it('T-27 follows redirects as new requests, without credentials for another origin', async () => {
    const seen: string[] = [];
    const gate = egress(async ({ url, method, headers }) => {
      seen.push(`${method} ${url} ${headers.map(([n]) => n).join()}`);
      return url.endsWith('/a') ? answer(302, pieces(), [['location', 'https://c.d/b']]) : answer(200, pieces('ok'));
    });
    const got = await value(
      "const r = await fetch('https://a.b/a', { method: 'POST', body: 'x', headers: { authorization: 's', k: 'v' } }); return [r.redirected, r.url, await r.text()];",
      gate,
    );
    expect(got).toEqual([true, 'https://c.d/b', 'ok']);
    expect(seen).toEqual(['POST https://a.b/a authorization,k,content-type', 'GET https://c.d/b k']);
  });

  it('is aborted, before and while the answer comes', async () => {
    const gate = egress(async ({ url, signal }) => {
      if (url.endsWith('/slow'))
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('gone'))));
      return answer(
        200,
        (async function* () {
          yield Buffer.from('x');
          await new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('gone'))));
        })(),
      );
    });
    const got = await value(
      `const out = [];
       const a = new AbortController(); setTimeout(() => a.abort(), 5);
       await fetch('https://a.b/slow', { signal: a.signal }).catch((e) => out.push(e.name));
       const b = new AbortController();
       const r = await fetch('https://a.b/body', { signal: b.signal });
       setTimeout(() => b.abort(), 5);
       await r.text().catch((e) => out.push(e.name));
       return out;`,
      gate,
    );
    expect(got).toEqual(['AbortError', 'AbortError']);
  });

  it('ends what is open when the task ends', async () => {
    const aborted = Promise.withResolvers<void>();
    const gate = egress(async ({ signal }) => {
      signal.addEventListener('abort', () => aborted.resolve());
      return answer(
        200,
        (async function* () {
          yield Buffer.from('x');
          await aborted.promise;
        })(),
      );
    });
    expect(await value("const r = await fetch('https://a.b/'); return r.status;", gate)).toBe(200);
    await aborted.promise;
  });
});
