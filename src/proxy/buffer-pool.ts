/**
 * Buffers for bulk relay. Tunnels that idle share one small buffer; one that moves bulk borrows large ones and gives each
 * back only when the write that carries it was flushed.
 */

const LARGE = 64 * 1024;
const SMALL = 4 * 1024;
/** 8 MB kept at most; beyond that buffers go back to the allocator. */
const KEPT = 128;

const free: Buffer[] = [];

export function takeLarge(): Buffer {
  return free.pop() ?? Buffer.allocUnsafeSlow(LARGE);
}

/**
 * The small buffer of every tunnel. INVARIANT: a read into it and the callback that copies it out are one turn of libuv's
 * loop body, with nothing in between; nobody keeps a view of it.
 */
export const SHARED_SMALL: Buffer = Buffer.allocUnsafeSlow(SMALL);

/** Gives a large buffer back. The caller must hold no view of it any more. */
export function giveBack(buffer: Buffer): void {
  if (buffer.length === LARGE && free.length < KEPT) free.push(buffer);
}
