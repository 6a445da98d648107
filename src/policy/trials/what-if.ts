/** One decision without an exchange: `locktender decide`, `policy explain`, contracts. Pure; resolves nothing. */

import type { Decision, DecisionRequest, RelayMode, RuleRef } from '../../core/decision.ts';
import { type Fact, fact } from '../../core/fact.ts';
import { parseHost } from '../../core/host.ts';
import type { Principal } from '../../core/principal.ts';
import type { PrecedenceStep, ReasonCode } from '../../core/reasons.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { defaultPort, parsePort, type Scheme, type Target } from '../../core/target.ts';
import { TENANT_LETTERS, TENANT_NAME } from '../../core/tenant-name.ts';
import { type Admission, admit } from '../admission/admission.ts';
import { isRelayedMethod, RELAYED_METHODS, usualMediaType } from '../bundle/read-equivalents.ts';
import { decide } from '../decide.ts';
import type { Snapshot } from '../snapshot.ts';

export interface WhatIf {
  readonly tenant: string;
  /** Empty or null: the bundle's default class. */
  readonly class: string | null;
  readonly profile: string | null;
  /** 0 to 100. */
  readonly risk: number;
  readonly method: string;
  readonly url: string;
  /** Media type of the body; without it, what the protocol of that path sends (git's, for `…/git-upload-pack`). */
  readonly contentType?: string;
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

/**
 * The error says what is wrong with the question. What a door of the gate refuses before policy is asked is a denial with
 * the door's reason, and so is a class or profile that admission refuses.
 */
export function whatIf(question: WhatIf, snapshot: Snapshot, now: number): Result<WhatIfAnswer, string> {
  const asked = targetOf(question.url);
  if (!asked.ok) return ABSOLUTE.test(question.url) ? ok(refused('target_invalid', asked.error)) : asked;
  const method = question.method.toUpperCase();
  if (!/^[A-Z][A-Z0-9-]{0,31}$/.test(method)) return err(`\`${question.method}\` is not a method; try \`GET\``);
  if (!isRelayedMethod(method)) return ok(refused('method_not_allowed', `one of ${RELAYED_METHODS.join(', ')}`));
  if (!TENANT_NAME.test(question.tenant))
    return err(`\`${question.tenant}\` is not a tenant name; use ${TENANT_LETTERS}`);
  const admission = admit({ ...question, caller: 'offline', kind: 'sandbox' }, snapshot.bundle);
  if (!admission.admitted) return ok(notAdmitted(admission, question, { asked: asked.value, snapshot }));
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
  const request = requestOf({ ...question, method }, asked.value, { principal, now });
  return ok(answerOf(decide(request, snapshot)));
}

/** Such a text is a URL, if a bad one. */
const ABSOLUTE = /^[a-z][a-z0-9+.-]*:\/\/[^/]/i;

function requestOf(
  { method, contentType }: Pick<WhatIf, 'method' | 'contentType'>,
  { target, path, query }: Asked,
  of: Pick<DecisionRequest, 'principal' | 'now'>,
): DecisionRequest {
  const common = { ...of, passProblem: null, method, resolved: null };
  // What is asked of a CONNECT is the tunnel; what goes through it is not known yet.
  if (method === 'CONNECT') {
    const tunnel: Target = { ...target, scheme: 'tcp' };
    return { ...common, target: tunnel, path: '', query: '', contentType: '', upgrade: '' };
  }
  const upgrade = target.scheme === 'ws' || target.scheme === 'wss' ? 'websocket' : '';
  return { ...common, target, path, query, contentType: contentType ?? usualMediaType(method, path), upgrade };
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
  // Not repeated in the message: what stands there is a password.
  if (authority?.includes('@')) return err('the URL names a user; leave out what stands before the `@`');
  if (!match || !scheme || authority === undefined) {
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

function notAdmitted(
  { class: asked, message }: Admission,
  { tenant }: WhatIf,
  of: { readonly asked: Asked; readonly snapshot: Snapshot },
): WhatIfAnswer {
  const { bundle, categories: source } = of.snapshot;
  const { host } = of.asked.target;
  const categories = source.lookup(host);
  const facts = [fact('bundle', bundle.digest), fact('class', asked), fact('host', host.name), fact('tenant', tenant)];
  for (const category of categories) facts.push(fact('category', category));
  const answer = refused('pass_not_admitted', message ?? '');
  return { ...answer, step: 'pass_invalid', categories, facts: facts.sort() };
}

/** What policy was not asked about, and what would have to be asked instead. */
function refused(reason: ReasonCode, remedy: string): WhatIfAnswer {
  const would_allow = remedy === '' ? [] : [remedy];
  const nothing = { step: null, mode: null, rule: null, capability: null, categories: [], facts: [] };
  return { effect: 'deny', reason, ...nothing, would_allow };
}
