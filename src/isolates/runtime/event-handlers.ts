/** Event handler attributes, as `onmessage`: one listener for each, whose place is that of the first handler (HTML, event handlers). */

import type { Event } from './event.ts';
import type { EventTarget } from './events.ts';

const handlers = new WeakMap<object, Map<string, { handler: unknown }>>();
const { apply } = Reflect;

/** Defines `on…` of these types on a prototype; `set` runs after each time that one is set. */
export function defineHandlers(prototype: object, types: readonly string[], set: (target: object) => void): void {
  for (const type of types) {
    Object.defineProperty(prototype, `on${type}`, {
      get(this: EventTarget): unknown {
        return handlers.get(this)?.get(type)?.handler ?? null;
      },
      set(this: EventTarget, handler: unknown) {
        handle(this, type, handler);
        set(this);
      },
      enumerable: true,
      configurable: true,
    });
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
  target.addEventListener(type, (event: Event) => {
    if (typeof state.handler === 'function') apply(state.handler, target, [event]);
  });
}
