/**
 * Buffers for bulk relay. A tunnel that idles holds one small buffer; one that moves bulk borrows large ones and gives
 * each back only when the write that carries it was flushed.
 */

const LARGE = 64 * 1024;
const SMALL = 4 * 1024;
/** 8 MB kept at most; beyond that buffers go back to the allocator. */
const KEPT = 128;

const free: Buffer[] = [];

export function takeLarge(): Buffer {
  return free.pop() ?? Buffer.allocUnsafeSlow(LARGE);
}

export function takeSmall(): Buffer {
  return Buffer.allocUnsafeSlow(SMALL);
}

/** Gives a large buffer back. The caller must hold no view of it any more. */
export function giveBack(buffer: Buffer): void {
  if (buffer.length === LARGE && free.length < KEPT) free.push(buffer);
}
