/**
 * Counts what is recorded: since every exchange ends in a record at one place, the counters that are made here agree
 * with the log by construction.
 */

import type { AuditEvent, DecisionEvent, FlowClosedEvent, GuardVerdictEvent } from '../core/event.ts';
import type { Meter } from '../core/ports.ts';

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

function countDecision({ effect, reason, input, door }: DecisionEvent, meter: Meter): void {
  meter.count('locktender_decisions_total', { effect, reason, profile: input.profile ?? '-', door });
}

const UP = Object.freeze({ direction: 'up' });
const DOWN = Object.freeze({ direction: 'down' });

function countClose({ cause, bytes_up: up, bytes_down: down }: FlowClosedEvent, meter: Meter): void {
  meter.count('locktender_flows_closed_total', { cause });
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
