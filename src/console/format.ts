/** Figures and instants as people read them. */

import { h } from './dom.ts';

/** Local time, UTC when pointed at; the date too where it is not of today. */
export function moment(at: number | string): HTMLElement {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return h('span', { class: 'soft' }, '–');
  const iso = date.toISOString();
  const now = new Date();
  const clock = date.toLocaleTimeString(undefined, CLOCK);
  const year = date.getFullYear() === now.getFullYear() ? {} : ({ year: 'numeric' } as const);
  const day = date.toLocaleDateString(undefined, { day: 'numeric', month: 'short', ...year });
  const text = date.toDateString() === now.toDateString() ? clock : `${day}, ${clock}`;
  return h('time', { datetime: iso, title: iso.replace('T', ' ').replace('Z', ' UTC') }, text);
}

/** 24 hours, whatever the locale: at night nobody should have to look for the `AM`. */
const CLOCK = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' } as const;

/** `1.2 KB`. */
export function bytes(n: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let [value, unit] = [n, 0];
  while (value >= 1000 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** `340 ms`, `12.3 s`, `4 min`, `3 h`, `2 d`. */
export function span(ms: number): string {
  if (ms < 1000) return `${ms < 10 ? Math.round(ms * 100) / 100 : Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 5_400_000) return `${Math.round(ms / 60_000)} min`;
  if (ms < 129_600_000) return `${Math.round(ms / 3_600_000)} h`;
  return `${Math.round(ms / 86_400_000)} d`;
}

export function count(n: number): string {
  return n.toLocaleString('en-GB');
}

/** A measured value: three digits that mean something. */
export function figure(value: number | null, unit: string): string {
  if (value === null) return 'no data';
  if (unit === 'ratio') return `${Math.round(value * 10_000) / 100} %`;
  if (unit === 'us' && value >= 1000) return figure(value / 1000, 'ms');
  if (unit === 'ms' && value >= 1000) return figure(value / 1000, 's');
  const text = value >= 1000 ? count(Math.round(value)) : String(Number(value.toPrecision(3)));
  return unit === 'count' ? text : `${text} ${unit === 'us' ? 'µs' : unit}`;
}

export const short = (digest: string): string => digest.slice(0, 12);

export const plural = (n: number, word: string, many = `${word}s`): string => `${count(n)} ${n === 1 ? word : many}`;
