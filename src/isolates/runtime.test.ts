import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
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
          ['accept', '*/*'],
          ['accept-language', '*'],
          ['user-agent', 'Locktender'],
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

  it('says of itself only what the request does not say', async () => {
    const gate = egress(async ({ headers }) => answer(200, pieces(JSON.stringify(Object.fromEntries(headers)))));
    const said = (init: string) => value(`return (await fetch('https://a.b/', ${init})).json();`, gate);
    const own = { accept: 'text/html', 'accept-language': '*', 'user-agent': 'mine/1' };
    const headers = "headers: { Accept: 'text/html', 'User-Agent': 'mine/1'";
    const fresh = { pragma: 'no-cache', 'cache-control': 'no-cache' };
    expect(await said(`{ ${headers} } }`)).toEqual(own);
    expect(await said(`{ cache: 'no-cache', ${headers} } }`)).toEqual({ ...own, 'cache-control': 'max-age=0' });
    expect(await said(`{ cache: 'no-store', ${headers}, Pragma: 'x' } }`)).toEqual({ ...own, ...fresh, pragma: 'x' });
    expect(await said(`{ ${headers}, 'If-Match': '1' } }`)).toEqual({ ...own, ...fresh, 'if-match': '1' });
  });

  it('sends the body of a request as it is made: its source is asked no faster, and hears of an abort', async () => {
    const first = Promise.withResolvers<void>();
    const gate = egress(async ({ body, signal }) => {
      for await (const _ of body ?? []) {
        first.resolve();
        await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('gone'))));
      }
      return answer(200, pieces('never'));
    });
    const got = await value(
      `const a = new AbortController(); let asked = 0; let why; const cancelled = Promise.withResolvers();
       const body = new ReadableStream({ pull(c) { asked += 1; c.enqueue(new Uint8Array(1000)); }, cancel(reason) { cancelled.resolve(reason.name); } }, { highWaterMark: 0 });
       const request = new Request('https://a.b/', { method: 'POST', duplex: 'half', body, signal: a.signal });
       const answer = fetch(request).catch((e) => e.name); await new Promise((r) => setTimeout(r, 50));
       const before = asked; a.abort(); return [before < 6, await answer, await cancelled.promise, request.bodyUsed];`,
      gate,
    );
    await first.promise;
    expect(got).toEqual([true, 'AbortError', 'AbortError', true]);
  });

  it('sends a large body again where a redirect asks for it, and one that streams never', async () => {
    const gate = egress(async ({ url, body }) => {
      let size = 0;
      for await (const piece of body ?? []) size += piece.length;
      return url.endsWith('/a') ? answer(307, pieces(), [['location', '/b']]) : answer(200, pieces(String(size)));
    });
    const got = await value(
      `const put = (body) => fetch('https://a.b/a', { method: 'PUT', body, duplex: 'half' }).then((r) => r.text(), (e) => e.message);
       return [await put(new Uint8Array(700000)), await put(new Blob([new Uint8Array(700000)]).stream())];`,
      gate,
    );
    expect(got).toEqual(['700000', expect.stringContaining('cannot be sent again')]);
  });

  it('gives nothing that is not what `integrity` says', async () => {
    const gate = egress(async ({ url }) => answer(url.endsWith('/none') ? 204 : 200, pieces('to', 'p')));
    const got = await value(
      `const sum = async (hash) => { const d = new Uint8Array(await crypto.subtle.digest(hash, new TextEncoder().encode('top'))); return hash.replace('SHA-', 'sha') + '-' + d.toBase64({ alphabet: 'base64url', omitPadding: true }); };
       const [weak, strong] = [await sum('SHA-256'), await sum('SHA-512')]; const bad = 'sha512-AAAA';
       const get = (integrity, path = '') => fetch('https://a.b/' + path, { integrity }).then((r) => r.text(), (e) => e.name);
       return Promise.all([get(weak), get(strong), get(bad + ' ' + strong + '?x'), get(bad + ' ' + weak), get('sha256-AAAA'), get('md5-AAAA'), get(weak, 'none')]);`,
      gate,
    );
    expect(got).toEqual(['top', 'top', 'top', 'TypeError', 'TypeError', 'top', 'TypeError']);
  });

  it('takes off the codings that an origin used unasked, as it is read', async () => {
    const big = 'top '.repeat(100_000);
    const bytes: Record<string, [string, Buffer]> = {
      gzip: ['GZip', gzipSync(big)],
      deflate: ['deflate', deflateSync(big)],
      bare: ['deflate', deflateRawSync(big)],
      br: ['br', brotliCompressSync(big)],
      zstd: ['zstd', zstdCompressSync(big)],
      two: ['identity, deflate, br', brotliCompressSync(deflateSync(big))],
      plain: ['identity', Buffer.from(big)],
      unknown: ['gzip, new', Buffer.from(big)],
      cut: ['gzip', gzipSync(big).subarray(0, -9)],
      none: ['zstd', Buffer.from('no zstd')],
      empty: ['br', Buffer.alloc(0)],
    };
    const gate = egress(async ({ url }) => {
      const [coding, body] = bytes[new URL(url).pathname.slice(1)] ?? ['', Buffer.alloc(0)];
      const cut = async function* () {
        const piece = Math.max(100, body.length / 10);
        for (let at = 0; at < body.length; at += piece) yield body.subarray(at, at + piece);
      };
      return answer(200, cut(), [['content-encoding', coding]]);
    });
    const got = await value(
      `const get = (path) => fetch('https://a.b/' + path).then((r) => r.text()).then((t) => [t.length, t.slice(0, 4)], (e) => e.name);
       const part = (await fetch('https://a.b/br')).body.getReader({ mode: 'byob' }); const { value } = await part.read(new Uint8Array(9)); await part.cancel();
       const all = {}; for (const path of ${JSON.stringify(Object.keys(bytes))}) all[path] = await get(path);
       return [all, value.length];`,
      gate,
    );
    const whole = [big.length, 'top '];
    const many = { gzip: whole, deflate: whole, bare: whole, br: whole, zstd: whole, two: whole, plain: whole };
    expect(got).toEqual([{ ...many, unknown: whole, cut: 'TypeError', none: 'TypeError', empty: [0, ''] }, 9]);
  });

  it('waits its turn beyond 64 requests; what is small and not read is over all the same', async () => {
    const gate = egress(async ({ url }) => {
      const large = url.endsWith('large');
      return answer(200, pieces(...Array.from({ length: large ? 3 : 1 }, () => 'x'.repeat(large ? 40_000 : 1000))));
    });
    const got = await value(
      `const get = (path, n) => Promise.all(Array.from({ length: n }, () => fetch('https://a.b/' + path)));
       const small = await get('small', 150); const large = await get('large', 64);
       const full = await fetch('https://a.b/large').catch((e) => [e.name, e.code]);
       const late = fetch('https://a.b/small', { signal: AbortSignal.timeout(5000) }).catch((e) => e.name);
       await large[0].body.cancel(); const [after] = await get('large', 1);
       return [full, await late, (await after.text()).length, (await large[1].text()).length, (await small[149].text()).length];`,
      gate,
    );
    expect(got).toEqual([['TypeError', 'too_many_calls'], 'TypeError', 120_000, 120_000, 1000]);
  });

  it('refuses a body that was aborted at once, and each time', async () => {
    const gate = egress(async ({ signal }) =>
      answer(
        200,
        (async function* () {
          yield Buffer.from('x');
          await new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('gone'))));
        })(),
      ),
    );
    const got = await value(
      `const a = new AbortController(); const r = await fetch('https://a.b/', { signal: a.signal }); a.abort(); const out = [];
       const text = r.text().catch((e) => out.push(e.name)); const next = Promise.resolve().then(() => out.push('next')); await text; await next;
       await r.json().catch((e) => out.push(e.name)); return [...out, r.bodyUsed];`,
      gate,
    );
    expect(got).toEqual(['AbortError', 'next', 'AbortError', true]);
  });

  it('knows of the end of a body, and of one that breaks off, without another read', async () => {
    const gate = egress(async ({ url }) =>
      answer(
        200,
        (async function* () {
          yield Buffer.from('');
          yield Buffer.from('x');
          if (url.endsWith('/cut')) throw new Error('cut');
        })(),
      ),
    );
    const got = await value(
      `const end = async (path) => { const reader = (await fetch('https://a.b/' + path)).body.getReader(); const { value } = await reader.read(); return [value.length, await reader.closed.then(() => 'closed', (e) => e.name)]; };
       return [await end('cut'), await end('whole')];`,
      gate,
    );
    expect(got).toEqual([
      [1, 'TypeError'],
      [1, 'closed'],
    ]);
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
    const usual = 'accept,accept-language,user-agent';
    expect(seen).toEqual([`POST https://a.b/a authorization,k,content-type,${usual}`, `GET https://c.d/b k,${usual}`]);
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
