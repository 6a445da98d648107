/**
 * Event handler attributes, as `onmessage`: one listener for each, whose place is that of the first handler (HTML, event
 * handlers).
 */

import { ErrorEvent, type Event } from './event.ts';
import { type EventTarget, listOf } from './events.ts';

const handlers = new WeakMap<object, Map<string, { handler: unknown }>>();
const { apply } = Reflect;

/** Defines `on…` of these types on a prototype, or on the global object; `set` runs after each time that one is set. */
export function defineHandlers(on: object, types: readonly string[], set?: (target: object) => void): void {
  for (const type of types) {
    const name = `on${type}`;
    const made = {
      get [name](): unknown {
        listOf(this);
        return handlers.get(this ?? globalThis)?.get(type)?.handler ?? null;
      },
      set [name](handler: unknown) {
        listOf(this);
        const target = (this ?? globalThis) as unknown as EventTarget;
        handle(target, type, handler);
        set?.(target);
      },
    };
    Object.defineProperty(on, name, Object.getOwnPropertyDescriptor(made, name) as PropertyDescriptor);
  }
}

function handle(target: EventTarget, type: string, given: unknown): void {
  const handler = typeof given === 'function' || (typeof given === 'object' && given !== null) ? given : null;
  const all = handlers.get(target) ?? new Map<string, { handler: unknown }>();
  handlers.set(target, all);
  const there = all.get(type);
  if (there) there.handler = handler;
  if (there || handler === null) return;
  const state = { handler: handler as unknown };
  all.set(type, state);
  target.addEventListener(type, (event: Event) => process(target, event, state.handler));
}

/** HTML, "the event handler processing algorithm". */
function process(target: EventTarget, event: Event, handler: unknown): void {
  if (typeof handler !== 'function') return;
  const ofErrors = (target as object) === globalThis && event instanceof ErrorEvent && event.type === 'error';
  const { message, filename, lineno, colno, error } = event as ErrorEvent;
  const answer: unknown = apply(handler, target, ofErrors ? [message, filename, lineno, colno, error] : [event]);
  if (answer === (ofErrors === true)) event.preventDefault();
}
