/** What the hub knows of its members: until when each may act, what it has in force, and what it said it did. */

import type { FleetConfirmation } from '../core/controls.ts';
import type { Clock } from '../core/ports.ts';
import { confirmedAt, hasConfirmed, hasSaid, type MemberRun, newRun } from './member-run.ts';
import type { FleetReceipt, LeaseAsk } from './messages.ts';

export interface MemberState {
  /** Epoch ms until which its last lease runs at the latest; not after now when it has none. */
  readonly leaseUntil: number;
  /** Epoch ms; null: never heard since the hub started. */
  readonly heardAt: number | null;
  /** Order that it has in force, whole; -1 when that is not known. */
  readonly sequence: number;
  /** Why the files of the order are not in force; null when they are. */
  readonly refused: string | null;
  readonly version: string | null;
  /** Two processes ask by turns with its key. */
  readonly doubled: boolean;
}

interface Entry {
  heardAt: number | null;
  version: string | null;
  /** By name, in the order in which they were first heard. */
  readonly runs: Map<string, MemberRun>;
  /** Which of them asked last. */
  asked: string | null;
  /** One of them was granted a lease since the hub's start. */
  granted: boolean;
  /** Until when it is said to be doubled, by the hub's monotonic clock: one asked that another had taken the place of. */
  doubledUntil: number;
}

/** Of a member whose lease may run: more can only be an attack, or a process that starts again and again. */
const MOST_RUNS = 64;

export class Roster {
  readonly #entries = new Map<string, Entry>();
  readonly #wake = new Set<() => void>();
  readonly #clock: Clock;
  /** Until when leases of before this start may run, by the monotonic clock. */
  readonly #before: number;
  readonly #longest: number;

  /** `before`: milliseconds for which leases of before this start may run on; `longest`: for which one of ours runs. */
  constructor(clock: Clock, { before, longest }: { readonly before: number; readonly longest: number }) {
    this.#clock = clock;
    this.#before = clock.monotonic() + before;
    this.#longest = longest;
  }

  stateOf(node: string): MemberState {
    const entry = this.#entries.get(node);
    const leaseUntil = this.#clock.now() + this.#left(node);
    const state = { leaseUntil, heardAt: entry?.heardAt ?? null, version: entry?.version ?? null };
    const runs = this.#runsThatCount(node);
    const doubled = (entry?.doubledUntil ?? 0) > this.#clock.monotonic();
    const sequence = runs.length === 0 ? -1 : Math.min(...runs.map((run) => run.sequence));
    return { ...state, sequence, doubled, refused: runs.find(({ refused }) => refused !== null)?.refused ?? null };
  }

