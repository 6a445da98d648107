/** Errors of tool code as they leave the host: plain text, bounded, with nothing of the host's own in it. */

import { LIMITS, type TaskFault } from './protocol.ts';

/** What a person would read of it, where it is no error. */
export function plainOf(value: unknown): string {
  if (typeof value === 'string') return value.slice(0, LIMITS.message);
  return typeof value === 'object' ? '[object]' : String(value);
}

/** As plain bounded text. */
export function copyOf(error: Error): TaskFault {
  const text = (value: unknown, max: number) => (typeof value === 'string' ? value.slice(0, max) : '');
  return {
    name: text(error.name, 100) || 'Error',
    message: text(error.message, LIMITS.message),
    stack: toolFrames(text(error.stack, LIMITS.stack)),
    code: null,
  };
}

/** Only what tool code can know of: no line of the host's own files. */
function toolFrames(stack: string): string {
  return stack
    .split('\n')
    .filter((line) => !/^\s+at /.test(line) || /tool\.[jt]s/.test(line))
    .join('\n');
}

/** What the runtime says of a failure; null when it says nothing. */
export function faultOf(json: unknown): TaskFault | null {
  if (typeof json !== 'string') return null;
  const raw = JSON.parse(json) as Record<string, unknown>;
  const text = (value: unknown, max: number) => (typeof value === 'string' ? value.slice(0, max) : '');
  return {
    name: text(raw['name'], 100) || 'Error',
    message: text(raw['message'], LIMITS.message),
    stack: toolFrames(text(raw['stack'], LIMITS.stack)),
    code: typeof raw['code'] === 'string' ? raw['code'].slice(0, 100) : null,
  };
}
