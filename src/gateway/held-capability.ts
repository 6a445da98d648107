/**
 * Whether a task may use a capability that is no network right, now. The first use of each, and each time the answer
 * becomes another, is a decision of its own in the record, before anything is done with it.
 */

import type { DecisionInput, EventBody } from '../core/event.ts';
import { type Fact, fact } from '../core/fact.ts';
import type { AuditSink, Clock, Meter } from '../core/ports.ts';
import type { Principal } from '../core/principal.ts';
import { REASONS, type ReasonCode } from '../core/reasons.ts';
import type { MayUse } from '../isolates/bindings/storage-binding.ts';
import { killOf, markOf } from '../policy/controls/control-index.ts';
import type { PolicySource, Snapshot } from '../policy/snapshot.ts';
import { newId } from './new-id.ts';

export interface HeldParts {
  readonly source: PolicySource;
  readonly audit: AuditSink;
  readonly clock: Pick<Clock, 'now'>;
  readonly meter?: Pick<Meter, 'count'>;
}

interface Answer {
  readonly reason: ReasonCode;
  readonly decision: string;
  readonly recorded: Promise<unknown>;
}

/** @param onDecision is told of each decision that was recorded */
export function heldCapability(
  principal: Principal,
  parts: HeldParts,
  onDecision: (decision: string, allowed: boolean) => void = () => undefined,
): MayUse {
  const answers = new Map<string, Answer>();
  const decided = (capability: string, reason: ReasonCode, snapshot: Snapshot): Answer => {
    const before = answers.get(capability);
    if (before?.reason === reason) return before;
    const now = parts.clock.now();
    const decision = newId('d', now);
    const event = decisionEvent({ principal, capability, reason, snapshot, decision, now });
    const answer = { reason, decision, recorded: parts.audit.record(event) };
    answers.set(capability, answer);
    onDecision(decision, reason === ALLOWED);
    return answer;
  };
  const reasonNow = (capability: string, snapshot: Snapshot) =>
    reasonFor(capability, principal, snapshot, parts.clock.now());
  return async (capability) => {
    if (!parts.source.current().bundle.capabilities.has(capability)) {
      parts.meter?.count('locktender_unclassified_total', { capability });
    }
    for (;;) {
      const snapshot = parts.source.current();
      const reason = reasonNow(capability, snapshot);
      const { decision, recorded } = decided(capability, reason, snapshot);
      await recorded;
      // It may have been taken away, or given back, while that was written.
      if (reasonNow(capability, parts.source.current()) !== reason) continue;
      if (reason === ALLOWED) return null;
      return { code: reason, message: `${REASONS[reason].message}: \`${capability}\``, decision };
    }
  };
}

const ALLOWED: ReasonCode = 'capability_grants';

function reasonFor(capability: string, principal: Principal, { bundle, controls }: Snapshot, now: number): ReasonCode {
  if (!bundle.capabilities.has(capability)) return 'default_deny';
  if (killOf(controls, principal, now)) return 'task_killed';
  if (markOf(controls.quarantinedTenants, principal.tenant, now)) return 'tenant_quarantined';
  if (!principal.capabilities.includes(capability)) return 'default_deny';
  return markOf(controls.revokedCapabilities, capability, now) ? 'capability_revoked' : ALLOWED;
}

interface Decided {
  readonly principal: Principal;
  readonly capability: string;
  readonly reason: ReasonCode;
  readonly snapshot: Snapshot;
  readonly decision: string;
  readonly now: number;
}

/** No host and no step: what replays asks policy about the network only, and counts these as outside of it. */
function decisionEvent({ principal, capability, reason, snapshot, decision, now }: Decided): EventBody {
  const { task, tenant } = principal;
  const facts: Fact[] = [
    ...[fact('capability', capability), fact('task', task), fact('tenant', tenant)],
    fact('bundle', snapshot.bundle.digest),
  ];
  return {
    ...{ type: 'decision', id: decision, task, tenant, door: 'isolate', parent: null },
    ...{ effect: reason === ALLOWED ? 'allow' : 'deny', reason, step: null, mode: null, method_enforced: false },
    ...{ rule: null, capability, categories: [], facts: facts.sort() },
    detail: capability.startsWith('tool.') ? 'tool' : 'storage',
    input: inputOf(principal, snapshot, now),
  };
}

function inputOf(principal: Principal, { bundle, controls, categories }: Snapshot, now: number): DecisionInput {
  const { pass, class: of, profile, risk, capabilities, expiresAt: expires_at } = principal;
  return {
    ...{ pass, class: of, profile, risk, capabilities, expires_at, pass_problem: null, method: '', scheme: null },
    ...{ host: null, port: null, path_hash: null, path: null, matched: [], content_type: null, upgrade: null },
    ...{ addresses: null, cnames: null, categories: [], now, bundle: bundle.digest, controls: controls.version },
    category_index: categories.digest,
  };
}
