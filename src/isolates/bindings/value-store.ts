/** Values that tool code keeps: JSON texts under keys, with a life and a quota. In memory. */

interface StoreLimits {
  /** Bytes of keys and values together. */
  readonly bytes: number;
  readonly keys: number;
  /** Longest life of a value, ms. */
  readonly maxTtlMs: number;
}

interface Kept {
  /** UTF-8: what it takes is what is counted, and none of it is in the heap. */
  readonly json: Buffer;
  readonly size: number;
  readonly until: number;
}

/** What several stores share; never more than `most` is taken of it. */
export interface Room {
  readonly most: number;
  taken: number;
  /** Lets go of what has run out anywhere. */
  sweep(): void;
}

const BOUNDLESS: Room = { most: Number.POSITIVE_INFINITY, taken: 0, sweep: () => undefined };

/** What a key takes beyond its characters, about. */
const OVERHEAD = 200;

export class ValueStore {
  readonly #limits: StoreLimits;
  readonly #now: () => number;
  readonly #room: Room;
  readonly #values = new Map<string, Kept>();
  /** Sorted, so that a list need not look at all of them (T-66). */
  readonly #keys: string[] = [];
  #bytes = 0;
  /** When the first of them has run out, or earlier. */
  #soonest = Number.POSITIVE_INFINITY;

  constructor(limits: StoreLimits, now: () => number, room: Room = BOUNDLESS) {
    this.#limits = limits;
    this.#now = now;
    this.#room = room;
  }

  get size(): number {
    return this.#values.size;
  }

  get(key: string): string | null {
    const kept = this.#values.get(key);
    if (kept && kept.until <= this.#now()) this.delete(key);
    return this.#values.get(key)?.json.toString('utf8') ?? null;
  }

  /** False when it does not fit, even once what has run out is gone. */
  put(key: string, text: string, ttlMs: number | null): boolean {
    const { maxTtlMs } = this.#limits;
    const json = Buffer.from(text, 'utf8');
    const size = Buffer.byteLength(key) + json.length;
    if (!this.#fits(key, size)) this.sweep();
    if (!this.#fits(key, size)) this.#room.sweep();
    if (!this.#fits(key, size)) return false;
    this.delete(key);
    const until = this.#now() + Math.min(ttlMs ?? maxTtlMs, maxTtlMs);
    this.#values.set(key, { json, size, until });
    this.#keys.splice(this.#at(key), 0, key);
    this.#soonest = Math.min(this.#soonest, until);
    this.#count(size, 1);
    return true;
  }

  delete(key: string): boolean {
    const kept = this.#values.get(key);
    if (!kept) return false;
    this.#values.delete(key);
    this.#keys.splice(this.#at(key), 1);
    this.#count(-kept.size, -1);
    return true;
  }

  /** Keys with a prefix, sorted; with `after`, those behind that key alone, whether it is still there or not. */
  list(prefix: string, most: number, after: string | null = null): string[] {
    this.sweep();
    const from = after === null || after < prefix ? this.#at(prefix) : this.#behind(after);
    let to = from;
    while (to < from + most && this.#keys[to]?.startsWith(prefix)) to += 1;
    return this.#keys.slice(from, to);
  }

  sweep(): void {
    const now = this.#now();
    if (now < this.#soonest) return;
    this.#soonest = Number.POSITIVE_INFINITY;
    for (const [key, { until }] of this.#values) {
      if (until <= now) this.delete(key);
      else this.#soonest = Math.min(this.#soonest, until);
    }
  }

  #fits(key: string, size: number): boolean {
    const { bytes, keys } = this.#limits;
    const before = this.#values.get(key);
    const more = size - (before?.size ?? 0);
    const count = before ? 0 : 1;
    if (this.#bytes + more > bytes || this.#values.size + count > keys) return false;
    return this.#room.taken + more + count * OVERHEAD <= this.#room.most;
  }

  #count(bytes: number, keys: number): void {
    this.#bytes += bytes;
    this.#room.taken += bytes + keys * OVERHEAD;
  }

  #behind(key: string): number {
    const at = this.#at(key);
    return this.#keys[at] === key ? at + 1 : at;
  }

  /** Where a key stands, or would. */
  #at(key: string): number {
    let [low, high] = [0, this.#keys.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] as string) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const TENANTS = 10_000;
/** What all tenants keep together: one that fills its own quota takes nobody else's memory, but all of them must fit. */
const ROOM = 1024 * 1024 * 1024;

/** One store a tenant: what lives as long as its session. */
export class SessionStores {
  readonly #limits: StoreLimits;
  readonly #now: () => number;
  readonly #room: Room;
  readonly #stores = new Map<string, ValueStore>();

  constructor(limits: Partial<StoreLimits> & { readonly room?: number }, now: () => number) {
    const { room = ROOM, ...own } = limits;
    this.#limits = { bytes: 16 * 1024 * 1024, keys: 10_000, maxTtlMs: 86_400_000, ...own };
    this.#room = { most: room, taken: 0, sweep: () => this.#sweep() };
    this.#now = now;
  }

  /** To be asked for each time: an empty one may be another one next time. */
  of(tenant: string): ValueStore {
    const store = this.#stores.get(tenant) ?? new ValueStore(this.#limits, this.#now, this.#room);
    this.#stores.set(tenant, store);
    if (this.#stores.size > TENANTS) this.#dropEmpty(store);
    return store;
  }

  #sweep(): void {
    for (const store of this.#stores.values()) store.sweep();
  }

  #dropEmpty(but: ValueStore): void {
    this.#sweep();
    for (const [tenant, store] of this.#stores) {
      if (store.size === 0 && store !== but) this.#stores.delete(tenant);
    }
  }
}
