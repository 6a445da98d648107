/** Compression, messages, file readers, forms and marks of time inside an isolate, as a table like that of `runtime-cases.ts`. */

const HELP = `const text = (t) => new TextEncoder().encode(t); const fault = async (p) => { try { await p; return 'nothing'; } catch (e) { return e.name; } };
const through = (bytes, stream) => new Response(new Blob([bytes]).stream().pipeThrough(stream)).bytes(); const turn = () => new Promise((r) => setTimeout(r, 5));`;

type Case = readonly [string, string, unknown];

const compression: readonly Case[] = [
  [
    'goes there and back, in each format and however it is cut',
    `const big = text(Array.from({ length: 20000 }, (_, i) => i * 7).join()); const out = [];
     for (const f of ['gzip', 'deflate', 'deflate-raw', 'brotli']) { const small = await through(big, new CompressionStream(f)); const un = new DecompressionStream(f); const w = un.writable.getWriter();
       const all = new Response(un.readable).bytes(); for (let at = 0; at < small.length; at += 977) await w.write(small.subarray(at, at + 977)); await w.close();
       const back = await all; out.push(small.length < big.length / 2, back.length === big.length && back.every((b, i) => b === big[i])); } return out;`,
    [true, true, true, true, true, true, true, true],
  ],
  [
    'reads what others made',
    `const made = Uint8Array.from(atob('H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA=='), (c) => c.charCodeAt(0)); return new TextDecoder().decode(await through(made, new DecompressionStream('gzip')));`,
    'hello',
  ],
  [
    'refuses what is cut, broken or followed by more, and formats that it does not know',
    `const good = await through(text('hello hello hello'), new CompressionStream('gzip')); const bad = good.slice(); bad[bad.length - 6] ^= 1; const un = (b) => fault(through(b, new DecompressionStream('gzip')));
     const br = await through(text('hello'), new CompressionStream('brotli')); const unBr = (...parts) => fault(new Response(new Blob(parts).stream().pipeThrough(new DecompressionStream('brotli'))).bytes());
     return [await unBr(br, text('more')), await unBr(br), await un(good.subarray(0, -1)), await un(bad), await un(new Uint8Array([...good, 0])), await un(text('nothing of it')), await fault((async () => new CompressionStream('br'))()), await fault((async () => new DecompressionStream())())];`,
    ['TypeError', 'nothing', 'TypeError', 'TypeError', 'TypeError', 'TypeError', 'TypeError', 'TypeError'],
  ],
  [
    'T-61 gives a bomb in pieces that who reads it asks for',
    `const z = new CompressionStream('deflate'); const w = z.writable.getWriter(); const small = new Response(z.readable).bytes(); for (let i = 0; i < 40; i += 1) await w.write(new Uint8Array(1e6)); await w.close();
     const bomb = await small; const r = new Blob([bomb]).stream().pipeThrough(new DecompressionStream('deflate')).getReader(); let [most, all] = [0, 0];
     for (let n = await r.read(); !n.done; n = await r.read()) { most = Math.max(most, n.value.length); all += n.value.length; } return [bomb.length < 50000, most <= 2 ** 24, all];`,
    [true, true, 40_000_000],
  ],
];

