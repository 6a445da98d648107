/**
 * What signs a text holds, told by one pass of vectors before anything is read: most texts hold none of what most readers of layers
 * look for, and a look for each kind by itself costs more than the search for secrets.
 */

import { EVENT_COUNT, EVENTS, type Kernel, kernelOver, MOST_EVENTS } from './kernel.ts';
import { KERNEL } from './kernel-wasm.ts';

/** What a text as a whole is made of. */
export interface Shapes {
  /** Of `SHAPES`. */
  readonly signs: number;
  /** Where lines begin that may be events, in order; null where there are too many to be told. */
  readonly eventLines: readonly number[] | null;
}

export type SurveyEngine = 'webassembly' | 'typescript';

const CHUNK = 64 * 1024;
const TEXT_AT = 0x1000;
/** Bytes that are looked at on both sides of each, and that a vector reads behind the last. */
const [BEFORE, AFTER, SLACK] = [8, 8, 32];
const NEWLINE = 10;
const PAGES = 2;

interface Machine extends Kernel {
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
}

const machines = new Map<SurveyEngine, Machine>();

/** A bit of `ENCODINGS` for each kind of which there may be some. */
export function encodingsIn(text: Uint8Array, engine: SurveyEngine = 'webassembly'): number {
  const machine = machineOf(engine);
  let signs = 0;
  for (let at = 0; at < text.length; at += CHUNK) signs |= machine.encodings(TEXT_AT, endOfChunk(machine, text, at));
  return signs;
}

export function shapesOf(text: Uint8Array, engine: SurveyEngine = 'webassembly'): Shapes {
  const machine = machineOf(engine);
  const lines: number[] = [];
  let signs = 0;
  let count = 0;
  for (let at = 0; at < text.length; at += CHUNK) {
    signs |= machine.shapes(TEXT_AT, endOfChunk(machine, text, at));
    const fresh = machine.words[EVENT_COUNT] as number;
    count += fresh;
    for (let i = 0; i < fresh && count <= MOST_EVENTS; i += 1)
      lines.push((machine.words[EVENTS + i] as number) - TEXT_AT + at);
  }
  return { signs, eventLines: count > MOST_EVENTS ? null : lines };
}

/** Puts the chunk that begins at `at` in its place, with what is around it. A text stands behind a line end, and before zeros. */
function endOfChunk({ bytes }: Machine, text: Uint8Array, at: number): number {
  const from = Math.max(0, at - BEFORE);
  const to = Math.min(text.length, at + CHUNK + AFTER);
  const shift = TEXT_AT - at;
  if (at === 0) bytes.fill(NEWLINE, TEXT_AT - BEFORE, TEXT_AT);
  bytes.set(from === 0 && to === text.length ? text : text.subarray(from, to), from + shift);
  bytes.fill(0, to + shift, to + shift + SLACK);
  return Math.min(text.length, at + CHUNK) + shift;
}

/** As much of it as is used here: the types of Node and of ECMAScript have none. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Instance: new (module: object, imports: object) => { readonly exports: Readonly<Record<string, unknown>> };
};

function machineOf(engine: SurveyEngine): Machine {
  let machine = machines.get(engine);
  if (machine === undefined) {
    machine = (engine === 'webassembly' ? compiled() : null) ?? overBuffer(new ArrayBuffer(PAGES * 65_536));
    machines.set(engine, machine);
  }
  return machine;
}

function overBuffer(buffer: ArrayBuffer, kernel: Kernel = kernelOver(buffer)): Machine {
  return { ...kernel, bytes: new Uint8Array(buffer), words: new Uint32Array(buffer) };
}

/** Null where the platform has no WebAssembly, or not its vectors. */
function compiled(): Machine | null {
  try {
    const memory = new WebAssembly.Memory({ initial: PAGES });
    const module = new WebAssembly.Module(Buffer.from(KERNEL, 'base64'));
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    return overBuffer(memory.buffer, exports as unknown as Kernel);
  } catch {
    return null;
  }
}
