/** `AbortController` and `AbortSignal`. */

import { DOMException } from './dom-exception.ts';
import { Event } from './event.ts';
import { EventTarget, fire, signals } from './events.ts';
import { after } from './timers.ts';

interface SignalState {
  aborted: boolean;
  reason: unknown;
  readonly algorithms: Set<() => void>;
  /** Signals of `any` over this one; they abort with it, before anybody hears of either. */
  readonly dependents: Set<AbortSignal>;
  /** Of a signal made by `any`: those that it follows, none of which was made so. */
  readonly sources: Set<AbortSignal>;
  readonly composite: boolean;
}

const making = Symbol('making');
const states = new WeakMap<object, SignalState>();
const of = (signal: unknown): SignalState => {
  const state = states.get(signal as object);
  if (!state) throw new TypeError('the value is no AbortSignal');
  return state;
};
const aborted = (reason: unknown) =>
  reason === undefined ? new DOMException('this operation was aborted', 'AbortError') : reason;

export class AbortSignal extends EventTarget {
  #handler: unknown = null;
  #listening = false;

  constructor(key?: unknown, composite = false) {
    if (key !== making) throw new TypeError('signals are made by an AbortController');
    super();
    const flags = { aborted: false, reason: undefined, composite };
    states.set(this, { ...flags, algorithms: new Set(), dependents: new Set(), sources: new Set() });
  }

  static abort(reason?: unknown): AbortSignal {
    const signal = new AbortSignal(making);
    Object.assign(of(signal), { aborted: true, reason: aborted(reason) });
    return signal;
  }

  static timeout(ms: unknown): AbortSignal {
    const wait = Number(ms);
    if (!(wait >= 0 && wait <= Number.MAX_SAFE_INTEGER)) throw new TypeError('the time is not a whole number');
    const signal = new AbortSignal(making);
    after(() => signalAbort(signal, new DOMException('the operation timed out', 'TimeoutError')), wait);
    return signal;
  }

  static any(all: Iterable<AbortSignal>): AbortSignal {
    const given = [...all];
    for (const signal of given) of(signal);
    const made = new AbortSignal(making, true);
    const own = of(made);
    const done = given.find((signal) => of(signal).aborted);
    if (done) Object.assign(own, { aborted: true, reason: of(done).reason });
    else {
      for (const signal of given) {
        const { composite, sources } = of(signal);
        for (const source of composite ? sources : [signal]) {
          own.sources.add(source);
          of(source).dependents.add(made);
        }
      }
    }
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
    this.#handler = typeof handler === 'function' || (typeof handler === 'object' && handler !== null) ? handler : null;
    if (this.#listening || this.#handler === null) return;
    this.#listening = true;
    // The place among the listeners is that of the first handler (HTML, event handlers).
    this.addEventListener('abort', (event: unknown) => {
      if (typeof this.#handler === 'function') Reflect.apply(this.#handler, this, [event]);
    });
  }

  throwIfAborted(): void {
    const { aborted: over, reason } = of(this);
    if (over) throw reason;
  }
}

export class AbortController {
  readonly #signal = new AbortSignal(making);

  get signal(): AbortSignal {
    return this.#signal;
  }

  abort(reason?: unknown): void {
    signalAbort(this.#signal, aborted(reason));
  }
}

export function isSignal(value: unknown): value is AbortSignal {
  return typeof value === 'object' && value !== null && states.has(value);
}

/** Runs before listeners do. Gives what takes it back. */
export function onAbort(signal: AbortSignal, run: () => void): () => void {
  const { algorithms } = of(signal);
  algorithms.add(run);
  return () => algorithms.delete(run);
}

signals.onAbort = (signal, run) => (isSignal(signal) ? onAbort(signal, run) : null);

/** DOM, section 3.2: all that depend are aborted first, then each runs its steps, in the order they were made. */
function signalAbort(signal: AbortSignal, reason: unknown): void {
  const state = of(signal);
  if (state.aborted) return;
  Object.assign(state, { aborted: true, reason });
  const following = [...state.dependents].filter((dependent) => !of(dependent).aborted);
  for (const dependent of following) Object.assign(of(dependent), { aborted: true, reason });
  state.dependents.clear();
  for (const each of [signal, ...following]) runSteps(each);
}

function runSteps(signal: AbortSignal): void {
  const { algorithms } = of(signal);
  for (const run of [...algorithms]) run();
  algorithms.clear();
  fire(signal, new Event('abort'));
}