const messages: readonly Case[] = [
  [
    'a channel carries clones, in order, once it is started',
    `const { port1, port2 } = new MessageChannel(); const got = []; const sent = { n: [1] }; port1.postMessage(sent); port1.postMessage(2); sent.n.push(2);
     port2.addEventListener('message', (e) => got.push(e.data)); await turn(); const before = got.length; port2.start(); await turn(); return [before, got, String(port1), port1 instanceof EventTarget];`,
    [0, [{ n: [1] }, 2], '[object MessagePort]', true],
  ],
  [
    'a message is a turn of its own',
    `const { port1, port2 } = new MessageChannel(); const got = []; port2.onmessage = (e) => { got.push(e.data); Promise.resolve().then(() => got.push('after ' + e.data)); };
     port1.postMessage(1); port1.postMessage(2); got.push('sent'); await turn(); return got;`,
    ['sent', 1, 'after 1', 2, 'after 2'],
  ],
  [
    'ports and buffers move',
    `const one = new MessageChannel(); const two = new MessageChannel(); const got = []; const buffer = new ArrayBuffer(8); two.port1.postMessage('waits');
     one.port2.onmessage = ({ data, ports }) => { got.push(data.buffer.byteLength, ports.length, ports[0] === data.port, ports[0] === two.port2); ports[0].onmessage = (e) => got.push(e.data); };
     one.port1.postMessage({ buffer, port: two.port2 }, [buffer, two.port2]); await turn(); two.port1.postMessage('moved'); await turn(); return [...got, buffer.detached];`,
    [8, 1, true, false, 'waits', 'moved', true],
  ],
  [
    'refuses what cannot move, and moves nothing then',
    `const { port1, port2 } = new MessageChannel(); const send = (m, t) => fault((async () => port1.postMessage(m, t))()); const b = new ArrayBuffer(1); const gone = structuredClone(port2, { transfer: [port2] });
     return [await send(1, [port1]), await send({ port2 }), await send(1, [port2]), await send(() => 1, [b]), b.detached, await send(1, [b, b]), await send(1, [{}]), gone instanceof MessagePort, await fault((async () => new MessagePort())())];`,
    [
      ...['DataCloneError', 'DataCloneError', 'DataCloneError', 'DataCloneError', false],
      ...['DataCloneError', 'DataCloneError', true, 'TypeError'],
    ],
  ],
  [
    'streams move, chunk by chunk as they are asked for, and what ends one end ends the other',
    `const of = (s) => structuredClone(s, { transfer: [s] }); const log = []; let c; const made = of(new ReadableStream({ start: (to) => { c = to; }, cancel: (r) => log.push('cancelled ' + r) }));
     const sent = { get n() { log.push('asked for'); return [1]; } }; c.enqueue(sent); await turn(); log.push('before'); const r = made.getReader(); const got = (await r.read()).value; await r.cancel('why'); await turn(); await turn();
     const broken = of(new ReadableStream({ start: (to) => to.error('foo') })); const foo = await broken.getReader().read().catch((e) => e);
     let d; const bad = of(new ReadableStream({ start: (to) => { d = to; } })); d.enqueue(() => 1); const refused = await fault(bad.getReader().read()); await turn(); const errored = await fault((async () => d.enqueue(1))());
     const all = []; const w = of(new WritableStream({ write: (x) => all.push(x), close: () => all.push('closed') })).getWriter(); for (const x of [1, 2, 3]) w.write(x); await w.close(); await turn(); await turn();
     const t = of(new TransformStream({ transform: (x, to) => to.enqueue(x * 2) })); const tw = t.writable.getWriter(); tw.write(21); tw.close(); const tr = t.readable.getReader();
     const { port1, port2 } = new MessageChannel(); const by = new Promise((next) => { port2.onmessage = (e) => next(e.data); }); const s = new Response('text').body; port1.postMessage({ s }, [s]); const { locked } = s; const read = await new Response((await by).s).text();
     return [log, got, sent === got, foo, refused, errored, all, t instanceof TransformStream, (await tr.read()).value, (await tr.read()).done, read, locked];`,
    [
      ['before', 'asked for', 'cancelled why'],
      ...[{ n: [1] }, false, 'foo', 'DataCloneError', 'TypeError', [1, 2, 3, 'closed'], true, 42, true, 'text', true],
    ],
  ],
  [
    'a stream that is locked, or none, stays where it is, and so does a port that is closed',
    `const s = new ReadableStream(); s.getReader(); const t = new TransformStream(); t.readable.getReader(); const move = (x) => fault((async () => structuredClone(x, { transfer: [x] }))());
     const pair = new TransformStream(); const both = [pair.writable, pair]; const { port1, port2 } = new MessageChannel(); port1.close();
     return [await move(s), await move(t), t.writable.locked, await move(Object.create(ReadableStream.prototype)), await fault((async () => structuredClone(new WritableStream()))()), await fault((async () => structuredClone(both, { transfer: both }))()), await move(port1), (await move(port2)) === 'DataCloneError'];`,
    [
      'DataCloneError',
      'DataCloneError',
      false,
      'DataCloneError',
      'DataCloneError',
      'DataCloneError',
      'DataCloneError',
      false,
    ],
  ],
  [
    'a closed one is told of, and carries nothing',
    `const { port1, port2 } = new MessageChannel(); const got = []; port2.onmessage = (e) => got.push(e.data); port2.onclose = () => got.push('close'); port1.close(); port1.postMessage(1); port2.postMessage(1); await turn(); return got;`,
    ['close'],
  ],
  [
    'a broadcast reaches all others of its name',
    `const [a, b, c, d] = ['x', 'x', 'x', 'y'].map((n) => new BroadcastChannel(n)); const got = []; for (const [n, ch] of Object.entries({ a, b, c, d })) ch.onmessage = (e) => got.push(n + e.data + e.origin);
     globalThis.location = { origin: 'https://o.test' }; a.postMessage(1); c.close(); await turn(); return [got, await fault((async () => c.postMessage(1))())];`,
    [['b1https://o.test'], 'InvalidStateError'],
  ],
];

