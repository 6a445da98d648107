/** Texts and places looked for in a text of any length, by WebAssembly where there is one. */

import type { Image } from './image.ts';
import { kernelOver, type Scan } from './kernel.ts';
import { KERNEL } from './kernel-wasm.ts';
import { AROUND_BEFORE, CHUNK, HEADER, MARGIN } from './layout.ts';

/** Where something was found: two numbers each, the index of the entry and the place. They are in no strict order. */
export interface Hits {
  readonly numbers: Int32Array;
  readonly count: number;
}

/** The places alone. */
export function placesOf({ numbers, count }: Hits): number[] {
  return Array.from({ length: count }, (_, i) => numbers[2 * i + 1] as number);
}

export type Engine = 'webassembly' | 'typescript';

interface Machine {
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  readonly scan: Scan;
}

/** Bytes after the text that the inner loop may read; they are zero. */
const SLACK = 64;
const NEWLINE = 10;

export class Prefilter {
  readonly image: Image;
  readonly #engine: Engine;
  #machine: Machine | undefined;
  #found = new Int32Array(1024);

  constructor(image: Image, engine: Engine = 'webassembly') {
    this.image = image;
    this.#engine = engine;
  }

  /** Overwrites what the last call gave. With `plain` only texts of rules that fold beyond ASCII, whatever is around them. */
  scan(text: Uint8Array, plain = false): Hits {
    this.#machine ??= machineOf(this.image, this.#engine);
    let count = 0;
    for (let at = 0; at < text.length; at += CHUNK) count = this.#chunk(this.#machine, { text, at, plain, count });
    return { numbers: this.#found, count };
  }

  #chunk(
    machine: Machine,
    { text, at, plain, count }: { text: Uint8Array; at: number; plain: boolean; count: number },
  ) {
    const first = Math.max(0, at - MARGIN);
    const last = Math.min(text.length, at + CHUNK + MARGIN);
    const { textAt } = this.image;
    const part = first === 0 && last === text.length ? text : text.subarray(first, last);
    machine.bytes.fill(NEWLINE, textAt - AROUND_BEFORE, textAt);
    machine.bytes.set(part, textAt);
    const end = textAt + part.length;
    machine.bytes.fill(0, end, end + SLACK);
    machine.words[HEADER.start] = textAt;
    machine.words[HEADER.end] = end;
    const shift = textAt - first;
    const to = Math.min(text.length, at + CHUNK) + shift;
    let now = count;
    for (let from = at + shift; from < to; ) {
      from = machine.scan(from, to, plain ? 1 : 0);
      now = this.#take(machine, now, shift);
    }
    return now;
  }

  #take({ words }: Machine, count: number, shift: number): number {
    const fresh = words[HEADER.hits] as number;
    if (fresh === 0) return count;
    if (2 * (count + fresh) > this.#found.length) {
      const more = new Int32Array(4 * (count + fresh));
      more.set(this.#found);
      this.#found = more;
    }
    const found = this.#found;
    const out = this.image.outAt >>> 2;
    for (let i = 0; i < 2 * fresh; i += 2) {
      found[2 * count + i] = words[out + i] as number;
      found[2 * count + i + 1] = (words[out + i + 1] as number) - shift;
    }
    return count + fresh;
  }
}

/** As much of it as is used here: the types of Node and of ECMAScript have none. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Instance: new (module: object, imports: object) => { readonly exports: Readonly<Record<string, unknown>> };
};

let compiled: object | null | undefined;

function machineOf(image: Image, engine: Engine): Machine {
  const module = engine === 'webassembly' ? moduleOf() : null;
  const memory = module === null ? null : new WebAssembly.Memory({ initial: Math.ceil(image.size / 65536) });
  const buffer = memory?.buffer ?? new ArrayBuffer(Math.ceil(image.size / 64) * 64);
  const bytes = new Uint8Array(buffer);
  bytes.set(image.tables);
  const scan =
    module === null || memory === null
      ? kernelOver(buffer)
      : (new WebAssembly.Instance(module, { env: { memory } }).exports['scan'] as Scan);
  return { bytes, words: new Uint32Array(buffer), scan };
}

/** Null where the platform has no WebAssembly, or not its vectors. */
function moduleOf(): object | null {
  if (compiled !== undefined) return compiled;
  try {
    compiled = new WebAssembly.Module(Buffer.from(KERNEL, 'base64'));
  } catch {
    compiled = null;
  }
  return compiled;
}
