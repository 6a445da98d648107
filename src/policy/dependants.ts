/** An index from facts to what depends on them. Adding and removing cost the number of facts, nothing more. */

import { Bag, type Seat } from '../core/bag.ts';
import type { Fact } from '../core/fact.ts';

export interface Dependant {
  readonly facts: readonly Fact[];
  /** Where it stands in the index, fact by fact; the index's alone. */
  seats: readonly Seat<unknown>[];
}

export class Dependants<T extends Dependant> {
  readonly #byFact = new Map<Fact, Bag<T>>();

  add(item: T): void {
    const seats: Seat<T>[] = [];
    for (const fact of item.facts) seats.push(this.#bagOf(fact).add(item));
    item.seats = seats;
  }

  remove(item: T): void {
    const { facts, seats } = item;
    for (let i = 0; i < seats.length; i += 1) {
      const fact = facts[i] as Fact;
      const bag = this.#byFact.get(fact);
      bag?.remove(seats[i] as Seat<T>);
      if (bag?.size === 0) this.#byFact.delete(fact);
    }
    item.seats = [];
  }

  /** What depends on any of the facts; each once. `host:*.x` means every host below `x`. */
  of(facts: readonly Fact[]): Set<T> {
    const out = new Set<T>();
    for (const fact of facts) {
      if (fact.startsWith('host:*.')) this.#below(fact.slice('host:*'.length), out);
      else for (const item of this.#byFact.get(fact)?.items() ?? []) out.add(item);
    }
    return out;
  }

  /** Facts that something depends on now. */
  get size(): number {
    return this.#byFact.size;
  }

  #below(suffix: string, out: Set<T>): void {
    for (const [fact, bag] of this.#byFact) {
      if (fact.startsWith('host:') && fact.endsWith(suffix)) for (const item of bag.items()) out.add(item);
    }
  }

  #bagOf(fact: Fact): Bag<T> {
    const held = this.#byFact.get(fact);
    if (held !== undefined) return held;
    const made = new Bag<T>();
    this.#byFact.set(fact, made);
    return made;
  }
}
