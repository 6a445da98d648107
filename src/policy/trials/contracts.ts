/** Runs contracts against a bundle. Pure: the same files give the same answer on every machine, offline. */

import { type ControlMark, type Controls, type HostOverride, NO_CONTROLS } from '../../core/controls.ts';
import type { DecisionRequest } from '../../core/decision.ts';
import type { CategorySource } from '../../core/ports.ts';
import type { Principal } from '../../core/principal.ts';
import type { ReasonCode } from '../../core/reasons.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { parsePort, type Target } from '../../core/target.ts';
import { admit } from '../admission/admission.ts';
import type { Bundle } from '../bundle/bundle.ts';
import { decide } from '../decide.ts';
import { decideCapability } from '../decide-capability.ts';
import type { Contract, Expectation } from './contract-file.ts';
import { targetOf } from './what-if.ts';

export interface ContractResult {
  readonly file: string;
  readonly line: number;
  readonly name: string;
  /** Null when it holds; else what came out instead, or what is wrong with the contract. */
  readonly broken: string | null;
}

export interface ContractWorld {
  readonly bundle: Bundle;
  readonly categories: CategorySource;
}

/** An instant of their own: contracts say nothing about the hour they are run at. */
const NOW = 1_767_225_600_000;
const HOUR = 3_600_000;
const TASK = 'contract';

export function runContracts(contracts: readonly Contract[], world: ContractWorld): ContractResult[] {
  return contracts.map((contract) => {
    const { file, line, name, expect } = contract;
    const outcome = outcomeOf(contract, world);
    const broken = outcome.ok ? compare(expect, outcome.value) : outcome.error;
    return { file, line, name, broken };
  });
}

function outcomeOf(contract: Contract, { bundle, categories }: ContractWorld): Result<Expectation, string> {
  const { task } = contract;
  const admission = admit({ ...task, caller: TASK, kind: 'sandbox' }, bundle);
  if (!admission.admitted) return ok({ effect: 'deny', reason: 'pass_not_admitted', capability: null });
  const principal: Principal = {
    task: TASK,
    tenant: task.tenant,
    class: admission.class,
    profile: admission.profile,
    risk: task.risk,
    capabilities: admission.capabilities,
    pass: TASK,
    expiresAt: task.pass === 'expired' ? NOW : NOW + HOUR,
  };
  const snapshot = { bundle, categories, controls: controlsOf(contract) };
  if (contract.use !== undefined) {
    return ok(decideCapability({ principal, capability: contract.use, now: NOW }, snapshot));
  }
  const request = requestOf(contract, principal);
  return request.ok ? ok(decide(request.value, snapshot)) : request;
}

function requestOf(contract: Contract, principal: Principal): Result<DecisionRequest, string> {
  const [method = '', url = ''] = (contract.request ?? '').split(' ');
  const asked = targetOf(method === 'CONNECT' ? `https://${url}` : url);
  if (!asked.ok) return asked;
  const connect = connectTarget(method, url, asked.value.target);
  if (connect === null) return err('CONNECT names a host and a port; write for example `CONNECT example.com:443`');
  const { pass } = contract.task;
  const problem: Extract<ReasonCode, `pass_${string}`> | null =
    pass === 'missing' ? 'pass_missing' : pass === 'malformed' ? 'pass_malformed' : null;
  return ok({
    principal: problem === null ? principal : null,
    passProblem: problem,
    method,
    target: connect,
    path: method === 'CONNECT' ? '' : asked.value.path,
    query: asked.value.query,
    contentType: contract.content_type,
    readOnlyTool: contract.read_only_tool,
    upgrade: contract.upgrade,
    resolved: contract.addresses === null ? null : { addresses: contract.addresses, cnames: contract.cnames },
    now: NOW,
  });
}

function connectTarget(method: string, url: string, target: Target): Target | null {
  if (method !== 'CONNECT') return target;
  const port = parsePort(url.slice(url.lastIndexOf(':') + 1));
  return port === null ? null : { ...target, scheme: 'tcp', port };
}

function controlsOf({ controls, task }: Contract): Controls {
  const mark: ControlMark = { by: TASK, why: TASK, at: NOW, until: null, change: TASK };
  const marks = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, mark]));
  const overrides = (effect: 'allow' | 'deny', hosts: readonly string[]): HostOverride[] =>
    hosts.map((host) => ({ ...mark, effect, host, tenant: null }));
  return {
    ...NO_CONTROLS,
    blockedCategories: marks(controls.blocked),
    unblockedCategories: marks(controls.unblocked),
    revokedCapabilities: marks(controls.revoked),
    quarantinedTenants: marks(controls.quarantined),
    killedTasks: marks(task.killed ? [TASK] : []),
    revokedPasses: marks(task.pass === 'revoked' ? [TASK] : []),
    hostOverrides: [...overrides('allow', controls.allowed_hosts), ...overrides('deny', controls.denied_hosts)],
  };
}

function compare(expected: Expectation, { effect, reason, capability }: Expectation): string | null {
  const same =
    effect === expected.effect &&
    reason === expected.reason &&
    (expected.capability === null || expected.capability === capability);
  if (same) return null;
  return `expected ${words(expected)}, got ${words({ effect, reason, capability })}`;
}

function words({ effect, reason, capability }: Expectation): string {
  return capability === null ? `${effect} ${reason}` : `${effect} ${reason} by ${capability}`;
}
