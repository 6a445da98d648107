/**
 * Bytes that tasks and tenants have moved, two counts each, in memory that egress workers share: a bound holds over all of
 * them, exactly, and without a message for each chunk. Counts of a tenant begin anew when their time is over.
 */

export type Direction = 'up' | 'down';

const COUNT_BYTES = 8;
/** Up, down, and when they begin anew. */
const SLOT_BYTES = 3 * COUNT_BYTES;
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
    this.#clear(slot);
    Atomics.store(this.#counts, slot * 3 + 2, 0n);
    this.#free.push(slot);
  }

  /** Epoch ms at which the counts begin anew; 0 where they do not. */
  until(slot: number): number {
    return Number(Atomics.load(this.#counts, slot * 3 + 2));
  }

  /** Begins them anew for the time until `next`, once, whichever thread comes first; whether their time was over. */
  renew(slot: number, now: number, next: number): boolean {
    const until = Atomics.load(this.#counts, slot * 3 + 2);
    if (!isOver(Number(until), now, next)) return false;
    if (Atomics.compareExchange(this.#counts, slot * 3 + 2, until, BigInt(next)) === until) this.#clear(slot);
    return true;
  }

  /** Counts; what it comes to. */
  add(slot: number, direction: Direction, bytes: number): number {
    return Number(Atomics.add(this.#counts, index(slot, direction), BigInt(bytes))) + bytes;
  }

  total(slot: number, direction: Direction): number {
    return Number(Atomics.load(this.#counts, index(slot, direction)));
  }

  #clear(slot: number): void {
    Atomics.store(this.#counts, slot * 3, 0n);
    Atomics.store(this.#counts, slot * 3 + 1, 0n);
  }

  #grow(): boolean {
    const { byteLength, maxByteLength } = this.buffer;
    if (byteLength >= maxByteLength) return false;
    this.buffer.grow(Math.min(byteLength * 2, maxByteLength));
    return true;
  }
}

function index(slot: number, direction: Direction): number {
  return slot * 3 + (direction === 'up' ? 0 : 1);
}

/** A little later than `next` is what another thread said a moment after. */
const APART_MS = 60_000;

/**
 * Whether a time that ends at `until` is over, where one that began now would end at `next`: also when the clock was set back, or
 * what was spent by a clock that was ahead would lock a tenant out for as long.
 */
export function isOver(until: number, now: number, next: number): boolean {
  return now >= until || until > next + APART_MS;
}
