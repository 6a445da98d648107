/** Values that tool code keeps: JSON texts under keys, with a life and a quota. In memory. */

interface StoreLimits {
  /** Bytes of keys and values together. */
  readonly bytes: number;
  readonly keys: number;
  /** Longest life of a value, ms. */
  readonly maxTtlMs: number;
}

interface Kept {
  readonly json: string;
  readonly size: number;
  readonly until: number;
}

export class ValueStore {
  readonly #limits: StoreLimits;
  readonly #now: () => number;
  readonly #values = new Map<string, Kept>();
  #bytes = 0;

  constructor(limits: StoreLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
  }

  get size(): number {
    return this.#values.size;
  }

  get(key: string): string | null {
    const kept = this.#values.get(key);
    if (kept && kept.until <= this.#now()) this.delete(key);
    return this.#values.get(key)?.json ?? null;
  }

  /** False when it does not fit, even once what has run out is gone. */
  put(key: string, json: string, ttlMs: number | null): boolean {
    const { bytes, keys, maxTtlMs } = this.#limits;
    const size = Buffer.byteLength(key) + Buffer.byteLength(json);
    const fits = () => {
      const before = this.#values.get(key);
      const count = this.#values.size + (before ? 0 : 1);
      return this.#bytes - (before?.size ?? 0) + size <= bytes && count <= keys;
    };
    if (!fits()) this.sweep();
    if (!fits()) return false;
    this.delete(key);
    this.#values.set(key, { json, size, until: this.#now() + Math.min(ttlMs ?? maxTtlMs, maxTtlMs) });
    this.#bytes += size;
    return true;
  }

  delete(key: string): boolean {
    this.#bytes -= this.#values.get(key)?.size ?? 0;
    return this.#values.delete(key);
  }

  /** Keys with a prefix, sorted. */
  list(prefix: string, most: number): string[] {
    this.sweep();
    const found = [...this.#values.keys()].filter((key) => key.startsWith(prefix));
    return found.sort().slice(0, most);
  }

  sweep(): void {
    const now = this.#now();
    for (const [key, { until }] of this.#values) if (until <= now) this.delete(key);
  }
}

const TENANTS = 10_000;

/** One store a tenant: what lives as long as its session. */
export class SessionStores {
  readonly #limits: StoreLimits;
  readonly #now: () => number;
  readonly #stores = new Map<string, ValueStore>();

  constructor(limits: Partial<StoreLimits>, now: () => number) {
    this.#limits = { bytes: 16 * 1024 * 1024, keys: 10_000, maxTtlMs: 86_400_000, ...limits };
    this.#now = now;
  }

  of(tenant: string): ValueStore {
    const store = this.#stores.get(tenant) ?? new ValueStore(this.#limits, this.#now);
    this.#stores.set(tenant, store);
    if (this.#stores.size > TENANTS) this.#dropEmpty();
    return store;
  }

  #dropEmpty(): void {
    for (const [tenant, store] of this.#stores) {
      store.sweep();
      if (store.size === 0) this.#stores.delete(tenant);
    }
  }
}
