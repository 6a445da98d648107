/** Timers: a list ordered by time and age. The host is asked for one wake, at the earliest of them. */

import { bridge } from './bridge.ts';

interface Timer {
  readonly id: number;
  readonly callback: (...args: unknown[]) => unknown;
  readonly args: readonly unknown[];
  /** Null: once. */
  readonly every: number | null;
  due: number;
}

const MAX_TIMERS = 10_000;
const clock = Date.now;
const { min, max } = Math;
/** Those that wait, soonest first. */
const waiting: Timer[] = [];
const alive = new Set<number>();
let last = 0;
let armedFor = Number.POSITIVE_INFINITY;

function add(callback: unknown, delay: unknown, args: readonly unknown[], repeats: boolean): number {
  if (typeof callback !== 'function') throw new TypeError('a timer takes a function');
  // A `long` of Web IDL: what does not fit wraps round.
  return begin(callback as Timer['callback'], max(0, Number(delay) | 0), args, repeats);
}

/** Once, after that many milliseconds, also where they are more than a timer of tool code can have. */
export function after(callback: () => void, span: number): void {
  begin(callback, span, [], false);
}

function begin(callback: Timer['callback'], span: number, args: readonly unknown[], repeats: boolean): number {
  if (waiting.length >= MAX_TIMERS) throw new RangeError('too many timers');
  last += 1;
  alive.add(last);
  const every = repeats ? max(1, span) : null;
  insert({ id: last, due: clock() + span, args, every, callback });
  arm();
  return last;
}

function insert(timer: Timer): void {
  let from = 0;
  let to = waiting.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((waiting[middle] as Timer).due <= timer.due) from = middle + 1;
    else to = middle;
  }
  waiting.splice(from, 0, timer);
}

function arm(): void {
  const next = waiting[0];
  if (next === undefined || next.due >= armedFor) return;
  armedFor = next.due;
  bridge.current.hear('wake', max(0, next.due - clock()));
}

export function setTimeout(callback: unknown, delay?: unknown, ...args: unknown[]): number {
  return add(callback, delay, args, false);
}

export function setInterval(callback: unknown, delay?: unknown, ...args: unknown[]): number {
  return add(callback, delay, args, true);
}

export function clearTimeout(id?: unknown): void {
  if (!alive.delete(Number(id))) return;
  const at = waiting.findIndex((t) => t.id === Number(id));
  if (at >= 0) waiting.splice(at, 1);
}

export function clearInterval(id?: unknown): void {
  clearTimeout(id);
}

/** The host's wake came. One timer a wake, so that microtasks run between them. */
export function tick(): void {
  armedFor = Number.POSITIVE_INFINITY;
  const next = waiting[0];
  if (next === undefined || next.due > clock()) {
    arm();
    return;
  }
  waiting.shift();
  if (next.every === null) alive.delete(next.id);
  else insert({ ...next, due: max(next.due + next.every, clock() + min(1, next.every)) });
  try {
    next.callback(...next.args);
  } finally {
    arm();
  }
}
