/**
 * Buffers for bulk relay. Tunnels that idle share one small buffer; one that moves bulk borrows larger ones, by what its last
 * read brought, and gives each back only when the write that carries it was flushed.
 *
 * A byte of bulk costs what the kernel's copies cost, and those are cheapest in pieces of a megabyte (docs/performance/proxy.md).
 * So that a thousand slow readers do not hold a gigabyte, few of the large ones are out at once; who finds none gets the next smaller.
 */

const SMALL = 4 * 1024;
const KIB = 1024;

interface Lent {
  readonly size: number;
  /** How many may be out at once. */
  readonly most: number;
  /** How many are kept for the next borrower; beyond that they go to the allocator. */
  readonly kept: number;
  readonly free: Buffer[];
  out: number;
}

const lent = (size: number, most: number, kept: number): Lent => ({ size, most, kept, free: [], out: 0 });

/** Smallest first: of the first as many as are asked for, of the others 16 and 32 MB out, and 4, 8 and 16 MB kept. */
const LENT: readonly Lent[] = [
  lent(64 * KIB, Number.POSITIVE_INFINITY, 64),
  lent(256 * KIB, 64, 32),
  lent(1024 * KIB, 32, 16),
];

/**
 * The small buffer of every tunnel. INVARIANT: a read into it and the callback that copies it out are one turn of libuv's
 * loop body, with nothing in between; nobody keeps a view of it.
 */
export const SHARED_SMALL: Buffer = Buffer.allocUnsafeSlow(SMALL);

/** A buffer for the next read, when the last brought `bytes` into one of `size`: the smallest that this would not have filled. */
export function bufferAfter(bytes: number, size: number): Buffer {
  if (bytes < size && bytes <= SMALL) return SHARED_SMALL;
  let at = 0;
  while (at < LENT.length - 1 && bytes >= (LENT[at] as Lent).size) at += 1;
  while (at > 0 && (LENT[at] as Lent).out >= (LENT[at] as Lent).most) at -= 1;
  const chosen = LENT[at] as Lent;
  chosen.out += 1;
  return chosen.free.pop() ?? Buffer.allocUnsafeSlow(chosen.size);
}

/** Gives a lent buffer back, once. The caller must hold no view of it any more. */
export function giveBack(buffer: Buffer): void {
  for (const one of LENT) {
    if (buffer.length !== one.size) continue;
    one.out -= 1;
    if (one.free.length < one.kept) one.free.push(buffer);
  }
}

/** Buffers that are out at present, by their size in bytes; for tests. */
export const buffersOut = (): Record<number, number> => Object.fromEntries(LENT.map(({ size, out }) => [size, out]));
