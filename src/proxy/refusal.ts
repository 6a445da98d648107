/** A stop of the walk that says no. Thrown, so that every stop shares the one exit of `handle`. */

import type { Deny } from '../core/decision.ts';
import type { ReasonCode } from '../core/reasons.ts';
import type { BudgetDenial } from './budget/budget-limits.ts';

export class Refusal extends Error {
  readonly reason: ReasonCode;
  /** A fixed word for the record, never bytes from the wire. */
  readonly detail: string | null;
  /** Set when policy said no; other stops have only a reason. */
  readonly decision: Deny | null;
  /** Set when a budget is used up. */
  budget: BudgetDenial | null = null;

  constructor(reason: ReasonCode, detail: string | null = null, decision: Deny | null = null) {
    super(detail === null ? reason : `${reason}: ${detail}`);
    this.name = 'Refusal';
    this.reason = reason;
    this.detail = detail;
    this.decision = decision;
  }
}

/** Which one of whom is on record, when it is the tenant's. */
export function refusalOfBudget(budget: BudgetDenial): Refusal {
  const refusal = new Refusal(budget.reason, budget.of === 'tenant' ? 'tenant' : null);
  refusal.budget = budget;
  return refusal;
}

/** Whatever was thrown, as a refusal: what nobody foresaw is a denial, never an allow. */
export function refusalOf(error: unknown): Refusal {
  return error instanceof Refusal ? error : new Refusal('internal_error', error instanceof Error ? error.name : null);
}

/** What a relay says once its exchange was ended under it. */
export function stopped({ reason }: { readonly reason: ReasonCode | null }): Refusal {
  return new Refusal(reason ?? 'lease_ended');
}
