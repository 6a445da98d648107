/** Counts the bytes that code moves from one buffer into another: a measure of its work that no load changes. */

import { vi } from 'vitest';

const typed = Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array;

/** `act`'s copies by `set`, `slice`, `copy`, `concat` and `from`, in bytes. */
export function copiedBy(act: () => void): number {
  let count = 0;
  const add = (bytes: unknown): void => {
    if (ArrayBuffer.isView(bytes)) count += bytes.byteLength;
  };
  const { set, slice } = typed;
  const { copy } = Buffer.prototype;
  const { concat } = Buffer;
  const { from } = Uint8Array;
  const bufferFrom = Buffer.from as (...args: unknown[]) => Buffer;
  const spies = [
    vi.spyOn(typed, 'set').mockImplementation(function (this: Uint8Array, bytes, at) {
      add(bytes);
      set.call(this, bytes, at);
    }),
    vi.spyOn(typed, 'slice').mockImplementation(function (this: Uint8Array, ...args) {
      const out = slice.apply(this, args);
      add(out);
      return out;
    }),
    vi.spyOn(Buffer.prototype, 'copy').mockImplementation(function (this: Buffer, ...args) {
      const moved = copy.apply(this, args);
      count += moved;
      return moved;
    }),
    vi.spyOn(Buffer, 'concat').mockImplementation((pieces, ...more) => {
      for (const piece of pieces) add(piece);
      return concat(pieces, ...more);
    }),
    vi.spyOn(Uint8Array, 'from').mockImplementation(((bytes: Iterable<number>) => {
      add(bytes);
      return from.call(Uint8Array, bytes);
    }) as typeof Uint8Array.from),
    vi.spyOn(Buffer, 'from').mockImplementation(((...args: unknown[]) => {
      add(args[0]);
      return bufferFrom.apply(Buffer, args);
    }) as typeof Buffer.from),
  ];
  try {
    act();
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return count;
}

/** `bytes` in pieces of so many. */
export function* inPieces(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
