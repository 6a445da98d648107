/** Differences that a replay found, grouped so that a person can read what a candidate would change. */

import type { DecisionEvent } from '../../core/event.ts';

export interface Difference {
  /** The first field that differs. */
  readonly field: string;
  /** What it is decided now, in words. */
  readonly after: string;
}

export interface ReplayGroup {
  readonly field: string;
  readonly before: string;
  readonly after: string;
  readonly tenant: string;
  readonly profile: string;
  readonly host: string;
  readonly count: number;
  /** Id of the first such decision. */
  readonly example: string;
}

/** Beyond this many groups, further ones are counted together: memory stays flat whatever the log holds. */
const MAX_GROUPS = 10_000;
const OTHERS = '(others)';

export class DifferenceGroups {
  readonly #groups = new Map<string, { group: ReplayGroup; count: number }>();
  #total = 0;

  get total(): number {
    return this.#total;
  }

  add(event: DecisionEvent, { field, after }: Difference): void {
    this.#total += 1;
    const before = beforeOf(event);
    const who = { tenant: event.tenant ?? '-', profile: event.input.profile ?? '-', host: event.input.host ?? '-' };
    if (!this.#count([field, before, after, who.tenant, who.profile, who.host].join('\n'))) {
      const full = this.#groups.size >= MAX_GROUPS;
      const at = full ? { tenant: OTHERS, profile: OTHERS, host: OTHERS } : who;
      const key = [field, before, after, at.tenant, at.profile, at.host].join('\n');
      if (full && this.#count(key)) return;
      this.#groups.set(key, { group: { field, before, after, ...at, count: 0, example: event.id }, count: 1 });
    }
  }

  list(): readonly ReplayGroup[] {
    return [...this.#groups.values()]
      .map(({ group, count }) => ({ ...group, count }))
      .sort((a, b) => b.count - a.count || (a.example < b.example ? -1 : 1));
  }

  #count(key: string): boolean {
    const known = this.#groups.get(key);
    if (known) known.count += 1;
    return known !== undefined;
  }
}

function beforeOf({ effect, reason, capability }: DecisionEvent): string {
  return capability === null ? `${effect} ${reason}` : `${effect} ${reason} by ${capability}`;
}
