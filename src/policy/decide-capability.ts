/** May this task use this storage or tool? The same precedence and facts as for requests, without a host. */

import type { RuleRef } from '../core/decision.ts';
import { type Fact, fact } from '../core/fact.ts';
import { nearest } from '../core/nearest.ts';
import type { Principal } from '../core/principal.ts';
import type { PrecedenceStep, ReasonCode } from '../core/reasons.ts';
import { killOf, markOf } from './controls/control-index.ts';
import type { Snapshot } from './snapshot.ts';

export interface CapabilityDecision {
  readonly effect: 'allow' | 'deny';
  readonly reason: ReasonCode;
  readonly step: PrecedenceStep;
  readonly rule: RuleRef | null;
  readonly capability: string;
  readonly facts: readonly Fact[];
  /** True when no file defines the capability: to be counted and listed. */
  readonly unclassified: boolean;
  readonly wouldAllow: readonly string[];
  /** Epoch ms at which an allow ends by itself. */
  readonly until: number;
}

export interface CapabilityRequest {
  readonly principal: Principal;
  /** For example `storage.read.session` or `tool.invoke.billing-readonly`. */
  readonly capability: string;
  readonly now: number;
}

export function decideCapability(request: CapabilityRequest, snapshot: Snapshot): CapabilityDecision {
  const { principal: p, capability } = request;
  const defined = snapshot.bundle.capabilities.get(capability);
  const verdict = judge(request, snapshot);
  const facts: Fact[] = [
    fact('bundle', snapshot.bundle.digest),
    fact('capability', capability),
    fact('class', p.class),
    fact('pass', p.pass),
    fact('profile', p.profile),
    fact('task', p.task),
    fact('tenant', p.tenant),
  ];
  const rule = defined ? { file: defined.file, id: `capability:${capability}`, line: defined.line } : null;
  const { effect, wouldAllow, step, reason } = verdict;
  return { effect, reason, step, wouldAllow, rule, capability, facts, unclassified: !defined, until: p.expiresAt };
}

interface Verdict {
  readonly effect: 'allow' | 'deny';
  readonly reason: ReasonCode;
  readonly step: PrecedenceStep;
  readonly wouldAllow: readonly string[];
}

function judge({ principal: p, capability, now }: CapabilityRequest, { bundle, controls }: Snapshot): Verdict {
  const deny = (reason: ReasonCode, step: PrecedenceStep, ...wouldAllow: string[]): Verdict => ({
    effect: 'deny',
    reason,
    step,
    wouldAllow,
  });
  if (killOf(controls, p, now)) return deny('task_killed', 'task_killed', 'a new task');
  if (markOf(controls.quarantinedTenants, p.tenant, now)) {
    return deny('tenant_quarantined', 'tenant_quarantined', `tenant \`${p.tenant}\` released`);
  }
  if (p.expiresAt <= now) return deny('pass_expired', 'pass_invalid', 'a pass that is valid now');
  if (markOf(controls.revokedPasses, p.pass, now)) return deny('pass_revoked', 'pass_invalid', 'a new pass');
  const profile = bundle.profiles.get(p.profile);
  if (!profile || !bundle.classes.byName.has(p.class)) return deny('pass_not_admitted', 'pass_invalid');
  if (!bundle.capabilities.has(capability)) {
    const meant = nearest(capability, bundle.capabilities.keys());
    return deny(
      'default_deny',
      'default_deny',
      ...(meant === null ? [] : [`capability \`${meant}\`, which is defined`]),
    );
  }
  if (!p.capabilities.includes(capability) || !profile.capabilities.includes(capability)) {
    return deny('default_deny', 'default_deny', `capability \`${capability}\``);
  }
  if (markOf(controls.revokedCapabilities, capability, now)) {
    return deny('capability_revoked', 'capability_revoked', `capability \`${capability}\` restored`);
  }
  return { effect: 'allow', reason: 'capability_grants', step: 'capability_grants', wouldAllow: [] };
}
