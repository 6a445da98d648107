/** What a task and a tenant may use, and what is said when that is used up. */

import { type ReasonCode, reasonRow } from '../../core/reasons.ts';
import type { ByteCounts, Direction } from './byte-counts.ts';

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

/** Of a whole tenant, over all its tasks; from the appliance's configuration. Of the sums, 0 is no bound. */
export interface TenantLimits extends Omit<BudgetLimits, 'wallMs'> {
  /** Time over which the sums are taken; then they begin anew. */
  readonly windowMs: number;
}

export type BudgetReason = Extract<ReasonCode, `budget_${string}`>;

/** Why an exchange may not start. */
export interface BudgetDenial {
  readonly reason: BudgetReason;
  readonly of: 'task' | 'tenant';
  readonly used: number;
  readonly limit: number;
  /** Milliseconds until it is worth trying again; null when that is never so for this task. */
  readonly returnsMs: number | null;
}

const UNITS: Readonly<Record<BudgetReason, string>> = {
  budget_requests: '',
  budget_rate: ' a second',
  budget_bytes: ' bytes',
  budget_flows: ' open',
  budget_hosts: '',
  budget_wall: ' ms',
  budget_leak: ' bytes',
};

/** Words for people and agents: which budget of whom, how much of it is used, and when it returns. */
export function budgetWords({ reason, of, used, limit, returnsMs }: BudgetDenial): { message: string; help: string } {
  const row = reasonRow(reason);
  const words = of === 'task' ? row.message : row.message.replace('the task', 'the tenant');
  const amount = reason === 'budget_rate' ? `at most ${limit}` : `${Math.floor(used)} of ${limit}`;
  return { message: `${words}: ${amount}${UNITS[reason]}`, help: helpFor(of, returnsMs, row.help) };
}

function helpFor(of: BudgetDenial['of'], returnsMs: number | null, help: string): string {
  if (returnsMs === null) return `${help}; it does not return within this task`;
  const when = `try again in ${secondsUntil(returnsMs)} s`;
  return of === 'task' ? `${help}; ${when}` : `${when}, or ask the operator for a larger budget of the tenant`;
}

/** At least one: a client that tries at once gains nothing. */
export function secondsUntil(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1000));
}

export function bound(limits: Pick<BudgetLimits, 'bytesUp' | 'bytesDown'>, direction: Direction): number {
  return direction === 'up' ? limits.bytesUp : limits.bytesDown;
}

/** Where the bytes of a task and of its tenant are counted; null where the tenant's are not. */
export interface Slots {
  readonly task: number;
  readonly tenant: number | null;
}

export interface Bounds {
  readonly limits: BudgetLimits;
  readonly tenant: TenantLimits;
}

/** Counts bytes; why they may not go on where they are beyond what the task or its tenant has left, else null. */
export function countBytes(
  counts: ByteCounts,
  slots: Slots,
  { limits, tenant }: Bounds,
  ...[direction, bytes]: [Direction, number]
): BudgetDenial | null {
  const used = counts.add(slots.task, direction, bytes);
  const limit = bound(limits, direction);
  const ofTenant = slots.tenant === null ? null : countOfTenant(counts, slots.tenant, tenant, [direction, bytes]);
  // What does not return is said first.
  return used <= limit ? ofTenant : { reason: 'budget_bytes', of: 'task', used, limit, returnsMs: null };
}

function countOfTenant(
  counts: ByteCounts,
  slot: number,
  limits: TenantLimits,
  [direction, bytes]: readonly [Direction, number],
): BudgetDenial | null {
  const limit = bound(limits, direction);
  if (limit === 0) return null;
  let used = counts.add(slot, direction, bytes);
  if (used <= limit) return null;
  // The clock is asked only here: the time of the sums may be over.
  const now = Date.now();
  if (counts.renew(slot, now, now + limits.windowMs)) {
    used = counts.add(slot, direction, bytes);
    if (used <= limit) return null;
  }
  return { reason: 'budget_bytes', of: 'tenant', used, limit, returnsMs: counts.until(slot) - now };
}
