/** One decision without an exchange: `locktender decide`, `policy explain`, contracts. Pure; resolves nothing. */

import type { Decision, RelayMode, RuleRef } from '../core/decision.ts';
import type { Fact } from '../core/fact.ts';
import { parseHost } from '../core/host.ts';
import type { Principal } from '../core/principal.ts';
import type { PrecedenceStep, ReasonCode } from '../core/reasons.ts';
import { err, ok, type Result } from '../core/result.ts';
import { defaultPort, parsePort, type Scheme, type Target } from '../core/target.ts';
import { admit } from './admission.ts';
import { decide } from './decide.ts';
import type { Snapshot } from './snapshot.ts';

export interface WhatIf {
  readonly tenant: string;
  /** Empty or null: the bundle's default class. */
  readonly class: string | null;
  readonly profile: string | null;
  /** 0 to 100. */
  readonly risk: number;
  readonly method: string;
  readonly url: string;
}

/** The answer as the command line and the admin API print it. */
export interface WhatIfAnswer {
  readonly effect: 'allow' | 'deny';
  readonly reason: ReasonCode;
  readonly step: PrecedenceStep | null;
  readonly mode: RelayMode | null;
  readonly rule: RuleRef | null;
  readonly capability: string | null;
  readonly categories: readonly string[];
  readonly facts: readonly Fact[];
  readonly would_allow: readonly string[];
}

const TASK = 'what-if';
const SCHEMES: Readonly<Record<string, Scheme>> = { 'http:': 'http', 'https:': 'https', 'ws:': 'ws', 'wss:': 'wss' };

/** The error says what is wrong with the question. A class or profile that admission refuses is a denial. */
export function whatIf(question: WhatIf, snapshot: Snapshot, now: number): Result<WhatIfAnswer, string> {
  const asked = targetOf(question.url);
  if (!asked.ok) return asked;
  const { target, path, query } = asked.value;
  const method = question.method.toUpperCase();
  if (!/^[A-Z][A-Z0-9-]{0,31}$/.test(method)) return err(`\`${question.method}\` is not a method; try \`GET\``);
  const admission = admit({ ...question, caller: 'offline', kind: 'sandbox' }, snapshot.bundle);
  if (!admission.admitted) return ok(notAdmitted(admission.message));
  const principal: Principal = {
    task: TASK,
    tenant: question.tenant,
    class: admission.class,
    profile: admission.profile,
    risk: question.risk,
    capabilities: admission.capabilities,
    pass: TASK,
    expiresAt: now + 3_600_000,
  };
  const upgrade = target.scheme === 'ws' || target.scheme === 'wss' ? 'websocket' : '';
  const request = { principal, passProblem: null, method, target, path, query, contentType: '', upgrade };
  return ok(answerOf(decide({ ...request, resolved: null, now }, snapshot)));
}

export interface Asked {
  readonly target: Target;
  readonly path: string;
  readonly query: string;
}

/** A URL as a target. By hand and not by `URL`: hosts are read by the one parser that the gate's doors use. */
export function targetOf(text: string): Result<Asked, string> {
  const match = /^([a-z]+:)\/\/([^/?#\s\\]+)([^?#\s]*)(?:\?([^#\s]*))?(?:#\S*)?$/i.exec(text);
  const scheme = SCHEMES[match?.[1]?.toLowerCase() ?? ''];
  const authority = match?.[2];
  if (!match || !scheme || authority === undefined || authority.includes('@')) {
    return err(`\`${text}\` is not a URL of http, https, ws or wss; write for example \`https://example.com/path\``);
  }
  const split = /^(\[[^\]]*\]|[^:]*)(?::([0-9]+))?$/.exec(authority);
  const host = parseHost(split?.[1] ?? '');
  const port = split?.[2] === undefined ? defaultPort(scheme) : parsePort(split[2]);
  if (!split || !host.ok || port === null) return err(`\`${authority}\` is not a host and port; check it for typos`);
  return ok({ target: { scheme, host: host.value, port }, path: match[3] || '/', query: match[4] ?? '' });
}

function answerOf(decision: Decision): WhatIfAnswer {
  const { effect, reason, step, rule, capability, categories, facts } = decision;
  const mode = decision.effect === 'allow' ? decision.mode : null;
  const would_allow = decision.effect === 'deny' ? decision.wouldAllow : [];
  return { effect, reason, step, mode, rule, capability, categories, facts, would_allow };
}

function notAdmitted(message: string | null): WhatIfAnswer {
  return {
    effect: 'deny',
    reason: 'pass_not_admitted',
    step: 'pass_invalid',
    mode: null,
    rule: null,
    capability: null,
    categories: [],
    facts: [],
    would_allow: message === null ? [] : [message],
  };
}
