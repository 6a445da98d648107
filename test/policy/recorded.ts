/** Decisions as the gate records them, made from requests under a snapshot. */

import type { DecisionRequest } from '../../src/core/decision.ts';
import type { ControlChangedEvent, DecisionEvent } from '../../src/core/event.ts';
import { applyPatch, patchBetween } from '../../src/policy/controls/control-patch.ts';
import { decide } from '../../src/policy/decide.ts';
import { decisionInput } from '../../src/policy/decision-input.ts';
import type { Snapshot } from '../../src/policy/snapshot.ts';

let made = 0;

/** The event, after a journey through JSON as in the log. */
export function recorded(
  request: DecisionRequest,
  snapshot: Snapshot,
  over: Partial<DecisionEvent> = {},
): DecisionEvent {
  const decision = decide(request, snapshot);
  made += 1;
  const event: DecisionEvent = {
    v: 1,
    id: `d_${made}`,
    time: '2026-11-23T00:00:00.000Z',
    node: 'test',
    type: 'decision',
    tenant: request.principal?.tenant ?? null,
    task: request.principal?.task ?? null,
    door: 'http',
    parent: null,
    input: decisionInput(request, snapshot, {
      pathHash: 'ab',
      clearPath: true,
      decided: decision,
    }),
    effect: decision.effect,
    reason: decision.reason,
    step: decision.step,
    mode: decision.effect === 'allow' ? decision.mode : null,
    method_enforced: decision.effect === 'allow' && decision.methodEnforced,
    rule: decision.rule,
    capability: decision.capability,
    categories: decision.categories,
    facts: decision.facts,
    detail: null,
    ...over,
  };
  return JSON.parse(JSON.stringify(event)) as DecisionEvent;
}

/** The change from one state of controls to the next, as it is recorded. */
export function changed(before: Snapshot['controls'], after: Snapshot['controls']): ControlChangedEvent {
  const patch = patchBetween(before, after);
  return {
    v: 1,
    id: `e_${before.version}`,
    time: '2026-11-23T00:00:00.000Z',
    node: 'test',
    type: 'control.changed',
    tenant: null,
    task: null,
    change: 'c_1',
    action: { do: 'category.block', category: 'documentation' },
    by: 'ann',
    why: 'test',
    until: null,
    automatic: false,
    version: applyPatch(before, patch).version,
    receipt: null,
    patch,
  };
}
