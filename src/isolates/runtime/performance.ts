/** `performance`: a clock of whole milliseconds (T-65), and marks and measures by it (User Timing). */

import { DOMException } from './dom-exception.ts';
import { dictionary } from './event.ts';
import { EventTarget } from './events.ts';
import { structuredClone } from './structured-clone.ts';

/** Taken before tool code could set it. */
const clock = Date.now;
const making = Symbol('making');
let origin = 0;
/** In order of arrival. */
let timeline: PerformanceEntry[] = [];

/** Who hears of each entry that is made. */
export const listening: { tell: (entry: PerformanceEntry) => void } = { tell: () => undefined };

/** Time begins with the task. */
export function beginClock(): void {
  origin = clock();
}

interface EntryState {
  readonly name: string;
  readonly entryType: 'mark' | 'measure';
  readonly startTime: number;
  readonly duration: number;
  readonly detail: unknown;
}

export class PerformanceEntry {
  readonly #state: EntryState;

  constructor(key?: unknown, state?: EntryState) {
    if (key !== making || state === undefined) throw new TypeError('entries are made by `performance`');
    this.#state = state;
  }

  get name(): string {
    return this.#state.name;
  }
  get entryType(): string {
    return this.#state.entryType;
  }
  get startTime(): number {
    return this.#state.startTime;
  }
  get duration(): number {
    return this.#state.duration;
  }

  toJSON(): object {
    void this.#state;
    const { name, entryType, startTime, duration } = this;
    const detail = detailOf(this);
    return { name, entryType, startTime, duration, ...(detail !== undefined && { detail }) };
  }
}

const details = new WeakMap<object, unknown>();

function detailOf(entry: object): unknown {
  return details.get(entry);
}

function shownDetail(entry: object): unknown {
  if (!details.has(entry)) throw new TypeError('the value is no mark and no measure');
  return details.get(entry);
}

interface MarkOptions {
  readonly detail?: unknown;
  readonly startTime?: unknown;
}

export class PerformanceMark extends PerformanceEntry {
  constructor(...args: [unknown?, (MarkOptions | null)?]) {
    if (args.length === 0) throw new TypeError('a mark has a name');
    const name = String(args[0]);
    const { detail, startTime } = dictionary(args[1]);
    const at = startTime === undefined ? clock() - origin : stamp(startTime);
    super(making, { name, entryType: 'mark', startTime: at, duration: 0, detail: undefined });
    details.set(this, cloned(detail));
  }

  get detail(): unknown {
    return shownDetail(this);
  }
}

export class PerformanceMeasure extends PerformanceEntry {
  constructor(key?: unknown, state?: EntryState) {
    super(key, state);
    details.set(this, cloned(state?.detail));
  }

  get detail(): unknown {
    return shownDetail(this);
  }
}

function cloned(detail: unknown): unknown {
  return detail === undefined || detail === null ? null : structuredClone(detail);
}

/** Web IDL, `double`; time before the task is none. */
function stamp(value: unknown): number {
  const time = finite(value);
  if (time < 0) throw new TypeError('a time is not negative');
  return time;
}

function finite(value: unknown): number {
  const number = Number(value);
  if (!Number.isFinite(number)) throw new TypeError('a time is a finite number');
  return number;
}

/** A time, or that of the latest mark of this name. */
function timeOf(mark: unknown): number {
  if (typeof mark === 'number') return stamp(mark);
  const name = String(mark);
  const found = timeline.findLast((entry) => entry.entryType === 'mark' && entry.name === name);
  if (!found) throw new DOMException('there is no mark of this name', 'SyntaxError');
  return found.startTime;
}

interface MeasureOptions {
  readonly start?: unknown;
  readonly end?: unknown;
  readonly duration?: unknown;
  readonly detail?: unknown;
}

