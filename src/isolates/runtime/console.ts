/** `console`: captured line by line, each capped here, before it crosses. */

import { bridge, sliceText, utf8Length } from './bridge.ts';
import { inspect } from './inspect.ts';
import { output } from './output.ts';

const LINE = 8 * 1024;
const INDENT = 40;
const LEVELS = ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const;

const counts = new Map<string, number>();
const timers = new Map<string, number>();
const { now } = Date;
let indent = '';

/** Says one line; does nothing when the task has said too much. */
function say(level: string, text: string): void {
  const line = sliceText(indent + text, 0, LINE);
  if (output.take(utf8Length(line, LINE * 3) + 1)) bridge.current.serve('log', level, line);
}

function line(args: readonly unknown[]): string {
  const { text, used } = formatted(args);
  let out = text;
  for (let i = used; i < args.length && out.length < LINE; i += 1) {
    out += (i > 0 ? ' ' : '') + (typeof args[i] === 'string' ? args[i] : inspect(args[i]));
  }
  return out;
}

/** What a first text makes of those behind it (Console standard, section 2.2); `used`: how many are said with it. */
function formatted(args: readonly unknown[]): { readonly text: string; readonly used: number } {
  if (typeof args[0] !== 'string' || args.length < 2) return { text: '', used: 0 };
  const format = sliceText(args[0], 0, LINE);
  let used = 1;
  let text = '';
  for (let i = 0; i < format.length; i += 1) {
    const kind = format[i] === '%' ? (format[i + 1] ?? '') : '';
    const known = kind === '%' || (kinds.has(kind) && used < args.length);
    if (kind === '%') text += '%';
    else if (known) text += substituted(kind, args[used++]);
    else text += format[i];
    if (known) i += 1;
  }
  return { text, used };
}

const kinds = new Set(['s', 'd', 'i', 'f', 'o', 'O', 'c']);

function substituted(kind: string, value: unknown): string {
  if (kind === 's') return typeof value === 'string' ? value : inspect(value);
  if (kind === 'o' || kind === 'O') return inspect(value);
  // Style, which a log has none of.
  if (kind === 'c') return '';
  if (typeof value === 'bigint') return inspect(value);
  if (value !== null && /^(?:object|function|symbol)$/.test(typeof value)) return 'NaN';
  return String(kind === 'f' ? parseFloat(String(value)) : parseInt(String(value), 10));
}

function labelled(label: unknown): string {
  return String(label === undefined ? 'default' : label);
}

function elapsed(level: string, label: unknown, rest: readonly unknown[]): void {
  const name = labelled(label);
  const from = timers.get(name);
  if (from === undefined) say('warn', `no timer is called ${name}`);
  else say(level, `${name}: ${now() - from} ms${rest.length > 0 ? ` ${line(rest)}` : ''}`);
}

/** Methods as the Console standard has them; arguments that are optional there are optional here. */
const methods: Readonly<Record<string, (...args: unknown[]) => void>> = {
  assert(holds = false, ...args) {
    if (!holds) say('error', `assertion failed${args.length > 0 ? `: ${line(args)}` : ''}`);
  },
  clear() {
    indent = '';
  },
  count(label = 'default') {
    const name = labelled(label);
    const seen = (counts.get(name) ?? 0) + 1;
    counts.set(name, seen);
    say('log', `${name}: ${seen}`);
  },
  countReset(label = 'default') {
    const name = labelled(label);
    if (!counts.delete(name)) say('warn', `nothing is counted as ${name}`);
  },
  dir(...args) {
    say('log', line(args.slice(0, 1)));
  },
  dirxml(...args) {
    say('log', line(args));
  },
  group(...args) {
    if (args.length > 0) say('log', line(args));
    if (indent.length < INDENT) indent += '  ';
  },
  groupCollapsed(...args) {
    methods['group']?.(...args);
  },
  groupEnd() {
    indent = sliceText(indent, 2);
  },
  table(...args) {
    say('log', line(args));
  },
  time(label = 'default') {
    const name = labelled(label);
    if (timers.has(name)) say('warn', `a timer is called ${name} already`);
    else timers.set(name, now());
  },
  timeLog(label = 'default', ...rest) {
    elapsed('log', label, rest);
  },
  timeEnd(label = 'default') {
    elapsed('log', label, []);
    timers.delete(labelled(label));
  },
};

/** A namespace object as Web IDL has it: its prototype is an object of its own, without members. */
export function makeConsole(): object {
  const made = Object.create({}) as Record<string, unknown>;
  for (const level of LEVELS) {
    const { [level]: method } = { [level]: (...args: unknown[]) => say(level, line(args)) };
    made[level] = method;
  }
  Object.assign(made, methods);
  Object.defineProperty(made, Symbol.toStringTag, { value: 'console', configurable: true });
  return made;
}
