/** What a tenant has used over all its tasks: flows and rate now, sums over a time that begins anew. */

import { type Bucket, fullBucket, take, waitFor } from './bucket.ts';
import { type BudgetDenial, bound, type TenantLimits } from './budget-limits.ts';
import { type ByteCounts, isOver } from './byte-counts.ts';

export interface TenantSpending {
  readonly host: string;
  readonly leak: number;
}

export class TenantAccount {
  flows = 0;
  /** Where its bytes are counted; null where they are not bounded. */
  readonly slot: number | null;
  readonly #limits: TenantLimits;
  readonly #bytes: ByteCounts;
  readonly #bucket: Bucket;
  readonly #hosts = new Set<string>();
  #requests = 0;
  #leak = 0;
  #until = 0;

  constructor(limits: TenantLimits, bytes: ByteCounts, slot: number | null, now: number) {
    this.#limits = limits;
    this.#bytes = bytes;
    this.slot = slot;
    this.#bucket = fullBucket(now);
  }

  /** Null when it may start; then nothing is counted yet. */
  refusal(what: TenantSpending, now: number): BudgetDenial | null {
    this.#renew(now);
    const limits = this.#limits;
    const spent = (reason: BudgetDenial['reason'], used: number, limit: number): BudgetDenial | null =>
      limit > 0 && used >= limit ? { reason, of: 'tenant', used, limit, returnsMs: this.#until - now } : null;
    const isNew = !this.#hosts.has(what.host);
    return (
      spent('budget_requests', this.#requests, limits.requests) ??
      this.#bytesSpent(spent) ??
      (this.flows >= limits.concurrency
        ? { reason: 'budget_flows', of: 'tenant', used: this.flows, limit: limits.concurrency, returnsMs: 1000 }
        : null) ??
      (isNew ? spent('budget_hosts', this.#hosts.size, limits.distinctHosts) : null) ??
      (this.#leak + what.leak > limits.leakBytes
        ? spent('budget_leak', this.#leak + what.leak, limits.leakBytes)
        : null)
    );
  }

  /** Takes one of its rate; the denial when there is none. */
  takeRate(now: number): BudgetDenial | null {
    const { rate } = this.#limits;
    if (take(this.#bucket, rate, now)) return null;
    return { reason: 'budget_rate', of: 'tenant', used: rate, limit: rate, returnsMs: waitFor(this.#bucket, rate) };
  }

  /** Whether one begun anew would say the same: nothing is under way, and nothing is counted in its time. */
  isUnspent(now: number): boolean {
    this.#renew(now);
    const { slot } = this;
    const bytes = slot === null ? 0 : this.#bytes.total(slot, 'up') + this.#bytes.total(slot, 'down');
    return this.flows + this.#requests + this.#leak + this.#hosts.size + bytes === 0;
  }

  begin(what: TenantSpending): void {
    const { requests, distinctHosts, leakBytes } = this.#limits;
    this.flows += 1;
    if (requests > 0) this.#requests += 1;
    if (distinctHosts > 0) this.#hosts.add(what.host);
    if (leakBytes > 0) this.#leak += what.leak;
  }

  #bytesSpent(
    spent: (reason: 'budget_bytes', used: number, limit: number) => BudgetDenial | null,
  ): BudgetDenial | null {
    const { slot } = this;
    if (slot === null) return null;
    const of = (way: 'up' | 'down') => spent('budget_bytes', this.#bytes.total(slot, way), bound(this.#limits, way));
    return of('up') ?? of('down');
  }

  /** A flow may have begun the counts of bytes anew meanwhile: then the others go along. */
  #renew(now: number): void {
    const { slot } = this;
    const next = now + this.#limits.windowMs;
    if (slot !== null) this.#bytes.renew(slot, now, next);
    const until = slot === null ? (isOver(this.#until, now, next) ? next : this.#until) : this.#bytes.until(slot);
    if (until === this.#until) return;
    this.#until = until;
    this.#requests = 0;
    this.#leak = 0;
    this.#hosts.clear();
  }
}
