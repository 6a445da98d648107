/**
 * What a decision event records as its input, and how the question is made again from it. INVARIANT: for every request,
 * `questionFrom(decisionInput(request, …))` asks the same question, so replay decides the same, bit for bit.
 */

import type { Decision, DecisionRequest } from '../core/decision.ts';
import type { DecisionEvent, DecisionInput } from '../core/event.ts';
import { type Host, parseHost } from '../core/host.ts';
import { parseIpv6 } from '../core/ip-address.ts';
import type { Principal } from '../core/principal.ts';
import { matchedPredicates, type Question, questionOf } from './question.ts';
import type { Snapshot } from './snapshot.ts';

export interface InputOptions {
  /** Keyed hash (hex) of path and query together; null when there is no path. */
  readonly pathHash: string | null;
  /** Whether the path may stand in clear where the profile wants it so: the guard found nothing in it (T-85). */
  readonly clearPath: boolean;
  /** What was decided about this very request, where anything was: the categories that it saw are those that stand in the record. */
  readonly decided?: Pick<Decision, 'categories'> | null;
}

/** The input of a decision, for its event. Path in clear only where the task's profile says so and nothing is in it. */
export function decisionInput(request: DecisionRequest, snapshot: Snapshot, options: InputOptions): DecisionInput {
  const { bundle, controls, categories } = snapshot;
  const p = request.principal;
  const seen = options.decided?.categories ?? questionOf(request, bundle, categories).categories;
  const clear = options.clearPath && p !== null && bundle.profiles.get(p.profile)?.recordPaths === 'clear';
  // Keys in order: so the record is written without sorting.
  return {
    addresses: request.resolved?.addresses ?? null,
    bundle: bundle.digest,
    capabilities: p?.capabilities ?? null,
    categories: seen,
    category_index: categories.digest,
    class: p?.class ?? null,
    cnames: request.resolved?.cnames ?? null,
    content_type: request.contentType === '' ? null : request.contentType,
    controls: controls.version,
    expires_at: p?.expiresAt ?? null,
    host: request.target.host.name,
    matched: matchedPredicates(request, bundle),
    method: request.method,
    now: request.now,
    pass: p?.pass ?? null,
    pass_problem: request.passProblem,
    path: clear && request.path !== '' ? request.path : null,
    path_hash: options.pathHash,
    port: request.target.port,
    profile: p?.profile ?? null,
    risk: p?.risk ?? null,
    scheme: request.target.scheme,
    upgrade: request.upgrade === '' ? null : request.upgrade,
  };
}

/**
 * The question of a recorded decision; null when the event stands for something that was never a question to policy.
 * `hostOf` may remember what it parsed.
 */
export function questionFrom(
  event: Pick<DecisionEvent, 'input' | 'task' | 'tenant'>,
  hostOf: (name: string) => Host | null = hostFrom,
): Question | null {
  const { input } = event;
  const host = input.host === null ? null : hostOf(input.host);
  if (!host || input.scheme === null || input.port === null) return null;
  return {
    principal: principalFrom(event),
    passProblem: input.pass_problem as DecisionRequest['passProblem'],
    method: input.method,
    scheme: input.scheme,
    host,
    port: input.port,
    matched: input.matched,
    upgrade: input.upgrade ?? '',
    addresses: input.addresses,
    aliases: input.cnames ?? [],
    categories: input.categories,
    now: input.now,
  };
}

/** A host as records name it. */
export function hostFrom(name: string): Host | null {
  const v6 = name.includes(':') ? parseIpv6(name) : null;
  if (v6) return { kind: 'ipv6', name, ip: v6 };
  const parsed = parseHost(name);
  return parsed.ok ? parsed.value : null;
}

function principalFrom({ input, task, tenant }: Pick<DecisionEvent, 'input' | 'task' | 'tenant'>): Principal | null {
  const { pass, profile, risk, capabilities, expires_at } = input;
  if (pass === null || profile === null || task === null || tenant === null) return null;
  if (input.class === null || risk === null || capabilities === null || expires_at === null) return null;
  return { task, tenant, class: input.class, profile, risk, capabilities, pass, expiresAt: expires_at };
}
