/**
 * What the hub knows of one run of a member: of one process, from its start to its end. Two that run with one key, as machines do
 * that were copied, are two runs of one member, and each may act as long as its own lease holds.
 */

import type { FleetReceipt } from './messages.ts';

const KEPT_RECEIPTS = 64;

export interface MemberRun {
  /** When its last lease ends at the latest, by the hub's monotonic clock. */
  leaseEnds: number;
  /** Of its latest question; what is not above it was heard before. */
  count: number;
  /** It gave its lease back, and will ask no more. */
  left: boolean;
  /** Order that it has in force whole, controls and files; -1 when that is not known. */
  sequence: number;
  /** Controls alone, which are in force first. */
  controls: number;
  /** Why the files of the order are not in force; null when they are. */
  refused: string | null;
  /** Newest last. */
  receipts: FleetReceipt[];
  /** When the controls of an order were confirmed, by the hub's monotonic clock. */
  readonly confirmedAt: Map<number, number>;
}

export function newRun(now: number): MemberRun {
  return {
    ...{ leaseEnds: now, count: -1, left: false, sequence: -1, controls: -1, refused: null, receipts: [] },
    confirmedAt: new Map(),
  };
}

/** It has all of this order in force, or its controls only. */
export function hasConfirmed(run: MemberRun, sequence: number, { whole, now }: { whole: boolean; now: number }): void {
  if (whole) run.sequence = Math.max(run.sequence, sequence);
  run.controls = Math.max(run.controls, sequence);
  if (!run.confirmedAt.has(sequence)) run.confirmedAt.set(sequence, now);
  for (const old of run.confirmedAt.keys()) if (old < sequence - KEPT_RECEIPTS) run.confirmedAt.delete(old);
}

/** Whether it is news: one that is older than what was heard tells nothing new of its files, NATS may say it again. */
export function hasSaid(run: MemberRun, receipt: FleetReceipt): boolean {
  const isNews = receipt.sequence >= (run.receipts.at(-1)?.sequence ?? -1);
  if (isNews && (receipt.whole || receipt.refused !== null)) run.refused = receipt.refused;
  const known = run.receipts.findIndex((one) => one.sequence === receipt.sequence);
  if (known >= 0) run.receipts[known] = receipt;
  else run.receipts = [...run.receipts, receipt].toSorted((a, b) => a.sequence - b.sequence).slice(-KEPT_RECEIPTS);
  return isNews;
}

/** When the first order from this one on was confirmed; null when none was. */
export function confirmedAt({ confirmedAt: times }: MemberRun, sequence: number): number | null {
  const [first] = [...times].filter(([order]) => order >= sequence).sort(([a], [b]) => a - b);
  return first?.[1] ?? null;
}