const readers: readonly Case[] = [
  [
    'a file reader reads in each way, and tells in order',
    `const blob = new Blob(['h\\u00e9'], { type: 'text/plain' }); const read = (how, ...rest) => new Promise((done) => { const r = new FileReader(); const seen = []; for (const t of ['loadstart', 'progress', 'load', 'loadend']) r.addEventListener(t, (e) => seen.push(e.type + e.loaded)); r.onloadend = () => done([r.result, seen.join()]); r[how](blob, ...rest); });
     const [buffer] = await read('readAsArrayBuffer'); return [buffer.byteLength, await read('readAsText'), (await read('readAsText', 'latin1'))[0], (await read('readAsDataURL'))[0], (await read('readAsBinaryString'))[0].length];`,
    [3, ['hé', 'loadstart0,progress3,load3,loadend3'], 'hÃ©', 'data:text/plain;base64,aMOp', 3],
  ],
  [
    'gives up, and refuses to read two things at once',
    `const r = new FileReader(); const seen = []; for (const t of ['load', 'abort', 'loadend']) r['on' + t] = () => seen.push(t); r.readAsText(new Blob(['x'])); const second = await fault((async () => r.readAsText(new Blob([])))()); r.abort(); await turn();
     return [second, seen, r.readyState === FileReader.DONE, r.result, r.error.name];`,
    ['InvalidStateError', ['abort', 'loadend'], true, null, 'AbortError'],
  ],
];

const forms: readonly Case[] = [
  [
    'names of a form are scalar values, wherever they are given, and a file name may be undefined',
    `const f = new FormData(); f.append('\\uD800', '\\uD800'); f.append('b', new Blob(['x']), undefined); const out = [f.get('\\uFFFD'), f.get('\\uD800'), f.getAll('\\uD800').length, f.has('\\uD800'), f.get('b').name];
     f.delete('\\uD800'); return [...out, f.has('\\uFFFD'), await fault((async () => f.append('a', 'b', undefined))())];`,
    ['\uFFFD', '\uFFFD', 1, true, 'blob', false, 'TypeError'],
  ],
  [
    'a form is read as it was written, escapes left alone',
    `const f = new FormData(); f.append('a"b', 'c\\nd'); f.append('e', new File(['x'], 'y"z', { type: 'text/x' })); const g = await new Response(f).formData();
     return [[...g.keys()], g.get('a%22b'), g.get('e').name, g.get('e').lastModified, await fault(new Response('p', { headers: { 'content-type': 'multipart/form-data; boundary=p' } }).formData())];`,
    [['a%22b', 'e'], 'c\r\nd', 'y%22z', 0, 'TypeError'],
  ],
  [
    'the time of a file is a whole number of 64 bits',
    `return [5.9, -1.5, null, NaN, Infinity, 2 ** 64 + 4096, new Date(7)].map((lastModified) => new File([], 'n', { lastModified }).lastModified);`,
    [5, -1, 0, 0, 0, 4096, 7],
  ],
  [
    'fetch without a network is a TypeError, as any failure of fetch, and says why',
    `let e; try { await fetch('http://127.0.0.1:22/'); } catch (error) { e = error; } return [e instanceof TypeError, e.constructor === TypeError, e.name, e.code];`,
    [true, true, 'TypeError', 'no_bindings'],
  ],
  [
    'functions and interfaces say how many arguments they need',
    `return [fetch, atob, btoa, setTimeout, setInterval, clearTimeout, clearInterval, structuredClone, queueMicrotask, reportError, BroadcastChannel, MessageEvent].map((f) => f.length);`,
    [1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1],
  ],
];

