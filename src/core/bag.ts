/**
 * What comes and goes often, in no order: adding and taking out cost the same however much there is.
 *
 * Why not a `Set`: V8 makes a new table for one every so many changes, and the table before points to the one behind it.
 * Once one table has grown old, the collector of what is young takes the whole chain for alive, with all that was in the
 * tables when they were left: everything that ever came through is kept until the next collection of all memory. In a
 * gate that opens and closes connections that made up half of what was moved to the old generation (docs/performance/proxy.md).
 */

/** Where a thing stands in its bag. */
export interface Seat<T> {
  /** Null once it was taken out. */
  item: T | null;
  at: number;
}

export class Bag<T> {
  readonly #seats: Seat<T>[] = [];

  /** The seat is what takes the item out again. */
  add(item: T): Seat<T> {
    const seat: Seat<T> = { item, at: this.#seats.length };
    this.#seats.push(seat);
    return seat;
  }

  /** Nothing happens where it was taken out before, or stands in another bag. */
  remove(seat: Seat<T>): void {
    if (this.#seats[seat.at] !== seat) return;
    seat.item = null;
    const last = this.#seats.pop() as Seat<T>;
    if (last === seat) return;
    this.#seats[seat.at] = last;
    last.at = seat.at;
  }

  get size(): number {
    return this.#seats.length;
  }

  /** All that is in it now; what is added or taken out meanwhile changes nothing of that. */
  items(): T[] {
    const out: T[] = [];
    for (const { item } of this.#seats) if (item !== null) out.push(item);
    return out;
  }
}

/** The same, found by its id. A table that was left holds boxes only, and they are empty once their item was taken out. */
export class KeyedBag<T> {
  readonly #boxes = new Map<string, { item: T | null }>();

  set(id: string, item: T): void {
    this.#boxes.set(id, { item });
  }

  get(id: string): T | null {
    return this.#boxes.get(id)?.item ?? null;
  }

  /** What was taken out; null where there was nothing. */
  take(id: string): T | null {
    const box = this.#boxes.get(id);
    if (box === undefined) return null;
    this.#boxes.delete(id);
    const { item } = box;
    box.item = null;
    return item;
  }

  /** Takes out everything. */
  takeAll(): T[] {
    const out: T[] = [];
    for (const { item } of this.#boxes.values()) if (item !== null) out.push(item);
    this.#boxes.clear();
    return out;
  }
}
