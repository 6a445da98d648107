/** What stands on `globalThis` for tool code, and what is taken away from it. */

import { clearInterval, clearTimeout, setInterval, setTimeout } from './timers.ts';

/** Shared memory is a clock and a way round memory limits (T-61, T-65). */
const TAKEN = ['SharedArrayBuffer', 'Atomics', 'eval'];

export function installGlobals(global: Record<string, unknown>, console: object): void {
  forbidCodeFromText(global);
  define(global, { console, setTimeout, setInterval, clearTimeout, clearInterval });
  define(global, { queueMicrotask, self: global });
}

/** V8 adds these to every context that it makes of a snapshot, so they are taken away in each. */
export function takeAway(global: Record<string, unknown>): void {
  for (const name of TAKEN) delete global[name];
}

function define(global: object, values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values)) {
    Object.defineProperty(global, name, { value, writable: true, configurable: true, enumerable: false });
  }
}

function queueMicrotask(callback: () => void): void {
  if (typeof callback !== 'function') throw new TypeError('queueMicrotask takes a function');
  void Promise.resolve().then(() => callback());
}

/** Code comes from the order, not from strings made at run time. */
function forbidCodeFromText(global: Record<string, unknown>): void {
  const kinds = [
    (): void => undefined,
    async () => undefined,
    function* () {
      yield 0;
    },
    async function* () {
      yield 0;
    },
  ];
  for (const kind of kinds) {
    const prototype = Object.getPrototypeOf(kind) as object;
    const refuse = function refuse(): never {
      throw new EvalError('code generation from strings is not allowed');
    };
    Object.defineProperty(refuse, 'prototype', { value: prototype });
    Object.defineProperty(refuse, 'name', { value: 'Function' });
    Object.defineProperty(prototype, 'constructor', { value: refuse, writable: true, configurable: true });
    if (kind === kinds[0]) define(global, { Function: refuse });
  }
}