const bodies: readonly Case[] = [
  [
    'are made and read without looking at what stands on Object.prototype',
    `const names = ['start', 'pull', 'cancel', 'type', 'size', 'highWaterMark', 'autoAllocateChunkSize', 'write', 'close', 'abort', 'signal', 'preventClose', 'status', 'headers', 'endings'];
     for (const name of names) Object.defineProperty(Object.prototype, name, { get() { throw new Error(name); }, configurable: true });
     try { const made = new Response('made'); made.body; const copy = made.clone(); const read = new Response('read'); await read.text(); const reader = read.body.locked;
       const data = await fetch('data:,data'); return [await made.text(), await copy.text(), reader, await new Blob(['blob']).text(), await new Response(new Blob(['part']).stream()).text(), await data.text(), new File([], 'name').name, Response.json(1).status];
     } finally { for (const name of names) delete Object.prototype[name]; }`,
    ['made', 'made', true, 'blob', 'part', 'data', 'name', 200],
  ],
];

const times: readonly Case[] = [
  [
    'marks and measures stand on a timeline until they are cleared',
    `const detail = { n: [1] }; const m = performance.mark('a', { startTime: 5, detail }); detail.n.push(2); performance.mark('b', { startTime: 3 }); performance.mark('a', { startTime: 9 }); performance.mark('now');
     const spans = [['b', 'a'], [{ start: 'b', duration: 4 }], [{ end: 'a', duration: 4 }], [{ start: 1, end: 2.5, detail: 0 }], [undefined, 'b'], [null, 'b']].map((a) => performance.measure('m', ...a));
     const order = performance.getEntriesByType('mark').slice(0, 3).map((e) => e.name + e.startTime); const now = performance.measure('whole'); performance.clearMarks('a'); const left = performance.getEntriesByType('mark').map((e) => e.name); performance.clearMeasures();
     return [m.detail, m.duration, spans.map((s) => [s.startTime, s.duration]), spans[3].detail, order, now.startTime, Number.isInteger(now.duration), left, performance.getEntries().length, performance.getEntriesByName('b', 'measure').length, m instanceof PerformanceMark, m instanceof PerformanceEntry, String(spans[0])];`,
    [
      ...[
        { n: [1] },
        0,
        [
          [3, 6],
          [3, 4],
          [5, 4],
          [1, 1.5],
          [0, 3],
          [0, 3],
        ],
        0,
        ['b3', 'a5', 'a9'],
      ],
      ...[0, true, ['b', 'now'], 2, 0, true, true, '[object PerformanceMeasure]'],
    ],
  ],
  [
    'marks and measures refuse what makes no sense',
    `performance.mark('a'); const bad = (f) => fault((async () => f())()); const measure = (...a) => bad(() => performance.measure('m', ...a)); const mark = (...a) => bad(() => performance.mark(...a));
     return [await measure('none'), await measure('a', 'none'), await measure({ start: 1 }, 'a'), await measure({ duration: 1 }), await measure({ start: 1, end: 2, duration: 3 }), await measure({ start: -1 }), await measure({ start: NaN }),
       await mark(), await mark('x', 1), await mark('x', { startTime: -1 }), await mark('x', { detail: () => 1 }), await bad(() => new PerformanceEntry()), await bad(() => new PerformanceMeasure()), new PerformanceMark('off').name, performance.getEntries().length];`,
    ['SyntaxError', 'SyntaxError', ...Array(8).fill('TypeError'), 'DataCloneError', 'TypeError', 'TypeError', 'off', 1],
  ],
  [
    'observers hear of them a turn later, and one that throws stops nobody',
    `const got = []; performance.mark('early'); const of = (name) => new PerformanceObserver((list, self, { droppedEntriesCount }) => { got.push(name + list.getEntries().map((e) => e.name) + droppedEntriesCount); if (name === 'bad') throw new Error('x'); });
     const [bad, all, late, off] = ['bad', 'all', 'late', 'off'].map(of); bad.observe({ type: 'mark' }); all.observe({ entryTypes: ['measure', 'mark', 'nothing'] }); late.observe({ type: 'mark', buffered: true }); off.observe({ type: 'mark' });
     performance.mark('a'); performance.measure('b', 'a'); const taken = off.takeRecords().map((e) => e.name); off.disconnect(); const before = got.length; await turn(); performance.mark('c'); await turn();
     return [before, got, taken, PerformanceObserver.supportedEntryTypes, await fault((async () => all.observe({ type: 'mark' }))()), await fault((async () => bad.observe({}))()), await fault((async () => bad.observe({ entryTypes: 'mark' }))())];`,
    [
      ...[0, ['bada0', 'alla,b0', 'lateearly,a0', 'badcundefined', 'allcundefined', 'latecundefined'], ['a']],
      ...[['mark', 'measure'], 'InvalidModificationError', 'TypeError', 'TypeError'],
    ],
  ],
];