/** User Timing, section 3.1.3. */
function spanOf(from: unknown, endMark: unknown): { start: number; end: number; detail: unknown } {
  const named = from !== undefined && from !== null && typeof from !== 'object' && typeof from !== 'function';
  const options: MeasureOptions = named ? { start: String(from) } : dictionary(from as MeasureOptions);
  const { start, end = endMark, duration, detail } = options;
  if (!named) checkOptions(options, endMark);
  const length = duration === undefined ? undefined : finite(duration);
  const over =
    end !== undefined
      ? timeOf(end)
      : start !== undefined && length !== undefined
        ? timeOf(start) + length
        : clock() - origin;
  const began = start !== undefined ? timeOf(start) : length !== undefined ? over - length : 0;
  return { start: began, end: over, detail };
}

function checkOptions({ start, end, duration, detail }: MeasureOptions, endMark: unknown): void {
  if ([start, end, duration, detail].every((member) => member === undefined)) return;
  if (endMark !== undefined) throw new TypeError('the end is given twice');
  if (start === undefined && end === undefined) throw new TypeError('a measure has a start or an end');
  if (start !== undefined && end !== undefined && duration !== undefined)
    throw new TypeError('of start, end and duration two are enough');
}

export class Performance extends EventTarget {
  readonly #real = true;

  constructor(key?: unknown) {
    if (key !== making) throw new TypeError('use `performance`');
    super();
  }

  /** Throws a `TypeError` for what is none. */
  static #check(of: Performance): void {
    void of.#real;
  }

  now(): number {
    Performance.#check(this);
    return clock() - origin;
  }

  get timeOrigin(): number {
    Performance.#check(this);
    return origin;
  }

  toJSON(): object {
    Performance.#check(this);
    return { timeOrigin: origin };
  }

  mark(name: unknown, options?: MarkOptions | null): PerformanceMark {
    Performance.#check(this);
    return kept(new PerformanceMark(name, options));
  }

  measure(name: unknown, startOrOptions?: unknown, endMark?: unknown): PerformanceMeasure {
    Performance.#check(this);
    const text = String(name);
    const { start, end, detail } = spanOf(startOrOptions, endMark);
    const state = { name: text, entryType: 'measure', startTime: start, duration: end - start, detail } as const;
    return kept(new PerformanceMeasure(making, state));
  }

  clearMarks(name?: unknown): void {
    Performance.#check(this);
    clear('mark', name);
  }

  clearMeasures(name?: unknown): void {
    Performance.#check(this);
    clear('measure', name);
  }

  getEntries(): PerformanceEntry[] {
    Performance.#check(this);
    return chosen(timeline, undefined, undefined);
  }

  getEntriesByType(type: unknown): PerformanceEntry[] {
    Performance.#check(this);
    return chosen(timeline, undefined, type);
  }

  getEntriesByName(name: unknown, type?: unknown): PerformanceEntry[] {
    Performance.#check(this);
    return chosen(timeline, name, type);
  }
}

export function makePerformance(): Performance {
  return new Performance(making);
}

/** All that is on it, in order of arrival. */
export function timelineEntries(): readonly PerformanceEntry[] {
  return timeline;
}

function kept<Entry extends PerformanceEntry>(entry: Entry): Entry {
  timeline.push(entry);
  listening.tell(entry);
  return entry;
}

function clear(type: string, name: unknown): void {
  const text = name === undefined ? undefined : String(name);
  timeline = timeline.filter((entry) => entry.entryType !== type || (text !== undefined && entry.name !== text));
}

/** By time; of the same time as they came. */
export function chosen(all: readonly PerformanceEntry[], name: unknown, type: unknown): PerformanceEntry[] {
  const text = name === undefined ? undefined : String(name);
  const kind = type === undefined ? undefined : String(type);
  const found = all.filter(
    (e) => (text === undefined || e.name === text) && (kind === undefined || e.entryType === kind),
  );
  return found.sort((a, b) => a.startTime - b.startTime);
}
