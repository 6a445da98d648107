/**
 * The question that `decide` answers: a request reduced to what rules can see. Path, query and body type are reduced
 * to the names of the predicates that hold, so that the same question can be asked again from a record that keeps no
 * clear path.
 */

import type { DecisionRequest } from '../core/decision.ts';
import { type Host, parseHost } from '../core/host.ts';
import type { CategorySource } from '../core/ports.ts';
import type { Principal } from '../core/principal.ts';
import type { Scheme } from '../core/target.ts';
import type { Bundle } from './bundle/bundle.ts';
import { lookupHost } from './bundle/host-table.ts';
import {
  AMBIGUOUS_PATH,
  isAmbiguousPath,
  type PathPattern,
  pathMatches,
  pathPredicate,
} from './bundle/path-pattern.ts';
import { shapePredicates } from './bundle/read-equivalents.ts';
import { asksResolver, RESOLVER_QUERY } from './dns-shape.ts';

export interface Question {
  readonly principal: Principal | null;
  readonly passProblem: DecisionRequest['passProblem'];
  readonly method: string;
  readonly scheme: Scheme;
  readonly host: Host;
  readonly port: number;
  /** `git-upload-pack`, `path:/v1/**`, …; sorted. */
  readonly matched: readonly string[];
  readonly upgrade: string;
  readonly addresses: readonly string[] | null;
  /** Names of the CNAME chain. */
  readonly aliases: readonly string[];
  /** Of the host and of its CNAME chain, sorted. */
  readonly categories: readonly string[];
  readonly now: number;
}

const NONE: readonly string[] = Object.freeze([]);
export const UNCATEGORISED = 'uncategorised';
/** Category of encrypted resolvers. */
const RESOLVERS = 'doh-resolvers';

export function questionOf(request: DecisionRequest, bundle: Bundle, categories: CategorySource): Question {
  const { target } = request;
  const matched = matchedPredicates(request, bundle);
  return {
    principal: request.principal,
    passProblem: request.passProblem,
    method: request.method,
    scheme: target.scheme,
    host: target.host,
    port: target.port,
    matched,
    upgrade: request.upgrade,
    addresses: request.resolved?.addresses ?? null,
    aliases: request.resolved?.cnames ?? NONE,
    categories: withShape(categoriesOf(target.host, request.resolved?.cnames ?? NONE, categories), matched),
    now: request.now,
  };
}

/** Every predicate of path, query and body type that holds; depends on the bundle's path rules for this host only. */
export function matchedPredicates(request: DecisionRequest, bundle: Bundle): readonly string[] {
  const shape = asksResolver(request) ? [...shapePredicates(request), RESOLVER_QUERY].sort() : shapePredicates(request);
  const patterns = pathPatternsFor(bundle, request.target.host.name);
  if (patterns.length === 0 || request.method === 'CONNECT') return shape;
  if (isAmbiguousPath(request.path)) return [...shape, AMBIGUOUS_PATH].sort();
  const paths = patterns.filter((p) => pathMatches(p, request.path)).map(pathPredicate);
  return paths.length === 0 ? shape : [...new Set([...shape, ...paths])].sort();
}

/** The path patterns that a decision about a host evaluates. */
export function pathPatternsFor(bundle: Bundle, host: string): readonly PathPattern[] {
  const { listed, any } = bundle.paths;
  const named = lookupHost(listed, host);
  if (any.length === 0) return named;
  return named.length === 0 ? any : [...named, ...any];
}

/** What a request is can say more than where it goes: a resolver is one on any host (T-22). */
function withShape(categories: readonly string[], matched: readonly string[]): readonly string[] {
  if (!matched.includes(RESOLVER_QUERY) || categories.includes(RESOLVERS)) return categories;
  return [...categories.filter((name) => name !== UNCATEGORISED), RESOLVERS].sort();
}

/** A CNAME target that no list names says nothing; one that a list names counts like the host itself (T-42). */
export function categoriesOf(host: Host, aliases: readonly string[], source: CategorySource): readonly string[] {
  const own = source.lookup(host);
  if (aliases.length === 0) return own;
  const all = new Set(own);
  for (const alias of aliases) {
    const parsed = parseHost(alias);
    if (!parsed.ok) continue;
    for (const category of source.lookup(parsed.value)) if (category !== UNCATEGORISED) all.add(category);
  }
  return all.size === own.length ? own : [...all].sort();
}
