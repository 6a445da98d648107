/**
 * The runtime's entry: makes the realm what tool code may see, and gives the host its two handles. Runs once, into the
 * snapshot; `__boot` runs in every isolate, before any tool code.
 */

import { takeReply } from './bindings.ts';
import { type Bridge, bridge, jsonText, jsonValue, sliceText, utf8Length } from './bridge.ts';
import { makeConsole } from './console.ts';
import { type EnvSettings, makeEnv, tellPart } from './env.ts';
import { offered } from './events.ts';
import { beginFinalizers, endFinalizers } from './finalizers.ts';
import { beginTask, installGlobals, returnWebAssembly } from './globals.ts';
import { output } from './output.ts';
import { rejected } from './rejection.ts';
import { tick } from './timers.ts';

interface Setting extends EnvSettings {
  readonly output_bytes: number;
  readonly webassembly: boolean;
}

type Main = (input: unknown, env: object) => unknown;
type Namespace = { readonly default?: unknown };

const MESSAGE = 4 * 1024;
const STACK = 8 * 1024;
const global = globalThis as unknown as Record<string, unknown>;
const nobody: Bridge = { serve: () => null, hear: () => undefined };
let real: Bridge = nobody;
/** JSON text. */
let input = 'null';
let env: object = {};
let streams = false;
/** The tool's module once it has run; whether the host was told that it waits. */
let tool: Namespace | null = null;
let waited = false;

/** Before any tool code, and again where the task that comes is set otherwise than was thought: all but WebAssembly can be taken back. */
function start(settingText: string): void {
  bridge.current = real;
  prepare(settingText);
}

function prepare(settingText: string): void {
  const setting = jsonValue(settingText) as Setting;
  output.budget(setting.output_bytes);
  if (setting.webassembly) returnWebAssembly(global);
  streams = setting.stream === true;
  env = makeEnv(setting);
}

/** Walks what every task walks, with nobody listening, so that it is compiled when the task comes. */
function warm(): void {
  bridge.current = nobody;
  prepare('{"output_bytes":1000,"webassembly":false,"storage":false,"tools":[]}');
  deliver('tick', null, null, null);
  evaluated({ default: async () => ({ a: ['b'] }) });
  deliver('begin', '{"a":[1]}', null, null);
  tool = null;
}

function deliver(what: string, a: unknown, b: unknown, c: unknown): void {
  if (what === 'tick') guarded(tick);
  else if (what === 'reply') takeReply(a as number, b as string, c as ArrayBuffer | undefined);
  else if (what === 'begin') begin(a as string);
  else if (what === 'rejected') rejected(a as string);
  else if (what === 'over') endFinalizers();
}

/** Called with the tool's module once that has run to its end, however long it waits at its top level. */
function evaluated(namespace: Namespace): void {
  tool = namespace;
  if (!waited) return;
  bridge.current.hear('pending', false);
  void main(namespace);
}

/** The host's order to call the tool with this input, right behind the one to run its module. */
function begin(inputText: string): void {
  beginFinalizers();
  input = inputText;
  waited = tool === null;
  if (tool === null) bridge.current.hear('pending', true);
  else void main(tool);
}

async function main(namespace: Namespace): Promise<void> {
  try {
    const main = namespace.default;
    if (typeof main !== 'function') throw new TypeError('tool code must export a default function');
    const result = await (main as Main)(jsonValue(input), env);
    finish(comesInParts(result) ? await gathered(result) : result);
  } catch (error) {
    fail(error);
  }
}

/** What an async generator gives, or a stream: anything that says so itself. */
function comesInParts(result: unknown): result is AsyncIterable<unknown> {
  const at = result as { readonly [Symbol.asyncIterator]?: unknown } | null;
  return typeof at === 'object' && at !== null && typeof at[Symbol.asyncIterator] === 'function';
}

/** Its parts as a list: each is told as it comes where somebody listens. */
async function gathered(parts: AsyncIterable<unknown>): Promise<readonly unknown[]> {
  const all: unknown[] = [];
  let size = 0;
  for await (const part of parts) {
    const text = jsonText(part === undefined ? null : part) ?? 'null';
    size += text.length + 1;
    // Ends here: a list that is too much to be said need not be made.
    if (size > output.left()) output.take(size);
    if (streams) tellPart(text);
    all[all.length] = jsonValue(text);
  }
  return all;
}

function finish(result: unknown): void {
  const text = jsonText(result === undefined ? null : result) ?? 'null';
  if (!output.take(utf8Length(text, output.left() + 1))) return;
  endFinalizers();
  bridge.current.hear('done', text);
}

/** Whatever was thrown, as plain bounded text. Its getters may throw, too. */
function fail(thrown: unknown): void {
  let fault: object;
  try {
    const error = thrown as { name?: unknown; message?: unknown; stack?: unknown; code?: unknown } | null;
    const real = typeof error === 'object' && error !== null;
    fault = {
      // Without a `toJSON` that tool code gave to all objects: an end that cannot be told is none.
      __proto__: null,
      name: real ? short(error.name, 100) : 'Error',
      message: real ? short(error.message, MESSAGE) : short(String(thrown), MESSAGE),
      stack: real ? short(error.stack, STACK) : '',
      code: real && typeof error.code === 'string' ? short(error.code, 100) : undefined,
    };
  } catch {
    fault = { __proto__: null, name: 'Error', message: 'the error cannot be read', stack: '' };
  }
  endFinalizers();
  bridge.current.hear('fail', 'failed', jsonText(fault));
}

function short(value: unknown, max: number): string {
  return typeof value === 'string' ? sliceText(value, 0, max) : '';
}

/** An exception in a callback ends the task, as an uncaught one does elsewhere. */
function guarded(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!offered(error)) fail(error);
  }
}

installGlobals(global, makeConsole());
warm();
global['__boot'] = (serve: Bridge['serve'], hear: Bridge['hear']) => {
  real = { serve, hear };
  hear('ready');
  warm();
  beginTask(global);
  global['__evaluated'] = evaluated;
  return { start, deliver };
};
