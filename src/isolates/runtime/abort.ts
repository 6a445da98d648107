/** `AbortController` and `AbortSignal`. */

import { DOMException } from './dom-exception.ts';
import { Event, EventTarget } from './events.ts';
import { setTimeout } from './timers.ts';

interface SignalState {
  aborted: boolean;
  reason: unknown;
  readonly algorithms: Set<() => void>;
}

const making = Symbol('making');
const states = new WeakMap<AbortSignal, SignalState>();
const of = (signal: AbortSignal): SignalState => {
  const state = states.get(signal);
  if (!state) throw new TypeError('the value is no AbortSignal');
  return state;
};

export class AbortSignal extends EventTarget {
  #handler: unknown = null;

  constructor(key?: unknown) {
    super();
    if (key !== making) throw new TypeError('signals are made by an AbortController');
    states.set(this, { aborted: false, reason: undefined, algorithms: new Set() });
  }

  static abort(reason: unknown = new DOMException('this operation was aborted', 'AbortError')): AbortSignal {
    const signal = new AbortSignal(making);
    Object.assign(of(signal), { aborted: true, reason });
    return signal;
  }

  static timeout(ms: unknown): AbortSignal {
    const signal = new AbortSignal(making);
    setTimeout(() => signalAbort(signal, new DOMException('the operation timed out', 'TimeoutError')), ms);
    return signal;
  }

  static any(signals: Iterable<AbortSignal>): AbortSignal {
    const all = [...signals];
    const made = new AbortSignal(making);
    const done = all.find((signal) => of(signal).aborted);
    if (done) Object.assign(of(made), { aborted: true, reason: done.reason });
    else for (const signal of all) onAbort(signal, () => signalAbort(made, signal.reason));
    return made;
  }

  get aborted(): boolean {
    return of(this).aborted;
  }

  get reason(): unknown {
    return of(this).reason;
  }

  get onabort(): unknown {
    return this.#handler;
  }

  set onabort(handler: unknown) {
    if (this.#handler) this.removeEventListener('abort', this.#handler);
    this.#handler = typeof handler === 'function' ? handler : null;
    if (this.#handler) this.addEventListener('abort', this.#handler);
  }

  throwIfAborted(): void {
    if (of(this).aborted) throw of(this).reason;
  }
}

export class AbortController {
  readonly #signal = new AbortSignal(making);

  get signal(): AbortSignal {
    return this.#signal;
  }

  abort(reason: unknown = new DOMException('this operation was aborted', 'AbortError')): void {
    signalAbort(this.#signal, reason);
  }
}

export function isSignal(value: unknown): value is AbortSignal {
  return typeof value === 'object' && value !== null && states.has(value as AbortSignal);
}

/** Runs before listeners do. Gives what takes it back. */
export function onAbort(signal: AbortSignal, run: () => void): () => void {
  const { algorithms } = of(signal);
  algorithms.add(run);
  return () => algorithms.delete(run);
}

function signalAbort(signal: AbortSignal, reason: unknown): void {
  const state = of(signal);
  if (state.aborted) return;
  Object.assign(state, { aborted: true, reason });
  for (const run of [...state.algorithms]) run();
  state.algorithms.clear();
  signal.dispatchEvent(new Event('abort'));
}