const errors: readonly Case[] = [
  [
    'errors that nobody caught are told with their place, and a handler that gives true took them',
    `const got = []; onerror = (...all) => { got.push(all.map(String)); return true; }; setTimeout(() => { throw new TypeError('late'); }, 0); await turn(); reportError(1); onerror = null;
     addEventListener('error', (e) => { got.push([e.message, e.filename, e.lineno > 0, e.colno > 0, e.error === undefined, e.isTrusted]); e.preventDefault(); }); reportError(undefined);
     return [got[0].slice(0, 2), got[0][4], got[1].slice(0, 2), got[1][4], got[2]];`,
    [
      ...[['Uncaught TypeError: late', 'tool.js'], 'TypeError: late', ['Uncaught 1', 'tool.js'], '1'],
      ['Uncaught undefined', 'tool.js', true, true, true, true],
    ],
  ],
  [
    'rejections that nobody handles are told with their reason; one that is handled in its turn is none',
    `const got = []; onunhandledrejection = (e) => { got.push([e.type, e instanceof PromiseRejectionEvent, e.promise instanceof Promise, e.reason?.name ?? e.reason, e.reason?.message, e.cancelable]); return false; };
     Promise.reject(new RangeError('a')); await turn(); Promise.reject('b'); await turn(); Promise.reject({ c: 1 }); await turn(); const p = Promise.reject('d'); await null; p.catch(() => {}); await turn(); onunhandledrejection = null; return got;`,
    [
      ['unhandledrejection', true, true, 'RangeError', 'a', true],
      ['unhandledrejection', true, true, 'b', null, true],
      ['unhandledrejection', true, true, '[object]', null, true],
    ],
  ],
  [
    'finalizers run while the task does, of a registry that leads to no other',
    `let runs = 0; class Own extends FinalizationRegistry {} const seen = new Own(() => { runs += 1; }); const bad = [];
     for (const made of [() => new FinalizationRegistry(1), () => FinalizationRegistry(() => 0)]) try { made(); } catch (e) { bad.push(e.name); }
     for (let i = 0; runs === 0 && i < 1e5; i++) { seen.register({ a: new Array(1000) }, i); if (i % 1000 === 0) await turn(); }
     let native; Object.prototype.get = (target) => { native = target; }; FinalizationRegistry.name; delete Object.prototype.get;
     return [runs > 0, bad, seen instanceof FinalizationRegistry, FinalizationRegistry.prototype.constructor === FinalizationRegistry, native === undefined, FinalizationRegistry.name, FinalizationRegistry.length];`,
    [true, ['TypeError', 'TypeError'], true, true, true, 'FinalizationRegistry', 1],
  ],
  [
    'handlers of the global object are attributes, and a rejection is of a promise',
    `const bad = (...a) => fault((async () => new PromiseRejectionEvent(...a))()); const p = Promise.resolve(); const e = new PromiseRejectionEvent('x', { promise: p, reason: 1 }); const handler = () => 1; onerror = handler; const set = onerror === handler; onerror = 5;
     return [set, onerror, 'onrejectionhandled' in globalThis, e.promise === p, e.reason, await bad('x'), await bad('x', {}), await bad('x', { promise: 1 })];`,
    [true, null, true, true, 1, 'TypeError', 'TypeError', 'TypeError'],
  ],
];

