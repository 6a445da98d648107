/** Hostile programs, each by what it tries. */

import type { TaskStatus } from '../../src/core/event.ts';
import { type Attack, FINE, group, OUT_OF_MEMORY, STOPPED, STOPPED_OR_FULL } from './attack.ts';

const FAILED: readonly TaskStatus[] = ['failed'];
const CAPPED: readonly TaskStatus[] = ['output_exceeded', 'failed', ...OUT_OF_MEMORY];
const ANY: readonly TaskStatus[] = ['completed', ...CAPPED];

/** A megabyte of nothing, a thousand times smaller, in memory of 16 MB. */
const BOMB =
  "const z = new CompressionStream('gzip'); const w = z.writable.getWriter(); (async () => { for (let i = 0; i < 50; i++) await w.write(new Uint8Array(1e6)); await w.close(); })(); const bomb = await new Response(z.readable).bytes();";

export const ATTACKS: readonly Attack[] = [
  ...group(STOPPED_OR_FULL, {
    'T-60 microtask flood': 'const again = () => Promise.resolve().then(again); again(); await new Promise(() => {});',
  }),
  ...group(STOPPED, {
    'T-60 keys made without end, on threads of the host':
      "for (;;) await crypto.subtle.generateKey({ name: 'RSA-PSS', modulusLength: 4096, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' }, true, ['sign']);",
    'T-60 one long derivation after the other':
      "const k = await crypto.subtle.importKey('raw', new Uint8Array(8), 'PBKDF2', false, ['deriveBits']); for (;;) await crypto.subtle.deriveBits({ name: 'PBKDF2', salt: new Uint8Array(8), iterations: 2000000, hash: 'SHA-512' }, k, 512);",
    'T-60 for loop': 'for (;;);',
    'T-60 while with work': 'let x = 0; while (true) x = Math.sin(x + 1);',
    'T-60 do loop at the top level': 'top:do {} while (true); export default () => 1;',
    'T-60 endless generator': 'function* g() { for (;;) yield 1; } for (const _ of g());',
    'T-60 endless async generator': 'async function* g() { for (;;) yield 1; } for await (const _ of g());',
    'T-60 queueMicrotask flood': 'const again = () => queueMicrotask(again); again(); await new Promise(() => {});',
    'T-60 await loop': 'for (;;) await null;',
    'T-60 timer flood':
      'const again = () => { setTimeout(again, 0); }; for (let i = 0; i < 5000; i++) again(); await new Promise(() => {});',
    'T-60 interval of nothing': 'setInterval(() => {}, 0); await new Promise(() => {});',
    'T-60 never settles': 'await new Promise(() => {});',
    'T-60 top-level await never settles': 'top:await new Promise(() => {}); export default () => 1;',
    'T-60 catastrophic regular expression': "/^(a+)+$/.test('a'.repeat(50) + 'b');",
    'T-60 nested quantifiers with backreference': "/(x+x+)+y\\1/.test('x'.repeat(60));",
    'T-60 catastrophic replace':
      "'a'.repeat(60).replace(/(a|aa)+$/, (m) => m).match(/^(([a-z])+.)+[A-Z]([a-z])+$/); for (;;);",
    'T-60 sort that never ends': '[1, 2, 3].sort(() => { for (;;); });',
    'T-60 toString that never ends': 'String({ toString() { for (;;); } });',
    'T-60 getter in a result': 'return { get x() { for (;;); } };',
    'T-60 toJSON that never ends': 'return { toJSON() { for (;;); } };',
    'T-60 proxy trap that never ends': 'return new Proxy({}, { ownKeys() { for (;;); } });',
    'T-60 thenable that never calls': 'return { then() {} };',
    'T-60 thenable that spins': 'return { then() { for (;;); } };',
    'T-60 BigInt power': 'let x = 3n; for (;;) x = (x * x) % (2n ** 40000n);',
    'T-60 stringify of a spinning array':
      'for (;;) JSON.stringify(new Proxy([], { get: (_, k) => (k === "length" ? 1000 : 1) }));',
    'T-60 scan of a sparse array': 'new Array(2 ** 32 - 1).indexOf(1); for (;;);',
    'T-60 error whose message spins': 'throw { get message() { for (;;); } };',
    'T-60 stream that never stops':
      'const s = new ReadableStream({ pull(c) { c.enqueue(1); } }); for await (const _ of s);',
    'T-60 transform that spins':
      'await ReadableStream.from([1]).pipeTo(new WritableStream({ write() { for (;;); } }));',
    'T-60 finally that spins': 'try { throw 1; } finally { for (;;); }',
    'T-60 class static block': 'top:class A { static { for (;;); } } export default () => 1;',
    'T-60 Date parsing': "for (;;) Date.parse('x'.repeat(10000));",
  }),
  ...group(OUT_OF_MEMORY, {
    'T-61 typed arrays': 'const a = []; for (;;) a.push(new Uint8Array(1e6).fill(1));',
    'T-61 resizable buffers':
      'const a = []; for (;;) { const b = new ArrayBuffer(1024, { maxByteLength: 1e8 }); b.resize(1e8); new Uint8Array(b).fill(1); a.push(b); }',
    'T-61 one huge buffer': 'return new ArrayBuffer(4e9).byteLength;',
    'T-61 structured clones of a buffer':
      'const a = []; const b = new Uint8Array(1e7).fill(1); for (;;) a.push(structuredClone(b));',
    'T-61 blobs': "const a = []; for (;;) a.push(new Blob(['x'.repeat(1e6)]));",
    'T-61 encoded text': "const a = []; const e = new TextEncoder(); for (;;) a.push(e.encode('x'.repeat(1e6)));",
    'T-61 external strings':
      "let s = 'x'; const a = []; for (;;) { s += s.slice(0, 1e6); a.push([...s.slice(0, 1e5)].join('')); }",
    'T-62 arrays': 'const a = []; for (;;) a.push(new Array(1000).fill(a));',
    'T-62 objects': 'const a = {}; for (let i = 0; ; i++) a["k" + i] = { i };',
    'T-62 map growth': 'const m = new Map(); for (let i = 0; ; i++) m.set(i, i);',
    'T-62 set growth': 'const s = new Set(); for (let i = 0; ; i++) s.add({ i });',
    'T-62 weak map growth':
      'const w = new WeakMap(), k = []; for (let i = 0; ; i++) { const o = {}; k.push(o); w.set(o, new Array(100).fill(i)); }',
    'T-62 symbol registry': 'for (let i = 0; ; i++) Symbol.for("s" + i);',
    'T-62 strings': "const a = []; for (let i = 0; ; i++) a.push('s'.repeat(1000) + i);",
    'T-62 fill of a billion': 'return Array(1e9).fill(0).length;',
    'T-62 Array.from of a billion': 'return Array.from({ length: 1e9 }, () => 1).length;',
    'T-62 spread of much': 'const a = new Array(1e8); return Math.max(...a.fill(1));',
    'T-62 padEnd': "const a = []; for (;;) a.push('x'.padEnd(2 ** 28, 'ab').split(''));",
    'T-62 split': "return 'a,'.repeat(5e7).split(',').length;",
    'T-62 JSON bomb':
      "let j = '1'; for (let i = 0; i < 25; i++) j = '[' + j + ',' + j + ']'; return JSON.parse(j).length;",
    'T-62 closures': 'let f = () => 1; const a = []; for (;;) { const g = f; f = () => g; a.push(f, new Array(100)); }',
    'T-62 promises': 'const a = []; for (;;) a.push(new Promise(() => {}));',
    'T-62 pending microtasks': 'for (;;) Promise.resolve().then(() => {});',
    'T-62 regular expressions': 'const a = []; for (let i = 0; ; i++) a.push(new RegExp("a".repeat(1000) + i));',
    'T-62 Intl objects': "const a = []; for (;;) a.push(new Intl.DateTimeFormat('de'), new Intl.NumberFormat('hi'));",
    'T-62 BigInt growth': 'let x = 2n; for (;;) x = x * x;',
    'T-62 error stacks':
      'const a = []; const f = (n) => (n === 0 ? a.push(new Error("x".repeat(1e4)).stack) : f(n - 1)); for (;;) f(50);',
    'T-62 event listeners': "const t = new EventTarget(); for (let i = 0; ; i++) t.addEventListener('x' + i, () => i);",
    'T-62 stream queue': 'new ReadableStream({ start(c) { for (;;) c.enqueue(new Array(1000).fill(1)); } });',
    'T-62 form data': "const f = new FormData(); for (let i = 0; ; i++) f.append('k' + i, 'v'.repeat(1000));",
    'T-62 at the top level': 'top:const a = []; for (;;) a.push(new Array(1e4).fill(1)); export default () => 1;',
    'T-62 in a getter of the result': 'return { get x() { const a = []; for (;;) a.push(new Array(1e4).fill(1)); } };',
    'T-62 caught and tried again': 'const a = []; for (;;) { try { a.push(new Array(1e6).fill(1)); } catch { } }',
  }),
  // The end of the stack is an error; on a heap this small there is not always room for it.
  ...group(['failed', 'memory_exceeded'], {
    'T-60 deep recursion': 'const f = () => f() + 1; return f();',
    'T-60 deep recursion of a regular expression': "return new RegExp('('.repeat(1e5) + ')'.repeat(1e5)).test('');",
  }),
  ...group(FAILED, {
    'T-63 cyclic result': 'const a = {}; a.a = a; return a;',
    'T-63 result that throws': 'return { toJSON() { throw new Error("mine"); } };',
    'T-63 error that throws': 'throw new Proxy({}, { get() { throw 1; }, getPrototypeOf() { throw 2; } });',
    'T-63 error with huge parts':
      "const e = new Error('m'.repeat(1e6)); e.stack = 's'.repeat(1e6); e.name = 'n'.repeat(1e6); throw e;",
    'T-63 eval': "return eval('1');",
    'T-63 Function': "return Function('return 1')();",
    'T-63 constructor chain': "return (async () => {}).constructor('return 1')();",
    'T-63 dynamic import': "return (await import('node:fs')).readFileSync;",
    'T-63 static import': "top:import fs from 'fs'; export default () => fs;",
    'T-66 timers beyond their number': 'for (let i = 0; i < 20000; i++) setTimeout(() => {}, 1e6);',
  }),
  ...group(FINE, {
    'T-63 patched JSON': 'JSON.stringify = () => { throw 1; }; JSON.parse = JSON.stringify; return { a: 1 };',
    'T-63 patched promise': 'Promise.prototype.then = function () { return this; }; return 1;',
    'T-63 patched array and string':
      "Array.prototype.push = () => { throw 1; }; String.prototype.slice = () => 'x'; return 'ok';",
    'T-63 polluted object prototype':
      "Object.prototype.toJSON = () => 'polluted'; Object.prototype.output_bytes = 1e9; return {};",
    'T-63 polluted then': 'Object.prototype.then = function (r) { r(1); }; return {};',
    'T-63 patched Reflect and call':
      'Function.prototype.call = Function.prototype.apply = () => 1; Reflect.apply = () => 2; return 3;',
    'T-63 patched Map':
      'Map.prototype.get = () => ({ resolve() {}, reject() {} }); Map.prototype.set = () => {}; return 1;',
    'T-63 stack trace escape':
      'Error.prepareStackTrace = (_, frames) => frames.map((f) => f.getThis?.() ?? f.getFunction?.() ?? null); const s = new Error().stack; return Array.isArray(s) ? s.every((x) => x === null) : true;',
    'T-63 async stack escape':
      "Error.prepareStackTrace = (_, f) => f; try { await fetch('https://a.b'); } catch (e) { return typeof e.stack; }",
    'T-63 looks for host objects':
      'return Object.getOwnPropertyNames(globalThis).filter((n) => /ivm|isolated|boot|host|bridge|process|require|module/i.test(n)).length;',
    'T-63 symbol species on a binding':
      "class P extends Promise { static get [Symbol.species]() { throw 1; } } try { await P.resolve(fetch('x:')); } catch { } return 1;",
    'T-63 freezes everything':
      'for (const n of Object.getOwnPropertyNames(globalThis)) { try { Object.freeze(globalThis[n]); Object.freeze(globalThis[n].prototype); } catch {} } return 1;',
    'T-63 deletes everything':
      'for (const n of Object.getOwnPropertyNames(globalThis)) { try { delete globalThis[n]; } catch {} } return 1;',
    'T-63 a call of each global with odd values':
      'for (const n of Object.getOwnPropertyNames(globalThis)) { for (const v of [undefined, null, Symbol.iterator, 1n, {}, new Proxy(function () {}, {})]) { try { new globalThis[n](v); } catch {} try { if (!/^set|^queue/.test(n)) globalThis[n](v)?.catch?.(() => 0); } catch {} } } return 1;',
    'T-63 finalizers':
      'const r = new FinalizationRegistry(() => { for (;;); }); for (let i = 0; i < 1e4; i++) r.register({}, i); return 1;',
    'T-65 no fast clock':
      'const a = performance.now(); let n = 0; while (performance.now() === a && n < 1e7) n++; return Number.isInteger(performance.now());',
    'T-60 throws after the result': "setTimeout(() => { throw new Error('late'); }, 0); return 1;",
    'T-60 spins after the result':
      'Promise.resolve().then(() => Promise.resolve()).then(() => { for (;;); }); return 1;',
    'T-66 text that is no Unicode': "return '\\ud800';",
    'T-63 a __proto__ in the result': 'return JSON.parse(\'{"__proto__": {"x": 1}, "constructor": 2}\');',
  }),
  ...group(CAPPED, {
    'T-66 huge result': "return 'x'.repeat(5e6);",
    'T-66 huge nested result': "const a = 'x'.repeat(1e5); return Array(1000).fill(a);",
    'T-66 log flood': "for (;;) console.log('y'.repeat(5000));",
    'T-66 flood of short logs': 'for (let i = 0; ; i++) console.log(i);',
    'T-66 log of huge structures': 'const a = Array(1e5).fill({ x: Array(1e3).fill(1) }); for (;;) console.log(a);',
    'T-66 log then spin': "console.log('z'.repeat(1e6)); for (;;) console.error('z'.repeat(1e6));",
  }),
  ...group(ANY, {
    'T-62 deep JSON': 'let v = []; for (let i = 0; i < 1e5; i++) v = [v]; return v;',
    'T-60 iterator without end':
      'const [...all] = { [Symbol.iterator]: () => ({ next: () => ({ done: false }) }) }; return all;',
    'T-66 ten thousand calls at once':
      "const all = []; for (let i = 0; i < 1e4; i++) all.push(fetch('https://a.b/' + i).catch((e) => e.code)); return (await Promise.all(all)).length;",
    'T-66 calls without end': "for (;;) fetch('https://a.b/').catch(() => {});",
    'T-66 huge call': "await fetch('https://a.b/', { method: 'POST', body: 'x'.repeat(2e7) }).catch(() => {});",
    'T-66 huge URL': "await fetch('https://a.b/' + 'x'.repeat(1e6)).catch(() => {});",
    'T-66 many headers':
      "const h = new Headers(); for (let i = 0; i < 1e4; i++) h.append('h' + i, 'v'); await fetch('https://a.b/', { headers: h }).catch(() => {});",
    'T-66 digest of much':
      "const b = new Uint8Array(1e7); for (let i = 0; i < 20; i++) await crypto.subtle.digest('SHA-512', b);",
    'T-66 decoders without end': "for (;;) new TextDecoder('shift_jis').decode(new Uint8Array([1]), { stream: true });",
    'T-66 URLs without end': "for (let i = 0; ; i++) new URL('https://a.b/' + i);",
    'T-66 random without end': 'for (;;) crypto.getRandomValues(new Uint8Array(65536));',
  }),
  ...group(STOPPED, {
    'T-60 a generator that never gives': 'top:export default async function* () { for (;;) await null; }',
    'T-60 parts whose getters never end': 'top:export default async function* () { yield { get a() { for (;;); } }; }',
    'T-60 waits at the top level for ever': 'top:export default () => 1; await new Promise(() => {});',
    'T-60 a then in every module':
      'top:export const then = () => { for (;;); }; export default async () => { for (;;); };',
    'T-60 a proxy as result': 'return new Proxy({}, { ownKeys() { for (;;); } });',
    'T-60 an iterator of the result that waits for ever':
      'return { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) };',
    'T-60 sorts for ever': 'for (;;) Array.from({ length: 2000 }, (_, i) => i).sort(() => Math.random() - 0.5);',
  }),
  ...group(CAPPED, {
    'T-66 parts without end': "top:export default async function* () { for (;;) yield 'x'.repeat(500); }",
    'T-66 small parts without end': 'top:export default async function* () { for (let i = 0; ; i += 1) yield i; }',
    'T-66 a part that is too large': "top:export default async function* () { yield 'x'.repeat(1e7); }",
    'T-62 a stream without end as result': "return new ReadableStream({ pull(c) { c.enqueue('x'.repeat(1000)); } });",
    'T-61 a tee that nobody reads':
      'const [a] = new ReadableStream({ pull(c) { c.enqueue(new Uint8Array(65536)); } }).tee(); for await (const x of a) void x;',
    'T-61 a form without end': "const f = new FormData(); for (;;) f.append('a', 'x'.repeat(1e5));",
    'T-61 listeners without end':
      "const t = new EventTarget(); for (;;) t.addEventListener('a', () => new Array(1000));",
    'T-61 clones of clones': 'let v = [1]; for (;;) v = [structuredClone(v), structuredClone(v)];',
  }),
  ...group(FINE, {
    'T-63 every object comes in parts':
      'top:Object.prototype[Symbol.asyncIterator] = async function* () { yield 1; }; export default () => ({});',
    'T-63 parts that are patched away':
      'top:Array.prototype.push = Object.defineProperty = JSON.stringify = () => 1; export default async function* () { yield 1; }',
    'T-63 looks for the way in':
      'top:export default () => Reflect.ownKeys(globalThis).filter((k) => /^__/.test(String(k)));',
  }),
  ...group(STOPPED_OR_FULL, {
    'T-60 iterator helpers without end':
      'function* g() { for (;;) yield [1]; } g().flatMap((x) => x).filter(() => false).next();',
    'T-60 a storm of thenables': 'const t = () => ({ then(r) { Promise.all([t(), t()]).then(r); } }); await t();',
    'T-60 a thenable that is its own result':
      'const o = { get then() { return (r) => queueMicrotask(() => r(o)); } }; await o;',
    'T-60 species that never returns':
      'class A extends Array { static get [Symbol.species]() { return function () { for (;;); }; } } new A(1, 2).map((x) => x);',
    'T-60 named groups and sets of a regular expression':
      "for (;;) /^(?:(?<x>[\\p{L}--[b-z]]+)+|(?<y>a+)+b)+$/v.test('a'.repeat(40) + '!');",
    'T-60 segments of a long text':
      "const s = new Intl.Segmenter('th', { granularity: 'word' }); for (;;) for (const x of s.segment('ภาษาไทย'.repeat(1e5))) void x;",
    'T-60 a length that no array has': 'Array.prototype.reduce.call({ length: 2 ** 53 - 1, 0: 1 }, (a) => a);',
    'T-60 finalizers that register again':
      'const r = new FinalizationRegistry((n) => r.register({}, n + 1)); for (let i = 0; i < 1e5; i++) r.register({}, i); for (;;) await null;',
    'T-61 weak references without end': 'for (;;) new WeakRef({ a: new Array(100) }).deref();',
    'T-61 a tee of each tee':
      'let all = [new ReadableStream({ pull(c) { c.enqueue(new Uint8Array(1000)); } })]; for (;;) all = all.flatMap((s) => s.tee());',
    'T-62 causes of causes, cloned':
      "let e = new Error('x'); for (let i = 0; i < 1e5; i++) e = new Error('y', { cause: e }); for (;;) { try { structuredClone(e); } catch {} }",
    'T-62 a prototype of a prototype':
      'let o = {}; for (let i = 0; i < 1e5; i++) o = Object.create(o); for (;;) o.missing;',
  }),
  ...group(OUT_OF_MEMORY, {
    'T-61 a decompression bomb, kept': `${BOMB} const all = []; for (;;) all.push(await new Response(new Blob([bomb]).stream().pipeThrough(new DecompressionStream('gzip'))).bytes());`,
    'T-61 a decompression bomb in one go': `${BOMB} return (await new Response(new Blob(Array(60).fill(bomb)).stream().pipeThrough(new DecompressionStream('gzip'))).text()).length + (await new Response(new Blob([bomb]).stream().pipeThrough(new DecompressionStream('gzip'))).bytes()).length;`,
    'T-61 marks without end': "for (let i = 0; ; i += 1) performance.mark('m' + i, { detail: 'x'.repeat(1e4) + i });",
    'T-61 messages that nobody reads':
      "const { port1 } = new MessageChannel(); for (;;) port1.postMessage('x'.repeat(1e5) + Math.random());",
  }),
  ...group(STOPPED, {
    'T-60 two ports that never stop':
      'const { port1, port2 } = new MessageChannel(); port1.onmessage = () => port1.postMessage(1); port2.onmessage = () => port2.postMessage(1); port1.postMessage(1); await new Promise(() => {});',
    'T-60 a channel that waits':
      "new BroadcastChannel('a').onmessage = () => {}; new MessageChannel().port1.start(); await new Promise(() => {});",
    'T-60 a compression that is fed without end':
      "const z = new CompressionStream('gzip'); const w = z.writable.getWriter(); z.readable.pipeTo(new WritableStream()); for (;;) await w.write(new Uint8Array(1e5));",
  }),
  ...group(FINE, {
    'T-66 more compression streams than a task may have':
      "const all = Array.from({ length: 500 }, () => { const z = new CompressionStream('gzip'); z.readable.pipeTo(new WritableStream()).catch(() => 0); return z.writable.getWriter(); }); return (await Promise.allSettled(all.map((w) => w.write(new Uint8Array(9))))).length;",
    'T-60 a flood of messages':
      'const { port1, port2 } = new MessageChannel(); port2.start(); for (;;) port1.postMessage(1);',
    'T-63 a port sent through itself, and both at once':
      'const { port1, port2 } = new MessageChannel(); try { port1.postMessage(1, [port1]); } catch {} port1.postMessage({ port2 }, [port2]); return structuredClone([port1], { transfer: [port1] })[0].constructor.name;',
    'T-63 prototypes of new classes that are written over':
      "MessagePort.prototype.start = null; Object.defineProperty(MessageEvent.prototype, 'data', { get: () => globalThis }); DecompressionStream.prototype.constructor = Function; WeakMap.prototype.get = () => globalThis; const { port1, port2 } = new MessageChannel(); port2.onmessage = (e) => e; port1.postMessage(1); return 1;",
  }),
  ...group(FAILED, {
    'T-63 import with attributes':
      "return (await import('data:application/json,1', { with: { type: 'json' } })).default;",
    'T-63 imports the runtime': "top:import { evaluated } from 'runtime'; export default () => evaluated;",
    'T-63 a realm of its own': "return new ShadowRealm().evaluate('1');",
  }),
  ...group(FINE, {
    'T-63 a clone whose getters change what is cloned':
      'const m = new Map(); m.set({ get a() { m.clear(); for (let i = 0; i < 100; i++) m.set(i, i); return 1; } }, 1); return structuredClone(m).size;',
    'T-63 a proxy in a structured clone':
      "return structuredClone(new Proxy({}, { get: () => globalThis, ownKeys: () => ['a'], getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }) }));",
    'T-60 more operations of cryptography at once than anybody waits for':
      "const k = await crypto.subtle.importKey('raw', new Uint8Array(16), 'AES-CBC', false, ['encrypt']); const a = { name: 'AES-CBC', iv: new Uint8Array(16) }; return (await Promise.allSettled(Array.from({ length: 2500 }, () => crypto.subtle.encrypt(a, k, new Uint8Array(1))))).filter((r) => r.status === 'rejected').length > 0;",
    'T-63 parameters of cryptography that change while they are read':
      "let n = 0; const a = { get name() { n += 1; return n % 2 ? 'AES-CBC' : 'Argon2id'; }, get iv() { return new Proxy({}, {}); }, get hash() { return a; } }; return crypto.subtle.generateKey(a, true, ['encrypt']);",
    'T-63 the prototype of all objects, beneath cryptography':
      "Object.defineProperty(Object.prototype, 'hash', { get: () => { throw globalThis; }, configurable: true }); Object.prototype.$k = 1; Object.prototype.toJSON = () => 1; return (await crypto.subtle.generateKey({ name: 'AES-GCM', length: 128 }, true, ['encrypt'])).type;",
    'T-63 a buffer that goes while it is hashed':
      "const b = new Uint8Array(1e5); const p = crypto.subtle.digest('SHA-256', b); b.buffer.transfer(); return (await p).byteLength;",
  }),
];
