/** `console`: captured line by line, each capped here, before it crosses. */

import { bridge, sliceText, utf8Length } from './bridge.ts';
import { inspect } from './inspect.ts';
import { output } from './output.ts';

const LINE = 8 * 1024;
const LEVELS = ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const;

const counts = new Map<string, number>();

/** Says one line; false when the task has said too much. */
function say(level: string, text: string): void {
  const line = sliceText(text, 0, LINE);
  if (output.take(utf8Length(line, LINE * 3) + 1)) bridge.current.serve('log', level, line);
}

function line(args: readonly unknown[]): string {
  let out = '';
  for (let i = 0; i < args.length && out.length < LINE; i += 1) {
    out += (i > 0 ? ' ' : '') + (typeof args[i] === 'string' ? args[i] : inspect(args[i]));
  }
  return out;
}

export function makeConsole(): object {
  const made: Record<string, (...args: unknown[]) => void> = {};
  for (const level of LEVELS) made[level] = (...args) => say(level, line(args));
  made['assert'] = (holds, ...args) => {
    if (!holds) say('error', `assertion failed${args.length > 0 ? `: ${line(args)}` : ''}`);
  };
  made['count'] = (label = 'default') => {
    const seen = (counts.get(String(label)) ?? 0) + 1;
    counts.set(String(label), seen);
    say('log', `${String(label)}: ${seen}`);
  };
  for (const name of ['group', 'groupCollapsed', 'dir', 'table']) made[name] = (...args) => say('log', line(args));
  for (const name of ['groupEnd', 'time', 'timeEnd', 'timeLog', 'countReset', 'clear']) made[name] = () => undefined;
  return made;
}
