/** `PerformanceObserver` over marks and measures (Performance Timeline). */

import { DOMException } from './dom-exception.ts';
import { dictionary } from './event.ts';
import { uncaught } from './events.ts';
import { chosen, listening, type PerformanceEntry, timelineEntries } from './performance.ts';
import { setTimeout } from './timers.ts';

const making = Symbol('making');
const TYPES: readonly string[] = Object.freeze(['mark', 'measure']);

export class PerformanceObserverEntryList {
  readonly #entries: readonly PerformanceEntry[];

  constructor(key?: unknown, entries: readonly PerformanceEntry[] = []) {
    if (key !== making) throw new TypeError('lists are made by an observer');
    this.#entries = entries;
  }

  getEntries(): PerformanceEntry[] {
    return chosen(this.#entries, undefined, undefined);
  }

  getEntriesByType(type: unknown): PerformanceEntry[] {
    return chosen(this.#entries, undefined, type);
  }

  getEntriesByName(name: unknown, type?: unknown): PerformanceEntry[] {
    return chosen(this.#entries, name, type);
  }
}

interface ObserverInit {
  readonly entryTypes?: Iterable<unknown>;
  readonly type?: unknown;
  readonly buffered?: unknown;
}

interface ObserverState {
  readonly callback: (...args: unknown[]) => unknown;
  /** Whether it observes many types at once, or one each time; null before it observes. */
  many: boolean | null;
  types: Set<string>;
  waiting: PerformanceEntry[];
  /** Whether it was told yet how many entries were dropped: none ever are. */
  told: boolean;
}

const states = new WeakMap<object, ObserverState>();
const observing = new Set<PerformanceObserver>();
let planned = false;
const of = (observer: object): ObserverState => {
  const state = states.get(observer);
  if (!state) throw new TypeError('the value is no PerformanceObserver');
  return state;
};

export class PerformanceObserver {
  constructor(callback?: unknown) {
    if (typeof callback !== 'function') throw new TypeError('an observer takes a function');
    const run = callback as ObserverState['callback'];
    states.set(this, { callback: run, many: null, types: new Set(), waiting: [], told: false });
  }

  static get supportedEntryTypes(): readonly string[] {
    return TYPES;
  }

  observe(options?: ObserverInit | null): void {
    const state = of(this);
    const { entryTypes, type, buffered } = dictionary(options);
    if (entryTypes === undefined && type === undefined) throw new TypeError('`type` or `entryTypes` is needed');
    const many = entryTypes !== undefined;
    if (many && (typeof entryTypes !== 'object' || entryTypes === null))
      throw new TypeError('`entryTypes` is a sequence');
    if (many && (type !== undefined || buffered !== undefined))
      throw new TypeError('`entryTypes` goes with nothing else');
    if (state.many !== null && state.many !== many)
      throw new DOMException('an observer is of one type or of many', 'InvalidModificationError');
    state.many = many;
    const asked = (many ? Array.from(entryTypes, String) : [String(type)]).filter((each) => TYPES.includes(each));
    if (asked.length === 0) return;
    state.types = new Set(many ? asked : [...state.types, ...asked]);
    observing.add(this);
    if (many || !buffered) return;
    state.waiting.push(...chosen(timelineEntries(), undefined, asked[0]));
    plan();
  }

  disconnect(): void {
    observing.delete(this);
    Object.assign(of(this), { many: null, types: new Set(), waiting: [] });
  }

  takeRecords(): PerformanceEntry[] {
    const state = of(this);
    const taken = state.waiting;
    state.waiting = [];
    return taken;
  }
}

listening.tell = (entry) => {
  for (const observer of observing) {
    const state = of(observer);
    if (!state.types.has(entry.entryType)) continue;
    state.waiting.push(entry);
    plan();
  }
};

/** One turn later, for all that came until then. */
function plan(): void {
  if (planned) return;
  planned = true;
  setTimeout(deliver, 0);
}

function deliver(): void {
  planned = false;
  for (const observer of [...observing]) {
    const state = of(observer);
    const entries = observer.takeRecords();
    if (entries.length === 0) continue;
    const options = state.told ? {} : { droppedEntriesCount: 0 };
    state.told = true;
    try {
      const list = new PerformanceObserverEntryList(making, entries);
      Reflect.apply(state.callback, observer, [list, observer, options]);
    } catch (error) {
      uncaught.tell(error);
    }
  }
}
