/**
 * What a task sent in its last requests and messages, where it could be parts of a key: a secret that leaves piece by piece is
 * whole here before its last piece is gone (T-36). Kept in memory only, a few hundred bytes a name, and forgotten with the
 * least recent task.
 */

import type { RuleSet } from '../dlp/compiled-rules.ts';
import { type JoinedMatch, joinedMatches } from '../dlp/joined.ts';
import type { NamedValue } from '../dlp/layers/chains.ts';
import type { Owner } from './vault.ts';

const MOST_TASKS = 2048;
const MOST_NAMES = 32;
const MOST_PARTS = 16;
const LONGEST = 512;
const NEWLINE = Buffer.from('\n');

type Chains = Map<string, readonly Buffer[]>;

export class PartMemory {
  readonly #rules: RuleSet;
  readonly #tasks = new Map<string, Chains>();

  constructor(rules: RuleSet) {
    this.#rules = rules;
  }

  /** Secrets that these values make whole, together with what went before. The values are remembered. */
  add({ tenant, task }: Owner, values: readonly NamedValue[]): JoinedMatch[] {
    if (task === '' || values.length === 0) return [];
    const chains = this.#chainsOf(`${tenant}\0${task}`);
    const together = new Together();
    for (const [name, news] of byName(values)) {
      const before = chains.get(name) ?? [];
      if (before.length > 0) together.add(before, news);
      chains.delete(name);
      chains.set(name, lastOf([...before, ...news]));
    }
    trim(chains, MOST_NAMES);
    return together.matches(this.#rules);
  }

  #chainsOf(owner: string): Chains {
    const chains: Chains = this.#tasks.get(owner) ?? new Map();
    // Maps keep their order: the least recent is the first.
    this.#tasks.delete(owner);
    this.#tasks.set(owner, chains);
    trim(this.#tasks, MOST_TASKS);
    return chains;
  }
}

function byName(values: readonly NamedValue[]): Map<string, Buffer[]> {
  const out = new Map<string, Buffer[]>();
  for (const { name, value } of values) {
    const list = out.get(name);
    if (list === undefined) out.set(name, [value]);
    else list.push(value);
  }
  return out;
}

function lastOf(parts: readonly Buffer[]): readonly Buffer[] {
  let size = 0;
  let from = parts.length;
  while (from > 0 && parts.length - from < MOST_PARTS && size + (parts[from - 1] as Buffer).length <= LONGEST) {
    from -= 1;
    size += (parts[from] as Buffer).length;
  }
  return parts.slice(from);
}

function trim(map: Map<string, unknown>, most: number): void {
  for (const oldest of map.keys()) {
    if (map.size <= most) break;
    map.delete(oldest);
  }
}

/** Chains one behind the other, a line end between them, so that all are searched at once. */
class Together {
  readonly #parts: Buffer[] = [];
  readonly #begins: number[] = [];
  /** Where the new values of each chain begin and end. */
  readonly #news: { readonly start: number; readonly end: number }[] = [];
  #length = 0;

  add(before: readonly Buffer[], news: readonly Buffer[]): void {
    for (const part of before) this.#push(part);
    const start = this.#length;
    for (const part of news) this.#push(part);
    this.#news.push({ start, end: this.#length });
    this.#push(NEWLINE);
  }

  /** Those that began in what went before. */
  matches(rules: RuleSet): JoinedMatch[] {
    if (this.#parts.length === 0) return [];
    const found = joinedMatches({ joined: Buffer.concat(this.#parts), begins: this.#begins }, rules);
    return found.filter((one) =>
      this.#news.some(({ start, end }) => one.start < start && one.end > start && one.end <= end),
    );
  }

  #push(part: Buffer): void {
    this.#begins.push(this.#length);
    this.#parts.push(part);
    this.#length += part.length;
  }
}
