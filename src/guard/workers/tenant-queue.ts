/**
 * Jobs that wait, by tenant: tenants take turns, and of one tenant the small ones go first. A tenant whose last job took long
 * is slow for a while: it does not get the last thread that is free.
 */

interface Queued {
  readonly tenant: string;
  readonly isSmall: boolean;
}

interface Line<J> {
  readonly small: J[];
  readonly large: J[];
}

/** A window that takes longer is made to. */
const SLOW_MS = 250;
/** Slow tenants that are remembered. */
const MOST_SLOW = 1024;

export class TenantQueue<J extends Queued> {
  readonly #bounds: { readonly mostOfOne: number; readonly most: number };
  /** Maps keep their order: whose turn it is stands first. */
  readonly #lines = new Map<string, Line<J>>();
  readonly #slow = new Set<string>();
  #size = 0;

  constructor(bounds: { readonly mostOfOne: number; readonly most: number }) {
    this.#bounds = bounds;
  }

  get size(): number {
    return this.#size;
  }

  /** False when too many wait. */
  add(job: J): boolean {
    const line = this.#lines.get(job.tenant) ?? { small: [], large: [] };
    const isFull = line.small.length + line.large.length >= this.#bounds.mostOfOne || this.#size >= this.#bounds.most;
    if (isFull) return false;
    this.#lines.set(job.tenant, line);
    (job.isSmall ? line.small : line.large).push(job);
    this.#size += 1;
    return true;
  }

  /** The next job, whose tenant then goes to the end; with `isLast`, none of a slow tenant. */
  next(isLast: boolean): J | null {
    for (const [tenant, line] of this.#lines) {
      if (isLast && this.#slow.has(tenant)) continue;
      const job = line.small.shift() ?? line.large.shift();
      this.#lines.delete(tenant);
      if (line.small.length + line.large.length > 0) this.#lines.set(tenant, line);
      if (job === undefined) continue;
      this.#size -= 1;
      return job;
    }
    return null;
  }

  /** How long a job of a tenant took. */
  took(tenant: string, ms: number): void {
    this.#slow.delete(tenant);
    if (ms <= SLOW_MS) return;
    this.#slow.add(tenant);
    for (const oldest of this.#slow) {
      if (this.#slow.size <= MOST_SLOW) break;
      this.#slow.delete(oldest);
    }
  }

  clear(): J[] {
    const all = [...this.#lines.values()].flatMap(({ small, large }) => [...small, ...large]);
    this.#lines.clear();
    this.#size = 0;
    return all;
  }
}
