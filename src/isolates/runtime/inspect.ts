/** A value as a person reads it in a log: bounded in depth, width and length, and never calling getters. */

import { sliceText } from './bridge.ts';

const DEPTH = 4;
const WIDTH = 50;
const TEXT = 4 * 1024;
/** What one look describes in all: depth and width alone would let it be millions, for a line of 8 KB. */
const MOST = 2000;
let left = 0;
const { getOwnPropertyDescriptor, keys } = Object;
const { isArray } = Array;

/** Never throws, whatever the value does when it is looked at. */
export function inspect(value: unknown, depth = 0, seen: readonly unknown[] = []): string {
  if (depth === 0 && seen.length === 0) left = MOST;
  try {
    return described(value, depth, seen);
  } catch {
    return '[Unreadable]';
  }
}

function described(value: unknown, depth: number, seen: readonly unknown[]): string {
  if (typeof value === 'string') return `'${sliceText(value, 0, TEXT)}'`;
  if (typeof value === 'bigint') return `${sliceText(String(value), 0, TEXT)}n`;
  if (typeof value === 'function') return `[Function: ${named(value) || '(anonymous)'}]`;
  if (typeof value !== 'object' || value === null) return sliceText(String(value), 0, TEXT);
  if (seen.includes(value)) return '[Circular]';
  if (value instanceof Error) return errorText(value);
  if (depth >= DEPTH || left <= 0) return isArray(value) ? '[Array]' : '[Object]';
  return structure(value, depth, [...seen, value]);
}

function named(of: object): string {
  const name: unknown = getOwnPropertyDescriptor(of, 'name')?.value;
  return typeof name === 'string' ? name : '';
}

function errorText(error: Error): string {
  try {
    return sliceText(String(error.stack ?? error), 0, TEXT);
  } catch {
    return '[Error]';
  }
}

function structure(value: object, depth: number, seen: readonly unknown[]): string {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (value instanceof RegExp) return String(value);
  if (value instanceof Map) return `Map(${value.size}) ${inspect(bounded(value), depth, seen)}`;
  if (value instanceof Set) return `Set(${value.size}) ${inspect(bounded(value), depth, seen)}`;
  if (ArrayBuffer.isView(value)) return `${nameOf(value)}(${value.byteLength} bytes)`;
  const parts = members(value, depth, seen);
  if (isArray(value)) return parts.length > 0 ? `[ ${parts.join(', ')} ]` : '[]';
  const prefix = nameOf(value) === 'Object' ? '' : `${nameOf(value)} `;
  return parts.length > 0 ? `${prefix}{ ${parts.join(', ')} }` : `${prefix}{}`;
}

/** The names of the first members; of something long, without making a list of all of them. */
function firstKeys(value: object): { readonly shown: readonly string[]; readonly more: number } {
  if (isArray(value) && value.length > WIDTH) {
    const shown: string[] = [];
    for (let i = 0; i < WIDTH; i += 1) shown.push(String(i));
    return { shown, more: value.length - WIDTH };
  }
  const all = keys(value);
  return { shown: all.slice(0, WIDTH), more: Math.max(0, all.length - WIDTH) };
}

function members(value: object, depth: number, seen: readonly unknown[]): string[] {
  const { shown: all, more: rest } = firstKeys(value);
  const shown = all.slice(0, Math.max(0, left));
  const more = rest + all.length - shown.length;
  left -= shown.length;
  const parts = shown.map((key) => {
    const property = getOwnPropertyDescriptor(value, key);
    if (property === undefined) return 'empty';
    const text = 'value' in property ? inspect(property.value, depth + 1, seen) : '[Getter]';
    return isArray(value) ? text : `${/^[A-Za-z_$][\w$]*$/.test(key) ? key : `'${key}'`}: ${text}`;
  });
  return more === 0 ? parts : [...parts, `… ${more} more`];
}

function nameOf(value: object): string {
  const prototype = Object.getPrototypeOf(value) as object | null;
  const made = prototype && getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  return typeof made === 'function' ? named(made) || 'Object' : 'Object';
}

function bounded(values: Iterable<unknown>): unknown[] {
  const out: unknown[] = [];
  for (const value of values) {
    if (out.length >= WIDTH) break;
    out.push(value);
  }
  return out;
}
