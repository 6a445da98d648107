/**
 * Bytes that tasks have moved, two counts a task, in memory that egress workers share: a task's bound holds over all of
 * them, exactly, and without a message for each chunk.
 */

export type Direction = 'up' | 'down';

const COUNT_BYTES = 8;
const SLOT_BYTES = 2 * COUNT_BYTES;
const FIRST_SLOTS = 1024;
/** Tasks with an account at once. */
const MOST_SLOTS = 1024 * 1024;

export class ByteCounts {
  readonly buffer: SharedArrayBuffer;
  readonly #counts: BigInt64Array;
  readonly #free: number[] = [];
  #used = 0;

  /** Over the counts of another thread, or new ones. INVARIANT: only the thread that made them takes and frees slots. */
  constructor(buffer = new SharedArrayBuffer(FIRST_SLOTS * SLOT_BYTES, { maxByteLength: MOST_SLOTS * SLOT_BYTES })) {
    this.buffer = buffer;
    this.#counts = new BigInt64Array(buffer);
  }

  /** A slot with both counts at nought; null when there are as many tasks as there may be. */
  take(): number | null {
    const again = this.#free.pop();
    if (again !== undefined) return again;
    if ((this.#used + 1) * SLOT_BYTES > this.buffer.byteLength && !this.#grow()) return null;
    this.#used += 1;
    return this.#used - 1;
  }

  free(slot: number): void {
    Atomics.store(this.#counts, slot * 2, 0n);
    Atomics.store(this.#counts, slot * 2 + 1, 0n);
    this.#free.push(slot);
  }

  /** Counts; what it comes to. */
  add(slot: number, direction: Direction, bytes: number): number {
    return Number(Atomics.add(this.#counts, index(slot, direction), BigInt(bytes))) + bytes;
  }

  total(slot: number, direction: Direction): number {
    return Number(Atomics.load(this.#counts, index(slot, direction)));
  }

  #grow(): boolean {
    const { byteLength, maxByteLength } = this.buffer;
    if (byteLength >= maxByteLength) return false;
    this.buffer.grow(Math.min(byteLength * 2, maxByteLength));
    return true;
  }
}

function index(slot: number, direction: Direction): number {
  return slot * 2 + (direction === 'up' ? 0 : 1);
}