  /** Those whose lease may still run. */
  leased(): string[] {
    return [...this.#entries.keys()].filter((node) => this.#left(node) > 0);
  }

  /**
   * `forMs`: null when it follows another epoch, and so may not act on the answer. False: it was heard before, or there are
   * too many of this name; such a question must not be answered.
   */
  asked(ask: LeaseAsk, forMs: number | null): boolean {
    const { node, sequence, version, receipt, run: name = '', count = null } = ask;
    const entry = this.#of(node);
    const known = entry.runs.get(name);
    if (known?.left || (count !== null && count <= (known?.count ?? -1))) return false;
    const run = known ?? this.#newRun(entry, name);
    if (run === null) return false;
    const now = this.#clock.monotonic();
    run.count = count ?? -1;
    if (ask.leaving) {
      run.left = true;
      run.leaseEnds = now;
      this.#told();
      return false;
    }
    entry.heardAt = this.#clock.now();
    entry.version = version;
    if (known && entry.asked !== name) entry.doubledUntil = now + this.#longest;
    entry.asked = name;
    if (forMs === null) return true;
    entry.granted = true;
    run.leaseEnds = Math.max(run.leaseEnds, now + forMs);
    hasConfirmed(run, sequence, { whole: true, now });
    if (receipt !== null) this.receipt(receipt);
    this.#told();
    return true;
  }

  receipt(receipt: FleetReceipt): void {
    const entry = this.#of(receipt.node);
    const run = entry.runs.get(receipt.run ?? '') ?? this.#newRun(entry, receipt.run ?? '');
    if (run === null) return;
    if (hasSaid(run, receipt)) entry.heardAt = this.#clock.now();
    hasConfirmed(run, receipt.sequence, { whole: receipt.whole, now: this.#clock.monotonic() });
    this.#told();
  }

  /** Resolves once every one of `nodes` that holds a lease has confirmed, or the time is over. */
  async confirmed(sequence: number, nodes: readonly string[], wait: Waiting): Promise<FleetConfirmation> {
    const open = () => nodes.some((node) => this.#without(node, sequence) > 0);
    const deadline = this.#clock.monotonic() + wait.withinMs;
    for (let left = wait.withinMs; open() && left > 0; left = deadline - this.#clock.monotonic())
      await this.#news(left);
    return this.#outcome(sequence, nodes, wait);
  }

  #outcome(sequence: number, nodes: readonly string[], { since }: Waiting): FleetConfirmation {
    const acting = nodes.filter((node) => this.#without(node, sequence) > 0);
    const rest = nodes.filter((node) => !acting.includes(node));
    const done = rest.filter((node) => this.#runs(node).some(({ controls }) => controls >= sequence));
    const runs = nodes.flatMap((node) => this.#runs(node));
    const receipts = runs.flatMap((run) => run.receipts.find((receipt) => receipt.sequence >= sequence) ?? []);
    const sum = (of: (receipt: FleetReceipt) => number) => receipts.reduce((total, one) => total + of(one), 0);
    const times = runs.map((run) => confirmedAt(run, sequence)).filter((time) => time !== null);
    return {
      members: nodes.length,
      confirmed: done.length,
      denying: rest.length - done.length,
      live: sum((r) => r.live),
      dependants: sum((r) => r.dependants),
      cut: sum((r) => r.cut),
      missed: sum((r) => r.missed.length),
      slowest_ms: Math.max(0, ...receipts.map((r) => r.slowest_ms)),
      confirmed_ms: times.length === 0 ? null : Math.round((Math.max(...times) - since) * 10) / 10,
      cut_off: acting.map((node) => ({
        node,
        denies_from: Math.ceil(this.#clock.now() + this.#without(node, sequence)),
      })),
    };
  }

  #runs(node: string): MemberRun[] {
    return [...(this.#entries.get(node)?.runs.values() ?? [])];
  }

  /** Whose lease may still run; where there is none, the one that asked last. */
  #runsThatCount(node: string): MemberRun[] {
    const leased = this.#runs(node).filter((run) => this.#leftOf(run) > 0);
    const entry = this.#entries.get(node);
    const last = entry?.runs.get(entry.asked ?? '') ?? this.#runs(node).at(-1);
    return leased.length > 0 || last === undefined ? leased : [last];
  }

  #leftOf({ leaseEnds }: MemberRun): number {
    return Math.max(0, leaseEnds - this.#clock.monotonic());
  }

  /**
   * Milliseconds for which it may still act at the most. A member that was granted one since the hub's start is taken for the only one
   * of its name until another is heard, which asks every third of a lease.
   */
  #left(node: string): number {
    const before = this.#entries.get(node)?.granted ? 0 : this.#before - this.#clock.monotonic();
    return Math.max(0, before, ...this.#runs(node).map((run) => this.#leftOf(run)));
  }

  /** Milliseconds for which it may still act without having confirmed; 0 when it may not. */
  #without(node: string, sequence: number): number {
    const runs = this.#runs(node);
    const has = runs.some(({ controls }) => controls >= sequence);
    const open = runs.filter(({ controls }) => controls < sequence).map((run) => this.#leftOf(run));
    return has ? Math.max(0, ...open) : this.#left(node);
  }

  #of(node: string): Entry {
    const known = this.#entries.get(node);
    if (known) return known;
    const entry: Entry = {
      ...{ heardAt: null, version: null, runs: new Map(), asked: null, granted: false, doubledUntil: 0 },
    };
    this.#entries.set(node, entry);
    return entry;
  }

  /** Null when there are too many that may act. Those that may no longer are forgotten first, the oldest before. */
  #newRun({ runs }: Entry, name: string): MemberRun | null {
    if (runs.size >= MOST_RUNS) {
      const over = [...runs].find(([, run]) => this.#leftOf(run) === 0);
      if (over === undefined) return null;
      runs.delete(over[0]);
    }
    const run = newRun(this.#clock.monotonic());
    runs.set(name, run);
    return run;
  }

  #news(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#wake.delete(done);
        resolve();
      };
      const timer = setTimeout(done, withinMs);
      this.#wake.add(done);
    });
  }

  #told(): void {
    for (const wake of [...this.#wake]) wake();
  }
}

interface Waiting {
  readonly withinMs: number;
  /** By the monotonic clock. */
  readonly since: number;
}
