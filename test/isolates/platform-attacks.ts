/** Hostile programs against the newer parts of the platform: patterns, rejections, bytes as text, timelines, transfers, bindings. */

import { type Attack, FINE, group, OUT_OF_MEMORY, STOPPED, STOPPED_OR_FULL } from './attack.ts';

const ANY = [...FINE, 'output_exceeded', ...OUT_OF_MEMORY] as const;
const turn = 'await new Promise((r) => setTimeout(r));';

export const PLATFORM_ATTACKS: readonly Attack[] = [
  ...group(STOPPED, {
    'T-60 a pattern of a URL that goes back for ever':
      "new URLPattern({ pathname: '/((?:a+)+)b' }).test({ pathname: '/' + 'a'.repeat(40) });",
    'T-60 patterns as long as the host takes them, without end':
      "for (;;) new URLPattern({ pathname: '*/'.repeat(1900) });",
    'T-60 a listener of rejections that rejects': `addEventListener('unhandledrejection', () => { Promise.reject(1); setTimeout(() => Promise.reject(2)); }); Promise.reject(0); await new Promise(() => {});`,
  }),
  ...group([...STOPPED_OR_FULL, 'output_exceeded'], {
    'T-66 rejections without end, each with a long reason': `for (;;) { Promise.reject(new Error('x'.repeat(1e6))); ${turn} }`,
    'T-66 error events without end':
      "onerror = () => { reportError(1); }; for (;;) reportError(new Error('x'.repeat(1e5)));",
  }),
  ...group(OUT_OF_MEMORY, {
    'T-61 a timeline that only grows':
      "for (let i = 0; ; i++) performance.mark('x'.repeat(1000) + i, { detail: new Uint8Array(1e4) });",
    'T-61 an observer that is never told':
      "new PerformanceObserver(() => {}).observe({ type: 'mark' }); for (let i = 0; ; i++) performance.mark('m' + i);",
    'T-61 bytes as text, doubled':
      'let b = new Uint8Array(1e6); const all = []; for (;;) { all.push(b.toHex()); b = Uint8Array.fromHex(all.at(-1) + all.at(-1)); }',
    'T-61 rejected promises that are kept': `const all = []; for (;;) { for (let i = 0; i < 1e4; i++) all.push(Promise.reject(new Error('x'.repeat(1000) + i))); ${turn} }`,
    'T-61 a bomb in a bomb, read at once': `const pack = (b) => new Response(new Blob([b]).stream().pipeThrough(new CompressionStream('gzip'))).bytes(); const bomb = await pack(await pack(new Uint8Array(8e6)));
      const open = (b) => new Response(new Blob([b]).stream().pipeThrough(new DecompressionStream('gzip'))).bytes(); const all = []; for (;;) all.push(await open(await open(bomb)));`,
  }),
  ...group(FINE, {
    'T-61 a pattern longer than the host takes': "return new URLPattern({ pathname: '/a'.repeat(1e6) }).pathname;",
    'T-63 patterns beneath a prototype that is written over':
      "Object.prototype.toJSON = () => globalThis; RegExp.prototype.exec = () => [globalThis]; Array.prototype.map = () => globalThis; Object.prototype.__proto__ = null; return new URLPattern('https://a.b/:id').exec('https://a.b/1');",
    'T-63 an error that cannot be told by what all objects have':
      "Object.prototype.toJSON = () => globalThis; throw new Error('x');",
    'T-63 a reason that is a trap':
      "const trap = new Proxy(new Error('x'), { get: () => { throw globalThis; }, getPrototypeOf: () => { throw 1; } }); Promise.reject(trap); const odd = new Error('y'); Object.defineProperty(odd, 'message', { get: () => { throw globalThis; } }); Object.defineProperty(odd, 'stack', { get: () => globalThis }); await new Promise((r) => setTimeout(r)); Promise.reject(odd); await new Promise((r) => setTimeout(r, 5)); return 1;",
    'T-63 bytes that go while they are written':
      "const b = new Uint8Array(9); const gone = { get alphabet() { b.buffer.transfer(); return 'base64'; } }; try { b.setFromBase64('AQID', gone); } catch (e) { return e.name; }",
    'T-63 a transfer that its own getters take away':
      'const b = new ArrayBuffer(8); const { port1 } = new MessageChannel(); return structuredClone({ get a() { b.transfer(); return 1; }, b }, { transfer: [b, port1] });',
    'T-63 arguments of a binding that are traps':
      "const trap = new Proxy({}, { get: () => { throw globalThis; } }); const all = await Promise.allSettled([fetch(trap), fetch('https://a.b', trap), env.storage?.session.put(trap, trap), env.progress(trap), env.tools?.any?.(trap)].map(async (p) => p)); return all.length;",
  }),
  ...group(ANY, {
    'T-63 a handler of errors that throws, within itself':
      "onerror = () => { throw new Error('again'); }; addEventListener('error', { get handleEvent() { throw globalThis; } }); setTimeout(() => { throw 1; }); await new Promise((r) => setTimeout(r, 20)); return 1;",
    'T-66 keys and operations that are dropped as they are asked for':
      "for (let i = 0; i < 1e4; i++) crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-521' }, true, ['sign']).catch(() => 0); return 1;",
  }),
];
