/**
 * `EventTarget`. The global object is a target too: errors that nobody caught are told there first.
 */

import { DOMException } from './dom-exception.ts';
import { ErrorEvent, type Event, eventState } from './event.ts';

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
}

/** `AbortSignal` gives this: what runs when a signal aborts, and takes back. Null: the value is no signal. */
export const signals: { onAbort: (signal: unknown, run: () => void) => (() => void) | null } = { onAbort: () => null };

type ListenerOptions = boolean | { capture?: unknown; once?: unknown; passive?: unknown; signal?: SignalLike } | null;

const lists = new WeakMap<object, Listener[]>();
/** Those of the global object, whose identity a snapshot does not keep. */
const globalList: Listener[] = [];

/** Throws a `TypeError` for what is no `EventTarget`. */
export function listOf(target: unknown): Listener[] {
  if (target === globalThis || target === undefined || target === null) return globalList;
  const list = lists.get(target as object);
  if (!list) throw new TypeError('the value is no EventTarget');
  return list;
}

function find(list: readonly Listener[], type: string, callback: unknown, capture: boolean): number {
  return list.findIndex((l) => l.type === type && l.callback === callback && l.capture === capture);
}

function remove(list: Listener[], type: string, callback: unknown, capture: boolean): void {
  const at = find(list, type, callback, capture);
  const [listener] = at >= 0 ? list.splice(at, 1) : [];
  if (listener) listener.removed = true;
}

function isCallback(value: unknown): boolean {
  if (value === null || value === undefined) return false;
  if (typeof value !== 'function' && typeof value !== 'object') throw new TypeError('a listener is a function');
  return true;
}

export class EventTarget {
  constructor() {
    lists.set(this, []);
  }

  addEventListener(type: unknown, callback: unknown, options: ListenerOptions = {}): void {
    const list = listOf(this);
    const name = String(type);
    const given = typeof options === 'object' || typeof options === 'function' ? (options ?? {}) : { capture: options };
    const { capture, once, passive, signal } = given as { [of: string]: unknown };
    if (signal !== undefined && signals.onAbort(signal, () => undefined) === null) {
      throw new TypeError('the signal is no AbortSignal');
    }
    if (!isCallback(callback) || (signal as SignalLike | undefined)?.aborted) return;
    const kind = { capture: Boolean(capture), once: Boolean(once), passive: Boolean(passive) };
    if (find(list, name, callback, kind.capture) >= 0) return;
    list.push({ type: name, callback, ...kind, removed: false });
    if (signal !== undefined) signals.onAbort(signal, () => remove(list, name, callback, kind.capture));
  }

  removeEventListener(type: unknown, callback: unknown, options: boolean | { capture?: unknown } | null = {}): void {
    const list = listOf(this);
    const capture = typeof options === 'object' && options !== null ? options.capture : options;
    if (isCallback(callback)) remove(list, String(type), callback, Boolean(capture));
  }

  dispatchEvent(event: Event): boolean {
    const list = listOf(this);
    const state = eventState(event);
    if (state.dispatching) throw new DOMException('the event is being dispatched', 'InvalidStateError');
    state.trusted = false;
    return dispatch(this ?? globalThis, list, event);
  }
}

/** As the engine itself dispatches: the event is to be trusted. */
export function fire(target: object, event: Event): boolean {
  eventState(event).trusted = true;
  return dispatch(target, listOf(target), event);
}

function dispatch(target: object, list: Listener[], event: Event): boolean {
  const state = eventState(event);
  Object.assign(state, { target, current: target, dispatching: true });
  const all = list.filter((listener) => listener.type === state.type);
  // At a target, those that capture come first (DOM, section 2.9).
  callEach(list, all, { target, event, capturing: true });
  if (!state.halted) callEach(list, all, { target, event, capturing: false });
  Object.assign(state, { current: null, dispatching: false, stopped: false, halted: false });
  return !state.prevented;
}

interface Round {
  readonly target: object;
  readonly event: Event;
  readonly capturing: boolean;
}

function callEach(list: Listener[], all: readonly Listener[], { target, event, capturing }: Round): void {
  const state = eventState(event);
  for (const listener of all) {
    if (state.stopped) return;
    if (listener.capture !== capturing || listener.removed) continue;
    if (listener.once) remove(list, listener.type, listener.callback, listener.capture);
    state.passive = listener.passive;
    call(listener.callback, target, event);
    state.passive = false;
  }
}

/** A listener's exception does not stop the others; it is told like any that nobody caught. */
function call(callback: unknown, target: object, event: Event): void {
  try {
    if (typeof callback === 'function') Reflect.apply(callback, target, [event]);
    else {
      const { handleEvent } = callback as { handleEvent: unknown };
      if (typeof handleEvent !== 'function') throw new TypeError('the listener has no `handleEvent`');
      Reflect.apply(handleEvent, callback, [event]);
    }
  } catch (error) {
    uncaught.tell(error);
  }
}

/** Who hears of an error that nobody caught, once no listener of the global object took it. */
export const uncaught: { tell: (error: unknown) => void } = { tell: () => undefined };

let telling = false;

/** Whether the global object has a listener for events of this type. */
export function listens(type: string): boolean {
  return globalList.some((listener) => listener.type === type);
}

/** Whether a listener of the global object's `error` event took it. */
export function offered(error: unknown): boolean {
  if (telling || !listens('error')) return false;
  telling = true;
  try {
    return !fire(globalThis, new ErrorEvent('error', { cancelable: true, error, ...reported(error) }));
  } catch {
    return false;
  } finally {
    telling = false;
  }
}

const FRAME = /(tool\.[jt]s):(\d+):(\d+)/;

/** What is said of an exception, and where it came from: its own place, or that of who reports it. */
function reported(error: unknown): { message: string; filename: string; lineno: number; colno: number } {
  const real = error instanceof Error;
  const [, filename = '', line, column] =
    (real && FRAME.exec(String(error.stack))) || FRAME.exec(String(new Error().stack)) || [];
  const message = `Uncaught ${real || typeof error !== 'object' ? String(error) : 'exception'}`;
  return { message, filename, lineno: Number(line ?? 0), colno: Number(column ?? 0) };
}
