/** `Event`, `CustomEvent` and `ErrorEvent`, without a tree: a target dispatches to its own listeners. */

interface EventState {
  type: string;
  bubbles: boolean;
  cancelable: boolean;
  target: object | null;
  current: object | null;
  /** `stopPropagation`, which here only shows. */
  halted: boolean;
  stopped: boolean;
  dispatching: boolean;
  prevented: boolean;
  passive: boolean;
  trusted: boolean;
}

const states = new WeakMap<object, EventState>();

/** Throws a `TypeError` for what is no event. */
export const eventState = (event: object): EventState => {
  const state = states.get(event);
  if (!state) throw new TypeError('the value is no Event');
  return state;
};
const of = eventState;
const { now } = Date;
const started = now();
const { defineProperty } = Object;
/** One function for all, as Web IDL has it for what cannot be forged. */
const trustedGetter = Object.getOwnPropertyDescriptor(
  {
    get isTrusted(): boolean {
      return of(this).trusted;
    },
  },
  'isTrusted',
)?.get as () => boolean;

export interface EventInit {
  readonly bubbles?: unknown;
  readonly cancelable?: unknown;
  readonly composed?: unknown;
}

/** A dictionary, as Web IDL reads one. */
export function dictionary<T extends object>(value: T | null | undefined): Partial<T> {
  // Nothing was given, and nothing that tool code put on `Object.prototype` either.
  if (value === null || value === undefined) return { __proto__: null } as object as Partial<T>;
  if (typeof value !== 'object' && typeof value !== 'function') throw new TypeError('the options are an object');
  return value;
}

export class Event {
  readonly #composed: boolean;
  readonly #at = now() - started;

  constructor(...args: [unknown?, (EventInit | null)?]) {
    if (args.length === 0) throw new TypeError('an event has a type');
    const type = String(args[0]);
    const { bubbles, cancelable, composed } = dictionary(args[1]);
    this.#composed = Boolean(composed);
    states.set(this, {
      ...{ type, bubbles: Boolean(bubbles), cancelable: Boolean(cancelable), target: null, current: null },
      ...{ halted: false, stopped: false, dispatching: false, prevented: false, passive: false, trusted: false },
    });
    defineProperty(this, 'isTrusted', { get: trustedGetter, enumerable: true, configurable: false });
  }

  get type(): string {
    return of(this).type;
  }
  get target(): object | null {
    return of(this).target;
  }
  get srcElement(): object | null {
    return of(this).target;
  }
  get currentTarget(): object | null {
    return of(this).current;
  }
  get eventPhase(): number {
    return of(this).dispatching ? 2 : 0;
  }
  get bubbles(): boolean {
    return of(this).bubbles;
  }
  get cancelable(): boolean {
    return of(this).cancelable;
  }
  get composed(): boolean {
    return this.#composed;
  }
  get defaultPrevented(): boolean {
    return of(this).prevented;
  }
  get returnValue(): boolean {
    return !of(this).prevented;
  }
  set returnValue(value: unknown) {
    if (!value) this.preventDefault();
  }
  get cancelBubble(): boolean {
    return of(this).halted;
  }
  set cancelBubble(value: unknown) {
    const state = of(this);
    if (value) state.halted = true;
  }
  get timeStamp(): number {
    return this.#at;
  }

  composedPath(): object[] {
    const { current } = of(this);
    return current ? [current] : [];
  }

  initEvent(type: unknown, bubbles: unknown = false, cancelable: unknown = false): void {
    const state = of(this);
    if (state.dispatching) return;
    Object.assign(state, {
      ...{ type: String(type), bubbles: Boolean(bubbles), cancelable: Boolean(cancelable) },
      ...{ prevented: false, stopped: false, halted: false, trusted: false, target: null },
    });
  }

  preventDefault(): void {
    const state = of(this);
    if (state.cancelable && !state.passive) state.prevented = true;
  }

  stopPropagation(): void {
    of(this).halted = true;
  }

  stopImmediatePropagation(): void {
    Object.assign(of(this), { halted: true, stopped: true });
  }
}

for (const [name, value] of Object.entries({ NONE: 0, CAPTURING_PHASE: 1, AT_TARGET: 2, BUBBLING_PHASE: 3 })) {
  for (const on of [Event, Event.prototype]) defineProperty(on, name, { value, enumerable: true });
}

export class CustomEvent extends Event {
  #detail: unknown;

  constructor(...args: [unknown?, (EventInit & { readonly detail?: unknown })?]) {
    super(...args);
    this.#detail = args[1]?.detail ?? null;
  }

  get detail(): unknown {
    return this.#detail;
  }

  initCustomEvent(...args: [unknown?, unknown?, unknown?, unknown?]): void {
    const [type, bubbles, cancelable, detail = null] = args;
    if (of(this).dispatching) return;
    this.initEvent(type, bubbles, cancelable);
    this.#detail = detail;
  }
}

interface ErrorInit extends EventInit {
  readonly message?: unknown;
  readonly filename?: unknown;
  readonly lineno?: unknown;
  readonly colno?: unknown;
  readonly error?: unknown;
}

export class ErrorEvent extends Event {
  readonly #init: {
    readonly message: string;
    readonly filename: string;
    readonly lineno: number;
    readonly colno: number;
  };
  readonly #error: unknown;

  constructor(...args: [unknown?, ErrorInit?]) {
    super(...args);
    const { message = '', filename = '', lineno = 0, colno = 0, error } = dictionary(args[1]);
    this.#init = {
      ...{ message: String(message), filename: String(filename) },
      ...{ lineno: Number(lineno) >>> 0, colno: Number(colno) >>> 0 },
    };
    this.#error = error;
  }

  get message(): string {
    return this.#init.message;
  }
  get filename(): string {
    return this.#init.filename;
  }
  get lineno(): number {
    return this.#init.lineno;
  }
  get colno(): number {
    return this.#init.colno;
  }
  get error(): unknown {
    return this.#error;
  }
}
