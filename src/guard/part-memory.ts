/**
 * What a task sent in its last requests and messages, where it could be parts of a key: a secret that leaves piece by piece is
 * whole here before its last piece is gone (T-36). Kept in memory only, a few hundred bytes a name, and forgotten with the
 * least recent task.
 */

import { LRUCache } from 'lru-cache';
import { ownText } from '../core/own-text.ts';
import type { RuleSet } from '../dlp/compiled-rules.ts';
import { type Effort, type JoinedMatch, joinedMatches, mostEffort } from '../dlp/joined.ts';
import type { NamedValue } from '../dlp/layers/chains.ts';
import { NOWHERE } from '../dlp/scan.ts';
import type { Owner } from './vault.ts';

const MOST_TASKS = 2048;
const MOST_NAMES = 32;
const MOST_PARTS = 16;
const LONGEST = 512;
const NEWLINE = Buffer.from('\n');

interface Chain {
  readonly name: string;
  readonly parts: readonly Buffer[];
  /**
   * The last value came to what it came to before and made it what it is, and nothing was found: the same again is the same
   * again. Most requests of a task are like the one before.
   */
  readonly isSteady: boolean;
}

type Chains = Map<string, Chain>;

/** Small first: most tasks send little that could be part of a key. */
const FIRST_BLOCK = 1024;
const BLOCK = 4096;

/**
 * What is kept of one task, in memory of its own: a value as it comes is a piece of Node's pool, and would hold all the 64 KB
 * that the pool gave out beside it.
 */
class TaskParts {
  readonly chains: Chains = new Map();
  #block = Buffer.allocUnsafeSlow(FIRST_BLOCK);
  #used = 0;

  keep(value: Buffer): Buffer {
    if (this.#used + value.length > this.#block.length) {
      this.#block = Buffer.allocUnsafeSlow(Math.max(BLOCK, value.length));
      this.#used = 0;
    }
    const kept = this.#block.subarray(this.#used, this.#used + value.length);
    kept.set(value);
    this.#used += value.length;
    return kept;
  }
}

export class PartMemory {
  readonly #rules: RuleSet;
  readonly #tasks = new LRUCache<string, TaskParts>({ max: MOST_TASKS });

  constructor(rules: RuleSet) {
    this.#rules = rules;
  }

  /** Secrets that these values make whole, together with what went before. The values are remembered. */
  add({ tenant, task }: Owner, values: readonly NamedValue[]): JoinedMatch[] {
    if (task === '' || values.length === 0) return [];
    const parts = this.#partsOf(`${tenant}\0${task}`);
    const { chains } = parts;
    const together = new Together();
    const left = mostEffort();
    const told = [...byName(values)].map(([name, news]) => {
      const chain = chains.get(name) ?? newChain(name);
      const goesOn = chain.isSteady && news.length === 1 && news[0]?.equals(chain.parts.at(-1) ?? NEWLINE) === true;
      if (!goesOn && chain.parts.length > 0) together.add(chain.parts, news);
      return { news, chain, goesOn };
    });
    const found = together.matches(this.#rules, left);
    const isClean = found.length === 0 && !left.isCut;
    for (const { news, chain, goesOn } of told) {
      chains.delete(chain.name);
      chains.set(chain.name, goesOn ? chain : after(chain, news, { parts, isClean }));
    }
    trim(chains);
    return found;
  }

  #partsOf(owner: string): TaskParts {
    const known = this.#tasks.get(owner);
    if (known !== undefined) return known;
    const parts = new TaskParts();
    this.#tasks.set(owner, parts);
    return parts;
  }
}

function newChain(name: string): Chain {
  return { name: ownText(name), parts: [], isSteady: false };
}

function after(
  chain: Chain,
  news: readonly Buffer[],
  { parts, isClean }: { readonly parts: TaskParts; readonly isClean: boolean },
): Chain {
  const kept = lastOf(chain.parts, news, parts);
  const isSame = kept.length === chain.parts.length && kept.every((part, i) => part.equals(chain.parts[i] as Buffer));
  return { name: chain.name, parts: kept, isSteady: isClean && isSame && news.length === 1 };
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

/** The last of both; what is new is kept in the task's own memory. */
function lastOf(before: readonly Buffer[], news: readonly Buffer[], own: TaskParts): readonly Buffer[] {
  const parts = [...before, ...news];
  let size = 0;
  let from = parts.length;
  while (from > 0 && parts.length - from < MOST_PARTS && size + (parts[from - 1] as Buffer).length <= LONGEST) {
    from -= 1;
    size += (parts[from] as Buffer).length;
  }
  return parts.slice(from).map((part, i) => (from + i < before.length ? part : own.keep(part)));
}

/** Maps keep their order: the least recent is the first. */
function trim(chains: Chains): void {
  for (const oldest of chains.keys()) {
    if (chains.size <= MOST_NAMES) break;
    chains.delete(oldest);
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
  matches(rules: RuleSet, left: Effort): JoinedMatch[] {
    if (this.#parts.length === 0) return [];
    const found = joinedMatches({ joined: Buffer.concat(this.#parts), begins: this.#begins }, rules, NOWHERE, left);
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
