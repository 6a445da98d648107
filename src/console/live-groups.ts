/** Decisions as the live page holds them: the latest few, and one group a task and host group. Bounded. */

import type { Filterable } from './filter.ts';

export interface Decision {
  readonly id: string;
  readonly time: string;
  readonly door: string;
  readonly effect: string;
  readonly reason: string;
  readonly tenant: string | null;
  readonly task: string | null;
  readonly capability: string | null;
  readonly rule: { readonly id: string; readonly file?: string | null; readonly line?: number | null } | null;
  readonly facts: readonly string[];
  readonly mode: string | null;
  readonly categories: readonly string[];
  readonly input: {
    readonly class: string | null;
    readonly profile: string | null;
    readonly risk: number | null;
    readonly method: string;
    readonly scheme: string | null;
    readonly host: string | null;
    readonly port: number | null;
    readonly path: string | null;
  };
}

export interface Group {
  readonly key: string;
  readonly tenant: string;
  readonly task: string;
  readonly site: string;
  readonly hosts: ReadonlySet<string>;
  readonly categories: ReadonlySet<string>;
  readonly allowed: number;
  readonly denied: number;
  /** The latest decision of it. */
  readonly last: Decision;
}

type Mutable = { -readonly [K in keyof Group]: Group[K] } & { hosts: Set<string>; categories: Set<string> };

const MOST_GROUPS = 500;
const MOST_LATEST = 500;
const MOST_NAMED = 50;

/** Second-level labels under which registries of countries sell names. */
const SECOND: ReadonlySet<string> = new Set(['ac', 'co', 'com', 'edu', 'go', 'gov', 'ne', 'net', 'or', 'org']);

/** The domain that hosts are shown together under: `example.co.uk` of `a.b.example.co.uk`. Only for show. */
export function siteOf(host: string | null): string {
  if (host === null) return '–';
  if (/^[\d.]+$/.test(host) || host.includes(':')) return host;
  const labels = host.split('.');
  const deep = (labels.at(-1) ?? '').length === 2 && SECOND.has(labels.at(-2) ?? '');
  return labels.slice(deep ? -3 : -2).join('.');
}

export function filterable(d: Decision): Filterable {
  const { method, host, path } = d.input;
  const some = (value: string | null | undefined) => (value === null || value === undefined ? [] : [value]);
  return {
    effect: [d.effect],
    reason: [d.reason],
    tenant: some(d.tenant),
    task: some(d.task),
    host: some(host),
    method: [method],
    path: some(path),
    category: d.categories,
    capability: some(d.capability),
    door: [d.door],
  };
}

export class LiveGroups {
  readonly #groups = new Map<string, Mutable>();
  #latest: Decision[] = [];
  total = 0;
  denied = 0;
  /** Of the total, those that came too fast to be shown: they were counted only. */
  passedOver = 0;

  /** Counts what the appliance left out. */
  passOver({ entries, denied }: { readonly entries: number; readonly denied: number | null }): void {
    this.total += entries;
    this.denied += denied ?? 0;
    this.passedOver += entries;
  }

  add(decision: Decision): void {
    this.total += 1;
    if (decision.effect !== 'allow') this.denied += 1;
    this.#latest.push(decision);
    if (this.#latest.length >= MOST_LATEST * 2) this.#latest = this.#latest.slice(-MOST_LATEST);
    const site = siteOf(decision.input.host);
    // A task's id is chosen by who asks for its pass, and may be another tenant's as well.
    const key = `${decision.tenant ?? '–'} ${decision.task ?? '–'} ${site}`;
    const known = this.#groups.get(key);
    // The one that was touched last stands last: what is forgotten is what has been silent for longest.
    if (known) this.#groups.delete(key);
    const group = known ?? emptyGroup(key, site, decision);
    if (decision.effect === 'allow') group.allowed += 1;
    else group.denied += 1;
    if (group.hosts.size < MOST_NAMED) group.hosts.add(decision.input.host ?? '–');
    if (group.categories.size < MOST_NAMED) for (const category of decision.categories) group.categories.add(category);
    group.last = decision;
    this.#groups.set(key, group);
    if (this.#groups.size > MOST_GROUPS) this.#groups.delete(this.#groups.keys().next().value ?? '');
  }

  /** Of what is held, only what fits: the latest few, and the last of each group that has been silent for longer. */
  fitting(fits: (decision: Decision) => boolean): LiveGroups {
    const kept = new LiveGroups();
    const latest = this.#latest.slice(-MOST_LATEST);
    const known = new Set(latest.map(({ id }) => id));
    const silent = [...this.#groups.values()].map(({ last }) => last).filter(({ id }) => !known.has(id));
    for (const decision of [...silent, ...latest]) if (fits(decision)) kept.add(decision);
    return kept;
  }

  /** The latest first. */
  groups(): readonly Group[] {
    return [...this.#groups.values()].reverse();
  }

  /** The latest first. */
  latest(): readonly Decision[] {
    return this.#latest.slice(-MOST_LATEST).reverse();
  }
}

function emptyGroup(key: string, site: string, last: Decision): Mutable {
  const { tenant, task } = last;
  return {
    key,
    tenant: tenant ?? '–',
    task: task ?? '–',
    site,
    hosts: new Set(),
    categories: new Set(),
    allowed: 0,
    denied: 0,
    last,
  };
}