const texts: readonly Case[] = [
  [
    'bytes and text',
    `const b = Uint8Array.fromBase64('AQL_', { alphabet: 'base64url' }); const into = new Uint8Array(4); return [[...b], b.toBase64(), b.toHex(), into.setFromBase64('AQID'), into.setFromHex('ff'), [...into], await fault((async () => Uint8Array.fromHex('f'))())];`,
    [[1, 2, 255], 'AQL/', '0102ff', { read: 4, written: 3 }, { read: 2, written: 1 }, [255, 2, 3, 0], 'SyntaxError'],
  ],
  [
    'patterns of URLs',
    `const p = new URLPattern('/u/:id(\\\\d+)', 'https://a.b'); const { pathname, hostname } = p.exec('https://a.b/u/12'); return [pathname, hostname, p.test('https://a.b/u/x'), p.test({ pathname: '/u/1' }), p.hasRegExpGroups, String(p), await fault((async () => new URLPattern('('))())];`,
    [
      { groups: { id: '12' }, input: '/u/12' },
      ...[{ groups: {}, input: 'a.b' }, false, false, true, '[object URLPattern]', 'TypeError'],
    ],
  ],
];

const thrown = (expression: string) => `try { ${expression}; return 'nothing'; } catch (e) { return e.name; }`;

const local: readonly Case[] = [
  [
    'a blob URL names a blob until it is revoked; a request keeps what it found',
    "const b = new Blob(['Hello'], { type: 'text/plain' }); const u = URL.createObjectURL(b); const kept = new Request(u); const r = await fetch(u + '#x'); const all = [u.startsWith('blob:null/'), r.status, r.headers.get('content-type'), await r.text()]; URL.revokeObjectURL(u + '#x'); await fetch(u); URL.revokeObjectURL(u); return [...all, await fetch(u).catch((e) => e.name), await (await fetch(kept.clone())).text(), await fetch(kept, { method: 'HEAD' }).catch((e) => e.name)];",
    [true, 200, 'text/plain', 'Hello', 'TypeError', 'Hello', 'TypeError'],
  ],
  [
    'ranges of a blob',
    "const u = URL.createObjectURL(new Blob(['0123456789'])); const get = (range) => fetch(u, { headers: { range } }).then(async (r) => [r.status, r.headers.get('content-range'), await r.text()], (e) => e.name); return [await get('bytes=2-4'), await get('bytes=8-'), await get('bytes=-3'), await get('bytes=5-99'), await get('bytes=10-'), await get('bytes=4-2'), await get('bytes=-'), await get('bytes=0-1,4-5')];",
    [
      ...[
        [206, 'bytes 2-4/10', '234'],
        [206, 'bytes 8-9/10', '89'],
        [206, 'bytes 7-9/10', '789'],
      ],
      ...[[206, 'bytes 5-9/10', '56789'], 'TypeError', 'TypeError', 'TypeError', 'TypeError'],
    ],
  ],
  ['createObjectURL takes blobs only', thrown('URL.createObjectURL({})'), 'TypeError'],
  ['nothing is cached', thrown("await fetch('data:,', { cache: 'only-if-cached', mode: 'same-origin' })"), 'TypeError'],
];

