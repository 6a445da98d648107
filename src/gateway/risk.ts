/**
 * Signals of our own beside the risk that a caller states: what a task's code looks like and how its tenant's tasks
 * behaved lately. Each adds a little, all together at most `MOST`: they tighten what admission gives, they do not
 * replace it. Names of signals are in the record.
 */

import { LRUCache } from 'lru-cache';
import type { Clock } from '../core/ports.ts';

interface Risk {
  /** 0 to 100. */
  readonly score: number;
  /** What added to the caller's own, sorted. */
  readonly signals: readonly string[];
}

/** What is remembered of a tenant. */
type RiskEvent = 'denial' | 'finding' | 'forced_end';

const MOST = 30;
const WINDOW_MS = 600_000;
const TENANTS = 10_000;
/** Tasks after which a tenant is no longer new here. */
const NEW_TASKS = 10;

const WEIGHTS = {
  code_obfuscated: 15,
  code_hides_host: 10,
  new_tenant: 5,
  recent_denials: 10,
  recent_findings: 10,
  recent_forced_ends: 10,
} as const;
type Signal = keyof typeof WEIGHTS;

const ENOUGH: readonly (readonly [RiskEvent, Signal, number])[] = [
  ['denial', 'recent_denials', 10],
  ['finding', 'recent_findings', 5],
  ['forced_end', 'recent_forced_ends', 5],
];

/** Bounded everywhere: the code is hostile, and a search must stay linear in it. */
const OBFUSCATED = [
  /(?:\\x[0-9a-f]{2}){40}/i,
  /(?:\\u[0-9a-f]{4}){40}/i,
  /fromCharCode\((?:\s{0,9}\d{1,9}\s{0,9},){20}/,
  /["'`][A-Za-z0-9+/]{4000}/,
  /\b_0x[0-9a-f]{4,}\b[\s\S]{0,200}\b_0x[0-9a-f]{4,}\b/,
];
/** A URL that is put together so that it cannot be read. */
const HIDES_HOST = /fetch\(\s{0,20}(?:atob\(|String\.fromCharCode|\[[^\]]{0,500}\]\.join)/;

interface Account {
  tasks: number;
  readonly events: Record<RiskEvent, number[]>;
}

export class RiskSignals {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #accounts = new LRUCache<string, Account>({ max: TENANTS });

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  note(tenant: string, event: RiskEvent): void {
    const times = this.#account(tenant).events[event];
    times.push(this.#clock.monotonic());
    if (times.length > 100) times.shift();
  }

  /** The risk of a task that is about to be admitted; counts it. */
  assess(tenant: string, stated: number, code: string): Risk {
    const account = this.#account(tenant);
    account.tasks += 1;
    const signals: Signal[] = [];
    if (OBFUSCATED.some((pattern) => pattern.test(code))) signals.push('code_obfuscated');
    if (HIDES_HOST.test(code)) signals.push('code_hides_host');
    if (account.tasks <= NEW_TASKS) signals.push('new_tenant');
    const since = this.#clock.monotonic() - WINDOW_MS;
    for (const [event, signal, enough] of ENOUGH) {
      if (account.events[event].filter((at) => at >= since).length >= enough) signals.push(signal);
    }
    const added = signals.reduce((sum, signal) => sum + WEIGHTS[signal], 0);
    return { score: Math.min(100, stated + Math.min(MOST, added)), signals: signals.sort() };
  }

  #account(tenant: string): Account {
    const account = this.#accounts.get(tenant) ?? { tasks: 0, events: { denial: [], finding: [], forced_end: [] } };
    this.#accounts.set(tenant, account);
    return account;
  }
}
