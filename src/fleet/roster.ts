/** What the hub knows of its members: until when each may act, what it has in force, and what it said it did. */

import type { FleetConfirmation } from '../core/controls.ts';
import type { Clock } from '../core/ports.ts';
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
}

interface Entry {
  /** When its last lease ends at the latest, by the hub's monotonic clock: whoever sets the other ends no lease. */
  leaseEnds: number | null;
  heardAt: number | null;
  /** Whole: controls and files. */
  sequence: number;
  /** Controls alone, which are in force first. */
  controls: number;
  refused: string | null;
  version: string | null;
  /** Newest last. */
  receipts: FleetReceipt[];
  /** When the controls of an order were confirmed, by the hub's monotonic clock. */
  confirmedAt: Map<number, number>;
}

const KEPT_RECEIPTS = 64;

export class Roster {
  readonly #entries = new Map<string, Entry>();
  readonly #wake = new Set<() => void>();
  readonly #clock: Clock;
  /** Until when leases of before this start may run, by the monotonic clock. */
  readonly #before: number;

  /** `before`: milliseconds for which leases of before this start may run on. */
  constructor(clock: Clock, before: number) {
    this.#clock = clock;
    this.#before = clock.monotonic() + before;
  }

  stateOf(node: string): MemberState {
    const entry = this.#entries.get(node);
    const leaseUntil = this.#clock.now() + this.#left(node);
    if (!entry) return { leaseUntil, heardAt: null, sequence: -1, refused: null, version: null };
    const { heardAt, sequence, refused, version } = entry;
    return { leaseUntil, heardAt, sequence, refused, version };
  }

  /** Those whose lease may still run. */
  leased(): string[] {
    return [...this.#entries.keys()].filter((node) => this.#left(node) > 0);
  }

  /** `forMs`: null when it follows another epoch, and so may not act on the answer. */
  asked({ node, sequence, version, receipt }: LeaseAsk, forMs: number | null): void {
    const entry = this.#of(node);
    entry.heardAt = this.#clock.now();
    entry.version = version;
    if (forMs === null) return;
    entry.leaseEnds = Math.max(entry.leaseEnds ?? 0, this.#clock.monotonic() + forMs);
    entry.sequence = Math.max(entry.sequence, sequence);
    this.#confirm(entry, sequence);
    if (receipt !== null) this.receipt(receipt);
    this.#told();
  }

  /** One that is older than what was heard tells nothing new of its files: NATS may say it again. */
  receipt(receipt: FleetReceipt): void {
    const entry = this.#of(receipt.node);
    const newest = entry.receipts.at(-1)?.sequence ?? -1;
    if (receipt.sequence >= newest) {
      entry.heardAt = this.#clock.now();
      if (receipt.whole || receipt.refused !== null) entry.refused = receipt.refused;
    }
    if (receipt.whole) entry.sequence = Math.max(entry.sequence, receipt.sequence);
    const known = entry.receipts.findIndex((one) => one.sequence === receipt.sequence);
    if (known < 0) entry.receipts = bySequence([...entry.receipts, receipt]).slice(-KEPT_RECEIPTS);
    else entry.receipts[known] = receipt;
    this.#confirm(entry, receipt.sequence);
    this.#told();
  }

  /** Resolves once every one of `nodes` that holds a lease has confirmed, or the time is over. */
  async confirmed(sequence: number, nodes: readonly string[], wait: Waiting): Promise<FleetConfirmation> {
    const open = () => nodes.some((node) => this.#left(node) > 0 && !this.#has(node, sequence));
    const deadline = this.#clock.monotonic() + wait.withinMs;
    for (let left = wait.withinMs; open() && left > 0; left = deadline - this.#clock.monotonic())
      await this.#news(left);
    return this.#outcome(sequence, nodes, wait);
  }

  #outcome(sequence: number, nodes: readonly string[], { since }: Waiting): FleetConfirmation {
    const done = nodes.filter((node) => this.#has(node, sequence));
    const silent = nodes.filter((node) => !this.#has(node, sequence));
    const receipts = done.flatMap(
      (node) => this.#entries.get(node)?.receipts.find((r) => r.sequence >= sequence) ?? [],
    );
    const sum = (of: (receipt: FleetReceipt) => number) => receipts.reduce((total, one) => total + of(one), 0);
    const times = done.map((node) => this.#confirmedAt(node, sequence)).filter((time) => time !== null);
    return {
      members: nodes.length,
      confirmed: done.length,
      denying: silent.filter((node) => this.#left(node) === 0).length,
      live: sum((r) => r.live),
      dependants: sum((r) => r.dependants),
      cut: sum((r) => r.cut),
      missed: sum((r) => r.missed.length),
      slowest_ms: Math.max(0, ...receipts.map((r) => r.slowest_ms)),
      confirmed_ms: times.length === 0 ? null : Math.round((Math.max(...times) - since) * 10) / 10,
      cut_off: silent
        .filter((node) => this.#left(node) > 0)
        .map((node) => ({ node, denies_from: Math.ceil(this.#clock.now() + this.#left(node)) })),
    };
  }

  #confirmedAt(node: string, sequence: number): number | null {
    const times = this.#entries.get(node)?.confirmedAt ?? new Map<number, number>();
    const [first] = [...times].filter(([order]) => order >= sequence).sort(([a], [b]) => a - b);
    return first?.[1] ?? null;
  }

  #confirm(entry: Entry, sequence: number): void {
    entry.controls = Math.max(entry.controls, sequence);
    if (!entry.confirmedAt.has(sequence)) entry.confirmedAt.set(sequence, this.#clock.monotonic());
    for (const old of entry.confirmedAt.keys()) if (old < sequence - KEPT_RECEIPTS) entry.confirmedAt.delete(old);
  }

  #has(node: string, sequence: number): boolean {
    return (this.#entries.get(node)?.controls ?? -1) >= sequence;
  }

  /** Milliseconds for which it may still act at the most. */
  #left(node: string): number {
    return Math.max(0, (this.#entries.get(node)?.leaseEnds ?? this.#before) - this.#clock.monotonic());
  }

  #of(node: string): Entry {
    const known = this.#entries.get(node);
    if (known) return known;
    const entry: Entry = {
      ...{ leaseEnds: null, heardAt: null, sequence: -1, controls: -1, refused: null, version: null },
      receipts: [],
      confirmedAt: new Map(),
    };
    this.#entries.set(node, entry);
    return entry;
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

function bySequence(receipts: readonly FleetReceipt[]): FleetReceipt[] {
  return receipts.toSorted((a, b) => a.sequence - b.sequence);
}

interface Waiting {
  readonly withinMs: number;
  /** By the monotonic clock. */
  readonly since: number;
}
