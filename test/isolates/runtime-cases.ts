/** The web API inside an isolate, as a table: what is done there, and what it returns. */

const thrown = (expression: string) => `try { ${expression}; return 'nothing'; } catch (e) { return e.name; }`;

/** Each is a body of an async function and what it returns. */
export const RUNTIME_CASES: Readonly<Record<string, readonly (readonly [string, string, unknown])[]>> = {
  url: [
    [
      'parses',
      "const u = new URL('HTTP://a.B:80/x/../y?q=1#h'); return [u.href, u.port, u.hash];",
      ['http://a.b/y?q=1#h', '', '#h'],
    ],
    ['resolves', "return new URL('../z', 'https://a.b/x/y').pathname;", '/z'],
    ['refuses', thrown("new URL('nope')"), 'TypeError'],
    [
      'sets',
      "const u = new URL('https://a.b/'); u.port = '8080'; u.pathname = 'p q'; return u.href;",
      'https://a.b:8080/p%20q',
    ],
    [
      'follows its parameters',
      "const u = new URL('https://a.b/?x=1'); u.searchParams.append('y', 'ä &'); return u.search;",
      '?x=1&y=%C3%A4+%26',
    ],
    [
      'parameters follow it',
      "const u = new URL('https://a.b/?x=1'); const p = u.searchParams; u.search = '?z=2'; return p.get('z');",
      '2',
    ],
    ['has parse and canParse', "return [URL.parse('x'), URL.canParse('a:b')];", [null, true]],
    [
      'parameters of a record, a sequence and a text',
      "return [new URLSearchParams({a:1})+'', new URLSearchParams([['b','2']])+'', new URLSearchParams('?c=3&c=4').getAll('c')];",
      ['a=1', 'b=2', ['3', '4']],
    ],
    ['parameters need their arguments', thrown("new URLSearchParams().append('x')"), 'TypeError'],
  ],
  encoding: [
    [
      'encodes',
      "return [...new TextEncoder().encode('ä€😀\\ud800')];",
      [195, 164, 226, 130, 172, 240, 159, 152, 128, 239, 191, 189],
    ],
    ['decodes', 'return new TextDecoder().decode(new Uint8Array([239,187,191,195,164,240,159,152,128]));', 'ä😀'],
    [
      'replaces maximal subparts',
      'return new TextDecoder().decode(new Uint8Array([0xf0,0x90,0x41,0xc0,0xed,0xa0,0x80]));',
      '\ufffdA\ufffd\ufffd\ufffd\ufffd',
    ],
    [
      'is fatal when asked',
      thrown("new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([255]))"),
      'TypeError',
    ],
    [
      'streams',
      'const d = new TextDecoder(); return d.decode(new Uint8Array([0xe2, 0x82]), { stream: true }) + d.decode(new Uint8Array([0xac]));',
      '€',
    ],
    [
      'knows the others',
      "return [new TextDecoder('latin1').encoding, new TextDecoder('utf-16le').decode(new Uint8Array([65,0])), new TextDecoder('shift_jis').decode(new Uint8Array([0x82,0xa0]))];",
      ['windows-1252', 'A', 'あ'],
    ],
    [
      'ISO-2022-JP, its escapes and what only looks like one',
      "const d = (...bytes) => new TextDecoder('iso-2022-jp').decode(Uint8Array.from(bytes)); const s = new TextDecoder('iso-2022-jp'); return [d(0x1b, 0x24), d(0x1b, 0x28, 0x49, 0x0d, 0x0e, 0x50), d(0x50, 0x1b, 0x24), d(0x1b, 0x24, 0x42, 0x50, 0x50, 0x1b, 0x28, 0x4a, 0x5c, 0x7e, 0x41), s.decode(Uint8Array.of(0x1b, 0x24), { stream: true }) + s.decode(Uint8Array.of(0x42, 0x50), { stream: true }) + s.decode(Uint8Array.of(0x50))];",
      ['\ufffd$', '\ufffd\ufffd\uff90', 'P\ufffd$', '佩¥‾A', '佩'],
    ],
    [
      'ISO-2022-JP is fatal when asked',
      thrown("new TextDecoder('iso-2022-jp', { fatal: true }).decode(Uint8Array.of(0x1b, 0x24))"),
      'TypeError',
    ],
    ['refuses what is none', thrown("new TextDecoder('nope')"), 'RangeError'],
    ['base64 both ways', "return [btoa('a\\u00ff'), atob(' YW I= '), atob('YQ')];", ['Yf8=', 'ab', 'a']],
    ['base64 refuses', thrown("atob('a')"), 'InvalidCharacterError'],
  ],
  'structured clone': [
    [
      'copies deeply, cycles and all',
      'const a = { m: new Map([[1, new Set([2])]]), d: new Date(5) }; a.self = a; const b = structuredClone(a); return [b.self === b, b !== a, b.m.get(1).has(2), b.d.getTime()];',
      [true, true, true, 5],
    ],
    [
      'shares a buffer between views',
      'const x = new Uint8Array([1,2]); const c = structuredClone([x, x.buffer]); return [c[0].buffer === c[1], c[0][1]];',
      [true, 2],
    ],
    [
      'transfers',
      'const b = new ArrayBuffer(4); const c = structuredClone(b, { transfer: [b] }); return [b.byteLength, c.byteLength];',
      [0, 4],
    ],
    [
      'keeps errors',
      "const e = structuredClone(new RangeError('x', { cause: 1 })); return [e instanceof RangeError, e.message, e.cause];",
      [true, 'x', 1],
    ],
    ['refuses functions', thrown('structuredClone(() => 1)'), 'DataCloneError'],
    [
      'goes by what a value is, not by what it says of itself',
      `const tagged = (tag) => ({ a: 1, [Symbol.toStringTag]: tag });
       class Amount { n = 5; get [Symbol.toStringTag]() { return 'Amount'; } }
       const date = new Date(7); date[Symbol.toStringTag] = 'Map';
       return [structuredClone(['Date', 'RegExp', 'Number', 'Promise'].map(tagged)), structuredClone(new Amount()),
         structuredClone(date).getTime(), structuredClone([Object.create(Map.prototype), Object.create(Error.prototype)])];`,
      [[{ a: 1 }, { a: 1 }, { a: 1 }, { a: 1 }], { n: 5 }, 7, [{}, {}]],
    ],
    [
      'refuses what has a state of its own',
      `const states = { promise: Promise.resolve(), weak: new WeakMap(), symbol: Object(Symbol()), iterator: new Map().keys(),
         generator: (function* () {})(), later: (async function* () {})(), format: new Intl.NumberFormat(),
         target: new (class extends EventTarget {})(), stream: new ReadableStream() };
       return Object.values(states).map((state) => { try { structuredClone(state); return 'cloned'; } catch (e) { return e.name; } });`,
      Array.from({ length: 9 }, () => 'DataCloneError'),
    ],
    [
      'copies errors of a quota',
      `let e; try { crypto.getRandomValues(new Uint8Array(65537)); } catch (thrown) { e = structuredClone(thrown); }
       const own = structuredClone(new QuotaExceededError('full', { quota: 1, requested: 2 }));
       return [e instanceof QuotaExceededError, e instanceof DOMException, e.name, e.code, e.quota, own.quota, own.requested, own.message];`,
      [true, true, 'QuotaExceededError', 22, null, 1, 2, 'full'],
    ],
    ['a quota is finite', thrown("new QuotaExceededError('x', { quota: Infinity })"), 'TypeError'],
    [
      'more is requested than the quota',
      thrown("new QuotaExceededError('x', { quota: 2, requested: 1 })"),
      'RangeError',
    ],
    ['refuses platform objects', thrown('structuredClone(new Headers())'), 'DataCloneError'],
  ],
  abort: [
    [
      'aborts once with its reason',
      "const c = new AbortController(); let n = 0; c.signal.addEventListener('abort', () => n++); c.abort('r'); c.abort('s'); return [n, c.signal.reason, c.signal.aborted];",
      [1, 'r', true],
    ],
    [
      'any follows the first',
      'const a = new AbortController(); const s = AbortSignal.any([a.signal, AbortSignal.timeout(9999)]); a.abort(1); return s.reason;',
      1,
    ],
    [
      'times out',
      'return await new Promise((r) => { AbortSignal.timeout(5).onabort = (e) => r(e.target.reason.name); });',
      'TimeoutError',
    ],
    ['throws its reason', thrown('AbortSignal.abort().throwIfAborted()'), 'AbortError'],
    [
      'events run once, and stop',
      "const t = new EventTarget(); const out = []; t.addEventListener('x', (e) => { out.push(1); e.stopImmediatePropagation(); }, { once: true }); t.addEventListener('x', () => out.push(2)); t.dispatchEvent(new Event('x')); t.dispatchEvent(new Event('x')); return out;",
      [1, 2],
    ],
  ],
  streams: [
    [
      'queue, read and close',
      "const s = new ReadableStream({ start(c) { c.enqueue('a'); c.enqueue('b'); c.close(); } }); const out = []; for await (const x of s) out.push(x); return out;",
      ['a', 'b'],
    ],
    [
      'pull as asked',
      'let n = 0; const s = new ReadableStream({ pull(c) { n++; c.enqueue(n); if (n === 3) c.close(); } }, { highWaterMark: 0 }); const r = s.getReader(); await r.read(); const asked = n; return [asked, (await r.read()).value, (await r.read()).value, (await r.read()).done];',
      [1, 2, 3, true],
    ],
    [
      'tee',
      'const [a, b] = ReadableStream.from([1, 2]).tee(); const all = async (s) => { const o = []; for await (const x of s) o.push(x); return o; }; return Promise.all([all(a), all(b)]);',
      [
        [1, 2],
        [1, 2],
      ],
    ],
    [
      'pipe through a transform',
      "const t = new TransformStream({ transform(x, c) { c.enqueue(x * 2); }, flush(c) { c.enqueue('end'); } }); const out = []; for await (const x of ReadableStream.from([1, 2]).pipeThrough(t)) out.push(x); return out;",
      [2, 4, 'end'],
    ],
    [
      'pipe errors both ways',
      "const out = []; const bad = new ReadableStream({ pull() { throw new Error('src'); } }); await bad.pipeTo(new WritableStream({ abort(e) { out.push(e.message); } })).catch((e) => out.push(e.message)); const src = new ReadableStream({ pull(c) { c.enqueue(1); }, cancel(e) { out.push('c:' + e.message); } }); await src.pipeTo(new WritableStream({ write() { throw new Error('dst'); } })).catch((e) => out.push(e.message)); return out;",
      ['src', 'src', 'c:dst', 'dst'],
    ],
    [
      'pipe is aborted',
      "const c = new AbortController(); const p = new ReadableStream({}).pipeTo(new WritableStream(), { signal: c.signal }); c.abort(new Error('stop')); return p.catch((e) => e.message);",
      'stop',
    ],
    [
      'writers feel back-pressure',
      'let free; const w = new WritableStream({ write: () => new Promise((r) => { free = r; }) }).getWriter(); await w.ready; w.write(1); const full = w.desiredSize; await new Promise((r) => setTimeout(r, 1)); free(); await w.ready; return [full, w.desiredSize];',
      [0, 1],
    ],
    ['locks', thrown('const s = new ReadableStream(); s.getReader(); s.getReader()'), 'TypeError'],
    [
      'byte readers bring buffers',
      "const s = new ReadableStream({ type: 'bytes', start(c) { c.enqueue(new Uint8Array([1,2,3])); c.close(); } }); const r = s.getReader({ mode: 'byob' }); const a = await r.read(new Uint8Array(2)); const b = await r.read(new Uint8Array(2)); const e = await r.read(new Uint8Array(2)); return [[...a.value], [...b.value], e.done];",
      [[1, 2], [3], true],
    ],
    [
      'byte sources fill them',
      "const s = new ReadableStream({ type: 'bytes', pull(c) { const v = c.byobRequest.view; v[0] = 7; c.byobRequest.respond(1); } }); const r = s.getReader({ mode: 'byob' }); return [...(await r.read(new Uint8Array(4))).value];",
      [7],
    ],
    [
      'text streams',
      "const out = []; for await (const x of ReadableStream.from(['a', '\\ud83d', '\\ude00']).pipeThrough(new TextEncoderStream()).pipeThrough(new TextDecoderStream())) out.push(x); return out.join('');",
      'a😀',
    ],
  ],
  'fetch classes': [
    [
      'headers combine, sort and check',
      "const h = new Headers({ b: '1', A: ' x ' }); h.append('b', '2'); return [[...h], h.get('B')];",
      [
        [
          ['a', 'x'],
          ['b', '1, 2'],
        ],
        '1, 2',
      ],
    ],
    ['headers refuse line breaks', thrown("new Headers({ a: 'x\\r\\ny' })"), 'TypeError'],
    [
      'set-cookie stays apart',
      "const h = new Headers(); h.append('set-cookie', 'a'); h.append('set-cookie', 'b'); return [h.getSetCookie(), [...h].length];",
      [['a', 'b'], 2],
    ],
    [
      'a response reads once',
      "const r = new Response('x'); const t = await r.text(); return [t, r.bodyUsed, await r.text().catch((e) => e.name)];",
      ['x', true, 'TypeError'],
    ],
    [
      'a response clones',
      "const r = Response.json({ a: 1 }); const c = r.clone(); return [await r.json(), await c.text(), r.headers.get('content-type')];",
      [{ a: 1 }, '{"a":1}', 'application/json'],
    ],
    [
      'a request keeps its parts',
      "const r = new Request('https://a.b/#f', { method: 'post', body: 'x', headers: { host: 'no', x: '1' } }); return [r.method, r.url, [...r.headers], await r.text()];",
      [
        'POST',
        'https://a.b/#f',
        [
          ['content-type', 'text/plain;charset=UTF-8'],
          ['x', '1'],
        ],
        'x',
      ],
    ],
    ['a GET has no body', thrown("new Request('https://a.b', { body: 'x' })"), 'TypeError'],
    [
      'a form goes round',
      "const f = new FormData(); f.append('a', '1'); f.append('f', new Blob(['xyz'], { type: 'text/x' }), 'n.txt'); const g = await new Response(f).formData(); const file = g.get('f'); return [g.get('a'), file.name, file.type, await file.text()];",
      ['1', 'n.txt', 'text/x', 'xyz'],
    ],
    [
      'a blob slices',
      "const b = new Blob(['hello ', new Uint8Array([119])]); return [b.size, await b.slice(-2).text(), b.slice(0, 1, 'T/X').type];",
      [7, ' w', 't/x'],
    ],
    [
      'a body streams',
      "const r = new Response(new ReadableStream({ start(c) { c.enqueue(new TextEncoder().encode('ab')); c.close(); } })); return r.text();",
      'ab',
    ],
  ],
  platform: [
    [
      'the clock of performance is not the one that tool code may set',
      'Date.now = () => NaN; await new Promise((r) => setTimeout(r, 2)); return performance.now() >= 1;',
      true,
    ],
    [
      'a delay is a long: what does not fit wraps round',
      `const seen = []; for (const [name, ms] of [['soon', 2 ** 32], ['negative', -5], ['never', 2 ** 31 - 1], ['wrapped', 2 ** 32 + 20]])
         setTimeout(() => seen.push(name), ms); await new Promise((r) => setTimeout(r, 40)); return seen;`,
      ['soon', 'negative', 'wrapped'],
    ],
    [
      'a long timer does not hold up the short ones',
      "const late = setTimeout(() => {}, 60000); for (let i = 0; i < 200; i += 1) await new Promise((r) => setTimeout(r, 0)); clearTimeout(late); return 'through';",
      'through',
    ],
    [
      'a label of ASCII that is no Punycode is a host all the same',
      "return ['http://xn--/', 'http://a.xn--pokxncvks/', 'http://xn--bcher-kva.de/', 'http://xn--a.ß/'].map((u) => URL.canParse(u));",
      [true, true, true, false],
    ],
    [
      'pairs are iterated live, by an iterator of their own',
      "const p = new URLSearchParams('a=1&b=2'); const i = p.keys(); i.next(); p.append('c', '3'); return [[...i], String(i), Headers.prototype.entries === Headers.prototype[Symbol.iterator], Object.hasOwn(i, 'next')];",
      [['b', 'c'], '[object URLSearchParams Iterator]', true, false],
    ],
    [
      'listeners that capture come first, and a signal takes them away',
      "const seen = []; const t = new EventTarget(); const c = new AbortController(); t.addEventListener('x', () => seen.push(1)); t.addEventListener('x', () => seen.push(0), { capture: true }); t.addEventListener('x', () => seen.push(9), { signal: c.signal }); c.abort(); t.dispatchEvent(new Event('x')); return seen;",
      [0, 1],
    ],
    [
      'an error that nobody caught is told to the global object',
      "const seen = []; addEventListener('error', (e) => { seen.push(e.error.message, e instanceof ErrorEvent, e.isTrusted); e.preventDefault(); }); setTimeout(() => { throw new Error('late'); }, 0); await new Promise((r) => setTimeout(r, 5)); return seen;",
      ['late', true, true],
    ],
    [
      'signals of any follow in order',
      "const a = new AbortController(); const seen = []; const any = AbortSignal.any([AbortSignal.any([a.signal])]); any.addEventListener('abort', () => seen.push('any')); a.signal.addEventListener('abort', () => seen.push('own', any.aborted)); a.abort(7); return [...seen, any.reason];",
      ['own', true, 'any', 7],
    ],
    [
      'a DOMException is an error with a stack',
      "const e = new DOMException('m', 'AbortError'); return [e instanceof Error, e.code, DOMException.WRONG_DOCUMENT_ERR, typeof e.stack, Object.prototype.toString.call(e), e.message];",
      [true, 20, 4, 'string', '[object DOMException]', 'm'],
    ],
    [
      'a data URL needs no network',
      "const r = await fetch('data:text/plain;charset=utf-8;base64,aGVsbG8='); return [r.status, r.headers.get('content-type'), await r.text()];",
      [200, 'text/plain;charset=utf-8', 'hello'],
    ],
    ['no other scheme is fetched', thrown("await fetch('file:///etc/passwd')"), 'TypeError'],
    [
      'a body that was read is locked',
      "const r = new Response('x'); await r.text(); return [r.bodyUsed, r.body.locked];",
      [true, true],
    ],
    [
      'T-63 a then on Object.prototype sees no body',
      "const seen = []; Object.defineProperty(Object.prototype, 'then', { configurable: true, get() { seen.push(1); return undefined; } }); const r = new Response(new ReadableStream({ start(c) { c.enqueue(new TextEncoder().encode('ab')); c.close(); } })); const text = r.text(); delete Object.prototype.then; return text;",
      'ab',
    ],
    [
      'the copy of a response has bytes of its own',
      'const bytes = new Uint8Array([1]); const r = new Response(new ReadableStream({ start(c) { c.enqueue(bytes); c.close(); } })); const c = r.clone(); const [a, b] = [await r.body.getReader().read(), await c.body.getReader().read()]; return [a.value === b.value, [...b.value]];',
      [false, [1]],
    ],
    [
      'a resizable buffer stays one when it is cloned',
      'const b = structuredClone(new ArrayBuffer(4, { maxByteLength: 8 })); return [b.resizable, b.maxByteLength];',
      [true, 8],
    ],
    [
      'a transform that cancels and a read of at least so many bytes',
      "const t = new TransformStream({ cancel() { return Promise.reject(new Error('no')); } }); const why = await t.readable.cancel().catch((e) => e.message); const s = new ReadableStream({ type: 'bytes', start(c) { c.enqueue(new Uint8Array([1])); c.enqueue(new Uint8Array([2])); } }); const { value } = await s.getReader({ mode: 'byob' }).read(new Uint8Array(2), { min: 2 }); return [why, [...value]];",
      ['no', [1, 2]],
    ],
    [
      'requests keep what is only shown, and refuse what is wrong',
      "const r = new Request('https://a.b', { keepalive: true, integrity: 'x', referrerPolicy: 'origin', cache: 'no-store' }); const bad = [{ mode: 'navigate' }, { priority: 'x' }, { signal: 1 }, { duplex: 'full' }].filter((i) => { try { new Request('https://a.b', i); return true; } catch { return false; } }); return [r.keepalive, r.integrity, r.referrerPolicy, r.cache, bad.length];",
      [true, 'x', 'origin', 'no-store', 0],
    ],
  ],
  crypto: [
    [
      'digests',
      "return [...new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode('abc')))].slice(0, 4);",
      [186, 120, 22, 191],
    ],
    [
      'signs and verifies',
      "const k = await crypto.subtle.importKey('raw', new Uint8Array([1]), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify']); const s = await crypto.subtle.sign('HMAC', k, new Uint8Array([2])); return [s.byteLength, await crypto.subtle.verify('HMAC', k, s, new Uint8Array([2])), await crypto.subtle.verify('HMAC', k, s, new Uint8Array([3]))];",
      [32, true, false],
    ],
    [
      'random values and ids',
      'const a = crypto.getRandomValues(new Uint8Array(32)); return [a.some((x) => x > 0), /^[0-9a-f]{8}-[0-9a-f]{4}-4/.test(crypto.randomUUID())];',
      [true, true],
    ],
  ],
  realm: [
    [
      'has no way out',
      "return ['process', 'require', 'Buffer', 'SharedArrayBuffer', 'Atomics', 'eval', 'WebAssembly', '__boot'].filter((n) => n in globalThis);",
      [],
    ],
    [
      'makes no code from text',
      `const out = []; for (const f of [() => Function('1'), () => (() => {}).constructor('1'), () => (async () => {}).constructor('1'), () => (function* () {}).constructor('1')]) { try { f(); } catch (e) { out.push(e.name); } } return out;`,
      ['EvalError', 'EvalError', 'EvalError', 'EvalError'],
    ],
    ['has a coarse clock', 'return [performance.now(), performance.timeOrigin].every(Number.isInteger);', true],
    [
      'names its classes',
      "return [String(new URL('a:b')) , Object.prototype.toString.call(new Headers()), 'append' in Headers.prototype, Headers.prototype.append.length];",
      ['a:b', '[object Headers]', true, 2],
    ],
  ],
};
