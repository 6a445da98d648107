/**
 * Rejections that nobody handles, and `PromiseRejectionEvent`. Only the engine knows of them, and it tells the host,
 * which hands back a copy of the reason: the event's promise is one of its own, and nothing is told of those that are
 * handled later.
 */

import { bridge, jsonValue, sliceText } from './bridge.ts';
import { dictionary, Event, type EventInit } from './event.ts';
import { fire, listens } from './events.ts';
import { inspect } from './inspect.ts';

interface RejectionInit extends EventInit {
  readonly promise?: unknown;
  readonly reason?: unknown;
}

export class PromiseRejectionEvent extends Event {
  readonly #promise: object;
  readonly #reason: unknown;

  constructor(...args: [unknown?, RejectionInit?]) {
    super(...args);
    const { promise, reason } = dictionary(args[1]);
    if ((typeof promise !== 'object' && typeof promise !== 'function') || promise === null)
      throw new TypeError('a rejection is of a promise');
    this.#promise = promise;
    this.#reason = reason;
  }

  get promise(): object {
    return this.#promise;
  }
  get reason(): unknown {
    return this.#reason;
  }
}

interface ReasonText {
  readonly error?: { readonly name: string; readonly message: string; readonly stack: string };
  readonly value?: unknown;
}

const LINE = 4096;
/** Lines of a task's log that tell of rejections: a loop of them says nothing more. */
const MAX_LINES = 20;
const KINDS: Readonly<Record<string, ErrorConstructor>> = {
  ...{ EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError },
};
const { defineProperty, hasOwn } = Object;
let lines = 0;

/** The host's word that a promise was rejected, and nobody listened when the turn was over. */
export function rejected(text: string): void {
  const reason = reasonOf(jsonValue(text) as ReasonText);
  if (listens('unhandledrejection')) {
    const promise = Promise.reject(reason);
    promise.catch(() => undefined);
    if (!fire(globalThis, new PromiseRejectionEvent('unhandledrejection', { cancelable: true, promise, reason })))
      return;
  }
  lines += 1;
  if (lines > MAX_LINES) return;
  bridge.current.serve('log', 'error', sliceText(`Uncaught (in promise) ${inspect(reason)}`, 0, LINE));
}

function reasonOf({ error, value }: ReasonText): unknown {
  if (!error) return value;
  const { name, message, stack } = error;
  const made = new ((hasOwn(KINDS, name) ? KINDS[name] : undefined) ?? Error)(message);
  for (const [key, value] of [['name', name] as const, ['stack', stack] as const])
    defineProperty(made, key, { value, writable: true, configurable: true });
  return made;
}
