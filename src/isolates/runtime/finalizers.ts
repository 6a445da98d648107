/**
 * `FinalizationRegistry`. Finalizers are the one code of a tool that the engine runs by itself, whenever it likes: the host hears of
 * the first, and none is run once the task is over, when nobody would see that it does not come back (T-60).
 */

import { bridge } from './bridge.ts';

type Cleanup = (held: unknown) => unknown;

const { construct } = Reflect;
const Native = globalThis.FinalizationRegistry;
let over = false;
let told = false;

export function beginFinalizers(): void {
  over = false;
}

export function endFinalizers(): void {
  over = true;
}

function guarded(cleanup: Cleanup): Cleanup {
  return (held) => {
    if (over) return;
    if (!told) bridge.current.hear('finalizer');
    told = true;
    cleanup(held);
  };
}

/** A handler without a prototype: what tool code puts on that of all objects would be asked for the engine's own. */
const handler: ProxyHandler<typeof Native> = {
  // @ts-expect-error: not a member, as far as its type goes.
  __proto__: null,
  construct: (kind, args, made) =>
    construct(kind, [typeof args[0] === 'function' ? guarded(args[0] as Cleanup) : args[0]], made) as object,
};

export const Finalizers = new Proxy(Native, handler);
Object.defineProperty(Native.prototype, 'constructor', {
  value: Finalizers,
  writable: true,
  configurable: true,
});
