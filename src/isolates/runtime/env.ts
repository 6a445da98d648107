/** `env`, the second argument of tool code: what it may reach beyond its isolate, by name. */

import { callBinding } from './bindings.ts';
import { bridge, jsonText, utf8Length } from './bridge.ts';
import { output } from './output.ts';

export interface EnvSettings {
  readonly storage: boolean;
  /** Whether anybody listens while it runs. */
  readonly stream?: boolean;
  readonly tools: readonly string[];
}

export function makeEnv(settings: EnvSettings): object {
  const tools: Record<string, (args?: unknown) => Promise<unknown>> = Object.create(null);
  for (const name of settings.tools) {
    tools[name] = tools[camel(name)] = async (args = {}) => (await callBinding('tool', { name, args })).value;
  }
  return Object.freeze({ tools: Object.freeze(tools), progress, ...(settings.storage && { storage: storage() }) });
}

/** Characters of one report of progress, as JSON. */
const PROGRESS = 8 * 1024;

/** How far it is, as any JSON value: a line of the log, and an event of its own for who listens. */
function progress(value: unknown): void {
  const text = jsonText(value);
  if (text === undefined) throw new TypeError('progress is a JSON value');
  if (text.length > PROGRESS) throw new RangeError(`progress has at most ${PROGRESS} characters of JSON`);
  if (output.take(utf8Length(text, PROGRESS * 3) + 1)) bridge.current.serve('log', 'progress', text);
}

/** A part of a result that comes piece by piece: for who listens; the whole of them is the result. */
export function tellPart(text: string): void {
  if (text.length > PROGRESS) throw new RangeError(`a part of a result has at most ${PROGRESS} characters of JSON`);
  if (output.take(utf8Length(text, PROGRESS * 3) + 1)) bridge.current.serve('log', 'part', text);
}

/** `billing-readonly` is also `billingReadonly`. */
function camel(name: string): string {
  return name.replace(/-([a-z0-9])/g, (_all, letter: string) => letter.toUpperCase());
}

/** What is left out: all keys, as many as one answer holds, from the first on. */
interface ListOptions {
  readonly prefix?: string;
  readonly limit?: number;
  /** What the page before said. */
  readonly cursor?: string | null;
}

function area(name: 'session' | 'ephemeral') {
  const ask = async (op: string, args: object) => (await callBinding(`storage.${op}`, { area: name, ...args })).value;
  return Object.freeze({
    get: async (key: string) => (await ask('get', { key })) ?? null,
    put: async (key: string, value: unknown, options?: { ttl?: number } | null) =>
      ask('put', { key, value, ttl: options?.ttl }),
    delete: (key: string) => ask('delete', { key }),
    list: async (asked: string | ListOptions | null = '') => {
      const options = typeof asked === 'object' ? (asked ?? {}) : { prefix: asked };
      const { prefix = '', limit, cursor } = options;
      const page = (await ask('list', { prefix, limit, cursor })) as { readonly keys: readonly string[] };
      return typeof asked === 'object' ? page : page.keys;
    },
  });
}

function storage(): object {
  return Object.freeze({ session: area('session'), ephemeral: area('ephemeral') });
}
