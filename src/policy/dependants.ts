/** An index from facts to what depends on them. Adding and removing cost the number of facts, nothing more. */

import type { Fact } from '../core/fact.ts';

export class Dependants<T extends { readonly facts: readonly Fact[] }> {
  readonly #byFact = new Map<Fact, Set<T>>();

  add(item: T): void {
    for (const fact of item.facts) {
      const set = this.#byFact.get(fact);
      if (set) set.add(item);
      else this.#byFact.set(fact, new Set([item]));
    }
  }

  remove(item: T): void {
    for (const fact of item.facts) {
      const set = this.#byFact.get(fact);
      if (!set?.delete(item)) continue;
      if (set.size === 0) this.#byFact.delete(fact);
    }
  }

  /** What depends on any of the facts; each once. `host:*.x` means every host below `x`. */
  of(facts: readonly Fact[]): Set<T> {
    const out = new Set<T>();
    for (const fact of facts) {
      if (fact.startsWith('host:*.')) this.#below(fact.slice('host:*'.length), out);
      else for (const item of this.#byFact.get(fact) ?? []) out.add(item);
    }
    return out;
  }

  /** Facts that something depends on now. */
  get size(): number {
    return this.#byFact.size;
  }

  #below(suffix: string, out: Set<T>): void {
    for (const [fact, items] of this.#byFact) {
      if (fact.startsWith('host:') && fact.endsWith(suffix)) for (const item of items) out.add(item);
    }
  }
}
