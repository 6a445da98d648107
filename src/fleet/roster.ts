/** What the hub knows of its members: until when each may act, what it has in force, and what it said it did. */

import type { FleetConfirmation } from '../core/controls.ts';
import type { FleetReceipt, LeaseAsk } from './messages.ts';

export interface MemberState {
  /** Epoch ms until which its last lease runs at the latest; null when none was given in this epoch. */
  readonly leaseUntil: number | null;
  /** Epoch ms; null: never heard since the hub started. */
  readonly heardAt: number | null;
  /** Order that it has in force, whole; -1 when that is not known. */
  readonly sequence: number;
  /** Why the files of the order are not in force; null when they are. */
  readonly refused: string | null;
  readonly version: string | null;
}

interface Entry {
  leaseUntil: number | null;
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
  /** Until when leases of before this start may run (epoch ms). */
  readonly #before: number;

  constructor(before: number) {
    this.#before = before;
  }

  stateOf(node: string): MemberState {
    const entry = this.#entries.get(node);
    if (!entry) return { leaseUntil: this.#before, heardAt: null, sequence: -1, refused: null, version: null };
    const { leaseUntil, heardAt, sequence, refused, version } = entry;
    return { leaseUntil: leaseUntil ?? this.#before, heardAt, sequence, refused, version };
  }

  /** `until`: null when it follows another epoch, and so may not act on the answer. */
  asked({ node, sequence, version, receipt }: LeaseAsk, { at, until, monotonic }: Granting): void {
    const entry = this.#of(node);
    entry.heardAt = at;
    entry.version = version;
    if (until === null) return;
    entry.leaseUntil = Math.max(entry.leaseUntil ?? 0, until);
    entry.sequence = Math.max(entry.sequence, sequence);
    this.#confirm(entry, sequence, monotonic);
    if (receipt !== null) this.receipt(receipt, { at, monotonic });
    this.#told();
  }

  receipt(receipt: FleetReceipt, { at, monotonic }: Pick<Granting, 'at' | 'monotonic'>): void {
    const entry = this.#of(receipt.node);
    entry.heardAt = at;
    if (receipt.whole) {
      entry.refused = receipt.refused;
      entry.sequence = Math.max(entry.sequence, receipt.sequence);
    }
    const known = entry.receipts.findIndex((one) => one.sequence === receipt.sequence);
    if (known < 0) entry.receipts = [...entry.receipts, receipt].slice(-KEPT_RECEIPTS);
    else entry.receipts[known] = receipt;
    this.#confirm(entry, receipt.sequence, monotonic);
    this.#told();
  }

  /** Resolves once every one of `nodes` that holds a lease has confirmed, or the time is over. */
  async confirmed(sequence: number, nodes: readonly string[], wait: Waiting): Promise<FleetConfirmation> {
    const open = () => nodes.some((node) => this.#runs(node, wait.now()) && !this.#has(node, sequence));
    const deadline = wait.monotonic() + wait.withinMs;
    for (let left = wait.withinMs; open() && left > 0; left = deadline - wait.monotonic()) await this.#news(left);
    return this.#outcome(sequence, nodes, wait);
  }

  #outcome(sequence: number, nodes: readonly string[], { now, since }: Waiting): FleetConfirmation {
    const at = now();
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
      denying: silent.filter((node) => !this.#runs(node, at)).length,
      live: sum((r) => r.live),
      dependants: sum((r) => r.dependants),
      cut: sum((r) => r.cut),
      missed: sum((r) => r.missed.length),
      slowest_ms: Math.max(0, ...receipts.map((r) => r.slowest_ms)),
      confirmed_ms: times.length === 0 ? null : Math.round((Math.max(...times) - since) * 10) / 10,
      cut_off: silent
        .filter((node) => this.#runs(node, at))
        .map((node) => ({ node, denies_from: this.stateOf(node).leaseUntil ?? at })),
    };
  }

  #confirmedAt(node: string, sequence: number): number | null {
    const times = this.#entries.get(node)?.confirmedAt ?? new Map<number, number>();
    const [first] = [...times].filter(([order]) => order >= sequence).sort(([a], [b]) => a - b);
    return first?.[1] ?? null;
  }

  #confirm(entry: Entry, sequence: number, monotonic: number): void {
    entry.controls = Math.max(entry.controls, sequence);
    if (!entry.confirmedAt.has(sequence)) entry.confirmedAt.set(sequence, monotonic);
    for (const old of entry.confirmedAt.keys()) if (old < sequence - KEPT_RECEIPTS) entry.confirmedAt.delete(old);
  }

  #has(node: string, sequence: number): boolean {
    return (this.#entries.get(node)?.controls ?? -1) >= sequence;
  }

  #runs(node: string, now: number): boolean {
    return (this.stateOf(node).leaseUntil ?? 0) > now;
  }

  #of(node: string): Entry {
    const known = this.#entries.get(node);
    if (known) return known;
    const entry: Entry = {
      ...{ leaseUntil: null, heardAt: null, sequence: -1, controls: -1, refused: null, version: null },
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

interface Granting {
  readonly at: number;
  readonly until: number | null;
  readonly monotonic: number;
}

interface Waiting {
  readonly withinMs: number;
  /** By the monotonic clock. */
  readonly since: number;
  readonly now: () => number;
  readonly monotonic: () => number;
}
