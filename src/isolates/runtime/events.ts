/** `Event`, `CustomEvent` and `EventTarget`, without a tree: a target dispatches to its own listeners. */

import { DOMException } from './dom-exception.ts';

interface EventState {
  target: EventTarget | null;
  current: EventTarget | null;
  stopped: boolean;
  dispatching: boolean;
  prevented: boolean;
  passive: boolean;
}

const states = new WeakMap<Event, EventState>();
const of = (event: Event): EventState => states.get(event) as EventState;
const started = Date.now();

export class Event {
  static readonly NONE = 0;
  static readonly CAPTURING_PHASE = 1;
  static readonly AT_TARGET = 2;
  static readonly BUBBLING_PHASE = 3;
  readonly #type: string;
  readonly #bubbles: boolean;
  readonly #cancelable: boolean;
  readonly #composed: boolean;
  readonly #at = Date.now() - started;

  constructor(...args: [unknown?, ({ bubbles?: unknown; cancelable?: unknown; composed?: unknown } | null)?]) {
    const [type, init] = args;
    if (args.length === 0) throw new TypeError('an event has a type');
    this.#type = String(type);
    this.#bubbles = Boolean(init?.bubbles);
    this.#cancelable = Boolean(init?.cancelable);
    this.#composed = Boolean(init?.composed);
    const flags = { stopped: false, dispatching: false, prevented: false, passive: false };
    states.set(this, { target: null, current: null, ...flags });
  }

  get type(): string {
    return this.#type;
  }
  get target(): EventTarget | null {
    return of(this).target;
  }
  get srcElement(): EventTarget | null {
    return of(this).target;
  }
  get currentTarget(): EventTarget | null {
    return of(this).current;
  }
  get eventPhase(): number {
    return of(this).dispatching ? Event.AT_TARGET : Event.NONE;
  }
  get bubbles(): boolean {
    return this.#bubbles;
  }
  get cancelable(): boolean {
    return this.#cancelable;
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
  get timeStamp(): number {
    return this.#at;
  }
  get isTrusted(): boolean {
    return false;
  }

  composedPath(): EventTarget[] {
    const { current } = of(this);
    return current ? [current] : [];
  }

  preventDefault(): void {
    if (this.#cancelable && !of(this).passive) of(this).prevented = true;
  }

  stopPropagation(): void {
    // There is no tree to go up.
  }

  stopImmediatePropagation(): void {
    of(this).stopped = true;
  }
}

export class CustomEvent extends Event {
  readonly #detail: unknown;

  constructor(type: unknown, init: { detail?: unknown; cancelable?: unknown } = {}) {
    super(type, init);
    this.#detail = init?.detail ?? null;
  }

  get detail(): unknown {
    return this.#detail;
  }
}

interface Listener {
  readonly type: string;
  readonly callback: unknown;
  readonly capture: boolean;
  readonly once: boolean;
  readonly passive: boolean;
  removed: boolean;
}

/** What an `EventTarget` needs of a signal; the class itself extends `EventTarget`. */
interface SignalLike {
  readonly aborted: boolean;
  addEventListener(type: string, listener: () => void, options: { once: boolean }): void;
}

type ListenerOptions = boolean | { capture?: unknown; once?: unknown; passive?: unknown; signal?: SignalLike } | null;

export class EventTarget {
  readonly #listeners: Listener[] = [];

  addEventListener(type: unknown, callback: unknown, options: ListenerOptions = {}): void {
    const { capture, once, passive, signal } =
      typeof options === 'object' && options !== null ? options : { capture: options };
    if (signal === null) throw new TypeError('the signal is no AbortSignal');
    if (callback === null || callback === undefined || signal?.aborted) return;
    if (typeof callback !== 'function' && typeof callback !== 'object') throw new TypeError('a listener is a function');
    const name = String(type);
    if (this.#find(name, callback, Boolean(capture)) >= 0) return;
    const kind = { capture: Boolean(capture), once: Boolean(once), passive: Boolean(passive) };
    this.#listeners.push({ type: name, callback, ...kind, removed: false });
    signal?.addEventListener('abort', () => this.removeEventListener(name, callback, { capture }), { once: true });
  }

  removeEventListener(type: unknown, callback: unknown, options: boolean | { capture?: unknown } | null = {}): void {
    const capture = typeof options === 'object' && options !== null ? options.capture : options;
    const at = this.#find(String(type), callback, Boolean(capture));
    const [listener] = at >= 0 ? this.#listeners.splice(at, 1) : [];
    if (listener) listener.removed = true;
  }

  dispatchEvent(event: Event): boolean {
    if (!(event instanceof Event)) throw new TypeError('dispatchEvent takes an Event');
    const state = of(event);
    if (state.dispatching) throw new DOMException('the event is being dispatched', 'InvalidStateError');
    Object.assign(state, { target: this, current: this, dispatching: true });
    for (const listener of [...this.#listeners]) {
      if (listener.type !== event.type || listener.removed) continue;
      if (listener.once) this.removeEventListener(listener.type, listener.callback, listener.capture);
      state.passive = listener.passive;
      this.#call(listener.callback, event);
      if (state.stopped) break;
    }
    Object.assign(state, { current: null, dispatching: false, stopped: false, passive: false });
    return !state.prevented;
  }

  /** A listener's exception does not stop the others; it is reported where logs go. */
  #call(callback: unknown, event: Event): void {
    try {
      if (typeof callback === 'function') callback.call(this, event);
      else (callback as { handleEvent(e: Event): void }).handleEvent(event);
    } catch (error) {
      (globalThis as { reportError?: (error: unknown) => void }).reportError?.(error);
    }
  }

  #find(type: string, callback: unknown, capture: boolean): number {
    return this.#listeners.findIndex((l) => l.type === type && l.callback === callback && l.capture === capture);
  }
}
