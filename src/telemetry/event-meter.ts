/**
 * Counts what is recorded: since every exchange ends in a record at one place, the counters that are made here agree
 * with the log by construction.
 */

import type { AuditEvent, DecisionEvent, FlowClosedEvent, GuardVerdictEvent } from '../core/event.ts';
import type { Meter } from '../core/ports.ts';
import type { Labels } from './metrics.ts';

/** Takes one event that is durable. */
export function countEvent(event: AuditEvent, meter: Meter): void {
  switch (event.type) {
    case 'decision':
      countDecision(event, meter);
      break;
    case 'flow.closed':
      countClose(event, meter);
      break;
    case 'guard.verdict':
      countVerdict(event, meter);
      break;
    default:
      break;
  }
}

/** Labels by their values, one after the other: a meter finds those that are the same object without reading them. */
interface LabelTree {
  labels: Labels | null;
  readonly below: Map<string, LabelTree>;
}

const tree = (): LabelTree => ({ labels: null, below: new Map() });
const decisions = tree();
const closes = tree();
/** Profiles come and go with the policy: beyond so many, what is left of them is made anew. */
const MOST_BELOW = 1000;

function labelsIn(root: LabelTree, values: readonly string[], make: () => Labels): Labels {
  let at = root;
  for (const value of values) {
    let next = at.below.get(value);
    if (next === undefined) {
      if (at.below.size >= MOST_BELOW) at.below.clear();
      next = tree();
      at.below.set(value, next);
    }
    at = next;
  }
  at.labels ??= Object.freeze(make());
  return at.labels;
}

function countDecision({ effect, reason, input, door }: DecisionEvent, meter: Meter): void {
  const labels = labelsIn(decisions, [effect, door, reason, input.profile ?? '-'], () => {
    return { effect, reason, profile: input.profile ?? '-', door };
  });
  meter.count('locktender_decisions_total', labels);
}

const UP = Object.freeze({ direction: 'up' });
const DOWN = Object.freeze({ direction: 'down' });

function countClose({ cause, bytes_up: up, bytes_down: down }: FlowClosedEvent, meter: Meter): void {
  meter.count(
    'locktender_flows_closed_total',
    labelsIn(closes, [cause], () => ({ cause })),
  );
  meter.count('locktender_flow_bytes_total', UP, up);
  meter.count('locktender_flow_bytes_total', DOWN, down);
}

function countVerdict({ direction, action, findings, more }: GuardVerdictEvent, meter: Meter): void {
  meter.count('locktender_guard_verdicts_total', { direction, action });
  for (const finding of findings) {
    meter.count('locktender_guard_findings_total', { rule: finding.rule, action: finding.action });
  }
  if (more > 0) meter.count('locktender_guard_findings_total', { rule: 'unlisted', action: 'unlisted' }, more);
}
