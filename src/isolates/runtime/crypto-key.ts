/** `CryptoKey`: what it is made of stays in the isolate; the host is handed it with each operation. */

import { jsonText } from './bridge.ts';
import { joinBytes } from './buffer-source.ts';

/** What crosses to the host and back: bytes stand beside the text, `$b` says where; `$k` is a key. */
export type Wire = null | boolean | number | string | Uint8Array | CryptoKey | readonly Wire[] | WireObject;
interface WireObject {
  readonly [member: string]: Wire | undefined;
}

interface KeyState {
  readonly type: string;
  readonly extractable: boolean;
  readonly usages: readonly string[];
  readonly format: string;
  readonly material: Uint8Array;
  readonly algorithm: WireObject;
  /** What tool code was shown, and may have changed: the same each time. */
  shownAlgorithm: object | null;
  shownUsages: string[] | null;
}

const making = Symbol('making');
const states = new WeakMap<object, KeyState>();

export function keyState(key: unknown): KeyState {
  const state = states.get(key as object);
  if (!state) throw new TypeError('the value is no CryptoKey');
  return state;
}

export class CryptoKey {
  constructor(key?: unknown) {
    if (key !== making) throw new TypeError('keys are made by `crypto.subtle`');
  }

  get type(): string {
    return keyState(this).type;
  }
  get extractable(): boolean {
    return keyState(this).extractable;
  }
  get algorithm(): object {
    const state = keyState(this);
    state.shownAlgorithm ??= shown(state.algorithm) as object;
    return state.shownAlgorithm;
  }
  get usages(): string[] {
    const state = keyState(this);
    state.shownUsages ??= [...state.usages];
    return state.shownUsages;
  }
}

export function isCryptoKey(value: unknown): value is CryptoKey {
  return typeof value === 'object' && value !== null && states.has(value);
}

/** Another object for the same key. */
export function clonedKey(key: CryptoKey): CryptoKey {
  return made(keyState(key));
}

function made(state: Omit<KeyState, 'shownAlgorithm' | 'shownUsages'>): CryptoKey {
  const key = new CryptoKey(making);
  states.set(key, { ...state, shownAlgorithm: null, shownUsages: null });
  return key;
}

function shown(wire: Wire | undefined): unknown {
  if (wire instanceof Uint8Array) return wire.slice();
  if (typeof wire !== 'object' || wire === null) return wire;
  return Object.fromEntries(Object.entries(wire).map(([name, member]) => [name, shown(member)]));
}

/** As text, and the bytes that it speaks of. */
export function packed(op: string, args: readonly Wire[]): { readonly text: string; readonly bytes: ArrayBuffer } {
  const pieces: Uint8Array[] = [];
  const held = { size: 0 };
  const text = jsonText({ op, args: args.map((arg) => pack(arg, pieces, held)) });
  return { text, bytes: joinBytes(pieces).buffer as ArrayBuffer };
}

function pack(wire: Wire | undefined, pieces: Uint8Array[], held: { size: number }): unknown {
  if (typeof wire !== 'object' || wire === null) return wire;
  if (wire instanceof Uint8Array) {
    const from = held.size;
    held.size += wire.length;
    pieces.push(wire);
    return { $b: [from, wire.length] };
  }
  if (Array.isArray(wire)) return wire.map((item) => pack(item as Wire, pieces, held));
  if (isCryptoKey(wire)) {
    const { format, material, algorithm, extractable, usages } = keyState(wire);
    return { $k: pack({ format, material, algorithm, extractable, usages }, pieces, held) };
  }
  return Object.fromEntries(Object.entries(wire).map(([name, member]) => [name, pack(member, pieces, held)]));
}

/** The host's answer: keys are made of what it says, bytes are copies. */
export function unpacked(value: unknown, bytes: ArrayBuffer | undefined): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value;
  const { $b: at, $k: key } = value as { $b?: readonly [number, number]; $k?: object };
  if (at !== undefined) return bytes === undefined ? new Uint8Array(0) : new Uint8Array(bytes, at[0], at[1]).slice();
  if (key !== undefined) return made(unpacked(key, bytes) as KeyState);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, unpacked(member, bytes)]));
}
