/**
 * Buffers for bulk relay. Tunnels that idle share one small buffer; one that moves bulk borrows larger ones, by what its last
 * read brought, and gives each back only when the write that carries it was flushed.
 */

const SMALL = 4 * 1024;
/** Sizes that are lent, and how many of each are kept: 4 MB and 8 MB at most; beyond that they go to the allocator. */
const LENT = [
  { size: 64 * 1024, kept: 64, free: [] as Buffer[] },
  { size: 256 * 1024, kept: 32, free: [] as Buffer[] },
] as const;

/**
 * The small buffer of every tunnel. INVARIANT: a read into it and the callback that copies it out are one turn of libuv's
 * loop body, with nothing in between; nobody keeps a view of it.
 */
export const SHARED_SMALL: Buffer = Buffer.allocUnsafeSlow(SMALL);

/** A buffer for the next read, when the last brought `bytes` into one of `size`: larger where that was full. */
export function bufferAfter(bytes: number, size: number): Buffer {
  const [middle, large] = LENT;
  if (bytes < size && bytes <= SMALL) return SHARED_SMALL;
  const lent = bytes >= middle.size ? large : middle;
  return lent.free.pop() ?? Buffer.allocUnsafeSlow(lent.size);
}

/** Gives a lent buffer back. The caller must hold no view of it any more. */
export function giveBack(buffer: Buffer): void {
  for (const lent of LENT) if (buffer.length === lent.size && lent.free.length < lent.kept) lent.free.push(buffer);
}
