/** Tasks that wait for an isolate: in order within a tenant, tenants in turn, so that one's flood is its own wait. */

export class TaskQueue<T extends { readonly tenant: string }> {
  /** A tenant moves to the end of this map when it had its turn. */
  readonly #lines = new Map<string, T[]>();
  readonly #longest: number;
  #size = 0;

  /** @param longest most that one tenant may have waiting */
  constructor(longest: number) {
    this.#longest = longest;
  }

  get size(): number {
    return this.#size;
  }

  /** False when the tenant has too many waiting already. */
  push(item: T): boolean {
    const line = this.#lines.get(item.tenant) ?? [];
    if (line.length >= this.#longest) return false;
    line.push(item);
    this.#lines.set(item.tenant, line);
    this.#size += 1;
    return true;
  }

  remove(item: T): boolean {
    const line = this.#lines.get(item.tenant);
    const at = line?.indexOf(item) ?? -1;
    if (line === undefined || at < 0) return false;
    line.splice(at, 1);
    this.#took(item.tenant, line);
    return true;
  }

  /** Offers the first of each tenant in turn; goes on until nobody's first is taken. */
  offer(take: (item: T) => boolean): void {
    for (let anyTaken = true; anyTaken; ) {
      anyTaken = false;
      for (const [tenant, line] of [...this.#lines]) {
        const first = line[0];
        if (first === undefined || !take(first)) continue;
        anyTaken = true;
        line.shift();
        this.#lines.delete(tenant);
        this.#lines.set(tenant, line);
        this.#took(tenant, line);
      }
    }
  }

  /** Every one that waits, of a copy, so that it may be removed meanwhile. */
  each(visit: (item: T) => void): void {
    for (const item of [...this.#lines.values()].flat()) visit(item);
  }

  drain(): T[] {
    const all = [...this.#lines.values()].flat();
    this.#lines.clear();
    this.#size = 0;
    return all;
  }

  #took(tenant: string, line: readonly T[]): void {
    this.#size -= 1;
    if (line.length === 0) this.#lines.delete(tenant);
  }
}
