/**
 * Budgets of tasks and tenants: requests, rate, bytes, flows, distinct hosts, wall time and unusual data in names and
 * queries. Counts live here, limits come from the task's profile at each use, so that a reload takes effect at once.
 *
 * Bounded: a task's counts are dropped some time after its pass has ended.
 */

import type { Principal } from '../core/principal.ts';
import type { ReasonCode } from '../core/reasons.ts';
import { ByteCounts, type Direction } from './byte-counts.ts';

export interface BudgetLimits {
  readonly wallMs: number;
  readonly requests: number;
  /** Requests a second, sustained; twice as many in a burst. */
  readonly rate: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly concurrency: number;
  readonly distinctHosts: number;
  readonly leakBytes: number;
}

/** Of a whole tenant, over all its tasks; from the appliance's configuration. */
export interface TenantLimits {
  readonly concurrency: number;
  /** Requests a second, sustained; twice as many in a burst. */
  readonly rate: number;
}

export interface Spending {
  readonly host: string;
  readonly leak: number;
}

export type BudgetReason = Extract<ReasonCode, `budget_${string}`>;

/** Whose budget. */
export type Spender = Pick<Principal, 'task' | 'tenant' | 'expiresAt'>;

/** Budgets as the walk uses them: kept in this process, or asked of the one that keeps them. */
export interface BudgetBook {
  /** Counts one exchange; a reason when it may not start, and then nothing stays held. `now` in epoch ms. */
  open(
    who: Spender,
    limits: BudgetLimits,
    what: Spending,
    now: number,
  ): BudgetReason | null | Promise<BudgetReason | null>;
  /** False when the bytes are beyond what is left. */
  spend(who: Spender, limits: BudgetLimits, direction: Direction, bytes: number): boolean;
  /** Ends what `open` began. */
  close(who: Spender): void;
}

interface Account {
  readonly since: number;
  /** Where its bytes are counted. */
  readonly slot: number;
  expiresAt: number;
  requests: number;
  flows: number;
  leak: number;
  readonly hosts: Set<string>;
  readonly bucket: Bucket;
}

interface Bucket {
  tokens: number;
  at: number;
}

interface TenantAccount {
  flows: number;
  readonly bucket: Bucket;
}

const SWEEP_MS = 60_000;

export class Budgets implements BudgetBook {
  readonly #bytes: ByteCounts;
  readonly #tasks = new Map<string, Account>();
  readonly #tenants = new Map<string, TenantAccount>();
  readonly #tenantLimits: TenantLimits;
  #swept = 0;

  constructor(tenantLimits: TenantLimits, bytes = new ByteCounts()) {
    this.#tenantLimits = tenantLimits;
    this.#bytes = bytes;
  }

  open(who: Spender, limits: BudgetLimits, what: Spending, now: number): BudgetReason | null {
    this.#sweep(now);
    const task = this.#task(who, now);
    if (task === null) return 'budget_flows';
    const tenant = this.#tenant(who.tenant, now);
    const reason = this.#refusal(task, tenant, limits, what, now);
    if (reason !== null) return reason;
    task.requests += 1;
    task.leak += what.leak;
    task.hosts.add(what.host);
    task.flows += 1;
    tenant.flows += 1;
    return null;
  }

  spend(who: Spender, limits: BudgetLimits, direction: Direction, bytes: number): boolean {
    const slot = this.slotOf(who.task);
    return slot !== null && this.#bytes.add(slot, direction, bytes) <= bound(limits, direction);
  }

  /** Where a task's bytes are counted; null when it has no account. */
  slotOf(task: string): number | null {
    return this.#tasks.get(task)?.slot ?? null;
  }

  close(who: Spender): void {
    const task = this.#tasks.get(who.task);
    const tenant = this.#tenants.get(who.tenant);
    if (task !== undefined) task.flows -= 1;
    if (tenant !== undefined) tenant.flows -= 1;
  }

  get size(): number {
    return this.#tasks.size;
  }

  #refusal(
    task: Account,
    tenant: TenantAccount,
    limits: BudgetLimits,
    ...[what, now]: [Spending, number]
  ): BudgetReason | null {
    if (now - task.since > limits.wallMs) return 'budget_wall';
    if (task.requests >= limits.requests) return 'budget_requests';
    if (this.#isSpent(task.slot, limits)) return 'budget_bytes';
    if (task.flows >= limits.concurrency || tenant.flows >= this.#tenantLimits.concurrency) return 'budget_flows';
    if (!task.hosts.has(what.host) && task.hosts.size >= limits.distinctHosts) return 'budget_hosts';
    if (task.leak + what.leak > limits.leakBytes) return 'budget_leak';
    return take(task.bucket, limits.rate, now) && take(tenant.bucket, this.#tenantLimits.rate, now)
      ? null
      : 'budget_rate';
  }

  #isSpent(slot: number, limits: BudgetLimits): boolean {
    return (['up', 'down'] as const).some((way) => this.#bytes.total(slot, way) >= bound(limits, way));
  }

  /** Null when there are as many tasks as can be counted. */
  #task(who: Spender, now: number): Account | null {
    const held = this.#tasks.get(who.task);
    if (held !== undefined) {
      held.expiresAt = Math.max(held.expiresAt, who.expiresAt);
      return held;
    }
    const slot = this.#bytes.take();
    if (slot === null) return null;
    const made: Account = {
      since: now,
      slot,
      expiresAt: who.expiresAt,
      requests: 0,
      flows: 0,
      leak: 0,
      hosts: new Set(),
      bucket: { tokens: Number.POSITIVE_INFINITY, at: now },
    };
    this.#tasks.set(who.task, made);
    return made;
  }

  #tenant(name: string, now: number): TenantAccount {
    const held = this.#tenants.get(name);
    if (held !== undefined) return held;
    const made: TenantAccount = { flows: 0, bucket: { tokens: Number.POSITIVE_INFINITY, at: now } };
    this.#tenants.set(name, made);
    return made;
  }

  #sweep(now: number): void {
    if (now - this.#swept < SWEEP_MS) return;
    this.#swept = now;
    for (const [id, task] of this.#tasks) {
      if (task.flows > 0 || task.expiresAt + SWEEP_MS >= now) continue;
      this.#tasks.delete(id);
      this.#bytes.free(task.slot);
    }
  }
}

export function bound(limits: BudgetLimits, direction: Direction): number {
  return direction === 'up' ? limits.bytesUp : limits.bytesDown;
}

/** A token bucket of twice the rate, full at first. */
function take(bucket: Bucket, rate: number, now: number): boolean {
  const size = Math.max(1, rate * 2);
  const filled = Math.min(size, bucket.tokens + (Math.max(0, now - bucket.at) / 1000) * rate);
  bucket.at = now;
  bucket.tokens = filled < 1 ? filled : filled - 1;
  return filled >= 1;
}