const asWebIdl: readonly Case[] = [
  [
    'what was transferred has no bytes, and is no fault',
    `const b = new ArrayBuffer(8); const v = new Uint8Array(b); const d = new DataView(b); b.transfer(); const hash = new Uint8Array(await crypto.subtle.digest('SHA-1', v));
     return [new TextDecoder().decode(v), new TextDecoder().decode(b), new Blob([v, b, d, 'x']).size, await new Response(v).text(), hash[0] === 0xda && hash[1] === 0x39];`,
    ['', '', 1, '', true],
  ],
  [
    'bytes are those that a view has, whatever it says of itself',
    `class Odd extends Uint8Array { get byteLength() { return 99; } get buffer() { return null; } } class FloatBytes extends Uint8Array {} const own = new Uint8Array(2); own.constructor = null;
     return [new TextDecoder().decode(new Odd([65, 66])), await new Blob([Object.create(ArrayBuffer.prototype)]).text(), crypto.getRandomValues(new FloatBytes(3)).length, crypto.getRandomValues(own).length, await fault((async () => crypto.getRandomValues(new Float32Array(1)))())];`,
    ['AB', '[object ArrayBuffer]', 3, 2, 'TypeMismatchError'],
  ],
  [
    'Request and Response have all of a body themselves',
    `const own = ['body', 'bodyUsed', 'text', 'textStream', 'bytes'];
     return [Request, Response].map((k) => [Object.getPrototypeOf(k) === Function.prototype, Object.getPrototypeOf(k.prototype) === Object.prototype, own.every((name) => Object.hasOwn(k.prototype, name))]);`,
    [
      [true, true, true],
      [true, true, true],
    ],
  ],
  [
    'bytes as a stream of texts',
    `const all = async (s) => { const out = []; for await (const piece of s) out.push(piece); return out.join(); }; const used = new Response('ä'); await used.text();
     return [await all(new Response('aä€').textStream()), await all(new Response().textStream()), await all(new Blob([text('ö')], { type: 'text/plain;charset=latin1' }).textStream()), await fault((async () => used.textStream())())];`,
    ['aä€', '', 'ö', 'TypeError'],
  ],
  [
    'members are of their own kind of object only',
    `const get = (on, name) => Object.getOwnPropertyDescriptor(on, name).get; const odd = [() => performance.now.call({}), () => get(PerformanceMark.prototype, 'detail').call({}), () => get(Blob.prototype, 'type').call({}), () => crypto.randomUUID.call({}),
       () => get(FileReader.prototype, 'onload').call({}), () => TextEncoder.prototype.encode.call({}), () => new TextDecoder('utf-8', 5), () => new TextDecoder().decode(new Uint8Array(1), 5), () => ReadableStream.from('text')];
     return (await Promise.all(odd.map((run) => fault((async () => run())())))).filter((name) => name !== 'TypeError');`,
    [],
  ],
  [
    'numbers of Web IDL: halves of a slice go to what is even, a time beyond 2^31 is not now, no number of cryptography wraps round',
    `const b = new Blob(['abcd']); const late = new Promise((r) => { AbortSignal.timeout(2 ** 32 + 1).onabort = () => r('now'); setTimeout(() => r('later'), 50); }); const k = await crypto.subtle.importKey('raw', new Uint8Array(8), 'HKDF', false, ['deriveBits']);
     const bits = (n) => fault(crypto.subtle.deriveBits({ name: 'HKDF', salt: new Uint8Array(1), info: new Uint8Array(1), hash: 'SHA-256' }, k, n));
     return [await b.slice(0.5, 2.5).text(), await b.slice(1.5, 3.5).text(), await late, await bits(2 ** 32 + 8), await bits(-8), await bits(8)];`,
    ['ab', 'cd', 'later', 'TypeError', 'TypeError', 'nothing'],
  ],
  [
    'an error is cloned whatever it is called',
    `return ['toString', 'constructor', '__proto__', 'RangeError'].map((name) => { const made = structuredClone(Object.assign(new Error('m'), { name })); return [made instanceof Error, made.name]; });`,
    [...[1, 2, 3].map(() => [true, 'Error']), [true, 'RangeError']],
  ],
  [
    'labels of encodings are folded as ASCII',
    `return [new TextDecoder(' UTF-8 ').encoding, await fault((async () => new TextDecoder(String.fromCharCode(0x212a) + 'oi8-r'))())];`,
    ['utf-8', 'RangeError'],
  ],
  [
    'T-66 what is logged is described as far as a line goes, not as deep and as wide as it is',
    `let looked = 0; const deep = (n) => n === 0 ? 1 : Array.from({ length: 50 }, () => deep(n - 1)); const watched = new Proxy(deep(3), {}); const seen = (v) => new Proxy(v, { getOwnPropertyDescriptor: (t, k) => { looked += 1; const d = Reflect.getOwnPropertyDescriptor(t, k); return d; } });
     console.log(watched.map((row) => seen(row.map(seen)))); return looked < 5000;`,
    true,
  ],
];

const helped = (all: readonly Case[]) =>
  all.map(([name, body, expected]): Case => [name, `${HELP}\n${body}`, expected]);

export const PLATFORM_CASES: Readonly<Record<string, readonly Case[]>> = {
  compression: helped(compression),
  messages: helped(messages),
  'what needs no network': helped(local),
  'file readers': helped(readers),
  forms: helped(forms),
  bodies: helped(bodies),
  times: helped(times),
  errors: helped(errors),
  texts: helped(texts),
  'as Web IDL has it': helped(asWebIdl),
};
