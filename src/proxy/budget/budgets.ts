/**
 * Budgets of tasks and tenants: requests, rate, bytes, flows, distinct hosts, wall time and unusual data in names and
 * queries. Counts live here, limits come from the task's profile at each use, so that a reload takes effect at once.
 *
 * Bounded: a task's counts are dropped some time after its pass has ended, a tenant's once it has no task and nothing is spent.
 */

import type { Principal } from '../../core/principal.ts';
import { type Bucket, fullBucket, take, waitFor } from './bucket.ts';
import {
  type BudgetDenial,
  type BudgetLimits,
  type BudgetReason,
  bound,
  countBytes,
  type Slots,
  type TenantLimits,
} from './budget-limits.ts';
import { ByTask, type TaskOf } from './by-task.ts';
import { ByteCounts, type Direction } from './byte-counts.ts';
import { TenantAccount } from './tenant-account.ts';

export interface Spending {
  readonly host: string;
  /** Bytes of unusual data in the name, which count when a task meets the host for the first time: then they carry something. */
  readonly hostLeak: number;
  /** And in path and query. */
  readonly leak: number;
}

/** Whose budget. */
export type Spender = Pick<Principal, 'task' | 'tenant' | 'expiresAt'>;

/** Budgets as the walk uses them: kept in this process, or asked of the one that keeps them. */
export interface BudgetBook {
  /**
   * Counts one exchange: until when it may go on, in epoch ms; or why it may not start, and then nothing stays held. `now` in
   * epoch ms.
   */
  open(
    who: Spender,
    limits: BudgetLimits,
    what: Spending,
    now: number,
  ): number | BudgetDenial | Promise<number | BudgetDenial>;
  /** Counts bytes: why they may not go on, where they are beyond what is left. */
  spend(who: Spender, limits: BudgetLimits, direction: Direction, bytes: number): BudgetDenial | null;
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

const SWEEP_MS = 60_000;

export class Budgets implements BudgetBook {
  readonly #bytes: ByteCounts;
  readonly #tasks = new ByTask<Account>();
  readonly #tenants = new Map<string, TenantAccount>();
  readonly #tenantLimits: TenantLimits;
  #swept = 0;

  constructor(tenantLimits: TenantLimits, bytes = new ByteCounts()) {
    this.#tenantLimits = tenantLimits;
    this.#bytes = bytes;
  }

  open(who: Spender, limits: BudgetLimits, what: Spending, now: number): number | BudgetDenial {
    this.#sweep(now);
    const task = this.#task(who, now);
    const tenant = task === null ? null : this.#tenant(who.tenant, now);
    if (task === null || tenant === null) return FULL;
    const leak = what.leak + (task.hosts.has(what.host) ? 0 : what.hostLeak);
    const spent = { host: what.host, leak };
    const denial =
      this.#refusal(task, limits, { ...spent, now }) ??
      tenant.refusal(spent, now) ??
      rateDenial(task, limits, now) ??
      tenant.takeRate(now);
    if (denial !== null) return denial;
    task.requests += 1;
    task.leak += leak;
    task.hosts.add(what.host);
    task.flows += 1;
    tenant.begin(spent);
    return task.since + limits.wallMs;
  }

  spend(who: Spender, limits: BudgetLimits, direction: Direction, bytes: number): BudgetDenial | null {
    const slots = this.slotsOf(who);
    if (slots === null) return UNKNOWN;
    return countBytes(this.#bytes, slots, { limits, tenant: this.#tenantLimits }, direction, bytes);
  }

  /** Where the bytes of a task are counted; null when it has no account. */
  slotsOf(who: TaskOf): Slots | null {
    const task = this.#tasks.get(who);
    return task === undefined ? null : { task: task.slot, tenant: this.#tenants.get(who.tenant)?.slot ?? null };
  }

  close(who: Spender): void {
    const task = this.#tasks.get(who);
    const tenant = this.#tenants.get(who.tenant);
    if (task !== undefined) task.flows -= 1;
    if (tenant !== undefined) tenant.flows -= 1;
  }

  /** Accounts of tasks and tenants. */
  get size(): number {
    return this.#tasks.size + this.#tenants.size;
  }

  #refusal(
    task: Account,
    limits: BudgetLimits,
    { host, leak, now }: { readonly host: string; readonly leak: number; readonly now: number },
  ): BudgetDenial | null {
    const { requests, wallMs, concurrency, distinctHosts, leakBytes } = limits;
    const up = this.#bytes.total(task.slot, 'up');
    const down = this.#bytes.total(task.slot, 'down');
    if (now - task.since > wallMs) return spent('budget_wall', now - task.since, wallMs);
    if (task.requests >= requests) return spent('budget_requests', task.requests, requests);
    if (up >= bound(limits, 'up')) return spent('budget_bytes', up, bound(limits, 'up'));
    if (down >= bound(limits, 'down')) return spent('budget_bytes', down, bound(limits, 'down'));
    if (task.flows >= concurrency) return { ...spent('budget_flows', task.flows, concurrency), returnsMs: 1000 };
    if (!task.hosts.has(host) && task.hosts.size >= distinctHosts)
      return spent('budget_hosts', task.hosts.size, distinctHosts);
    return task.leak + leak > leakBytes ? spent('budget_leak', task.leak + leak, leakBytes) : null;
  }

  /** Null when there are as many tasks as can be counted. */
  #task(who: Spender, now: number): Account | null {
    const held = this.#tasks.get(who);
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
      bucket: fullBucket(now),
    };
    this.#tasks.set(who, made);
    return made;
  }

  /** Null when its bytes would have to be counted and cannot be. */
  #tenant(name: string, now: number): TenantAccount | null {
    const held = this.#tenants.get(name);
    if (held !== undefined) return held;
    const { bytesUp, bytesDown } = this.#tenantLimits;
    const bounded = bytesUp > 0 || bytesDown > 0;
    const slot = bounded ? this.#bytes.take() : null;
    if (bounded && slot === null) return null;
    const made = new TenantAccount(this.#tenantLimits, this.#bytes, slot, now);
    this.#tenants.set(name, made);
    return made;
  }

  #sweep(now: number): void {
    // Also when the clock was set back: it may be long until it is there again.
    if (Math.abs(now - this.#swept) < SWEEP_MS) return;
    this.#swept = now;
    for (const [who, task] of this.#tasks.entries()) {
      if (task.flows > 0 || task.expiresAt + SWEEP_MS >= now) continue;
      this.#tasks.delete(who);
      this.#bytes.free(task.slot);
    }
    // Who has a task may be told at any time where bytes are counted.
    for (const [name, tenant] of this.#tenants) {
      if (this.#tasks.hasAny(name) || !tenant.isUnspent(now)) continue;
      this.#tenants.delete(name);
      if (tenant.slot !== null) this.#bytes.free(tenant.slot);
    }
  }
}

/** Bytes of a task that has begun nothing. */
export const UNKNOWN: BudgetDenial = { reason: 'budget_bytes', of: 'task', used: 0, limit: 0, returnsMs: null };

/** More tasks than can be counted. */
const FULL: BudgetDenial = { reason: 'budget_flows', of: 'tenant', used: 0, limit: 0, returnsMs: SWEEP_MS };

function spent(reason: BudgetReason, used: number, limit: number): BudgetDenial {
  return { reason, of: 'task', used, limit, returnsMs: null };
}

function rateDenial({ bucket }: Account, { rate }: BudgetLimits, now: number): BudgetDenial | null {
  if (take(bucket, rate, now)) return null;
  return { ...spent('budget_rate', rate, rate), returnsMs: waitFor(bucket, rate) };
}
