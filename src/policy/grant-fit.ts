/** Which grants of a task fit a question, narrowed step by step; each narrowing is one reason for a denial. */

import { classifyAddress, inCidr, parseIp } from '../core/ip-address.ts';
import type { ApprovedDomain } from './bundle/approved-domains.ts';
import type { Bundle } from './bundle/bundle.ts';
import type { Capability, Grant } from './bundle/capability.ts';
import { approvalsOf, type Candidate, candidatesFor, type GrantIndex } from './bundle/grant-index.ts';
import { hostMatches } from './bundle/host-pattern.ts';
import { type PathPattern, pathPredicate } from './bundle/path-pattern.ts';
import { readsByItself } from './bundle/read-equivalents.ts';
import type { Question } from './question.ts';

/** Grants that fit the question, whoever holds them, most specific first. */
export function* fittingGrants(
  q: Question,
  bundle: Bundle,
  index: GrantIndex,
  approvals: () => readonly ApprovedDomain[] = () =>
    approvalsOf(bundle.approved, q.principal?.tenant ?? '', q.host.name),
): Generator<Candidate> {
  for (const candidate of candidatesFor(index, q.host.name, q.categories, approvals)) {
    if (scopeFits(candidate, q) && grantFits(candidate.grant, q)) yield candidate;
  }
}

/** The paths of the host that were granted; a tunnel shows none, so it opens none of them. */
function scopeFits({ paths, capability }: Candidate, q: Question): boolean {
  if (paths.length === 0) return true;
  if (q.method === 'CONNECT') return capability.inspect !== 'never';
  return anyMatched(paths, q);
}

function anyMatched(paths: readonly PathPattern[], q: Question): boolean {
  return paths.some((path) => q.matched.includes(pathPredicate(path)));
}

/** Port, categories, path, then what is done. */
export function grantFits(grant: Grant, q: Question): boolean {
  if (!grant.ports.includes(q.port)) return false;
  const { allow, exclude } = grant.categories;
  if (exclude.length > 0 && q.categories.some((c) => exclude.includes(c))) return false;
  if (allow.length > 0 && !q.categories.some((c) => allow.includes(c))) return false;
  if (q.method === 'CONNECT') return true;
  if (grant.paths.length > 0 && !anyMatched(grant.paths, q)) return false;
  return actFits(grant, q);
}

function actFits(grant: Grant, q: Question): boolean {
  if (q.upgrade !== '') return grant.websocket && grant.methods === 'write' && q.upgrade === 'websocket';
  const reads = readsByItself(q);
  if (grant.methods === 'write') return !reads;
  return reads || readsByProtocol(grant, q);
}

function readsByProtocol(grant: Grant, q: Question): boolean {
  return grant.readEquivalents.some(
    (use) =>
      q.matched.includes(use.name) &&
      (use.categories.length === 0 || use.categories.some((c) => q.categories.includes(c))),
  );
}

/** Addresses of the question (its own literal and what it resolved to) that are not public. */
export function forbiddenAddresses(q: Question): readonly string[] {
  const all = q.host.ip ? [q.host.name, ...(q.addresses ?? [])] : (q.addresses ?? []);
  return all.filter((text) => {
    const ip = parseIp(text);
    return ip === null || classifyAddress(ip) !== 'public';
  });
}

/** True when the capability's file names every one of these addresses as a private destination. */
export function permitsAddresses(capability: Capability, host: string, addresses: readonly string[]): boolean {
  return addresses.every((text) => {
    const ip = parseIp(text);
    if (!ip) return false;
    const metadata = classifyAddress(ip) === 'metadata';
    return capability.privateDestinations.some((entry) =>
      entry.cidr
        ? inCidr(ip, entry.cidr) && (!metadata || entry.cidr.bits === ip.bytes.length * 8)
        : !metadata && namesHost(entry.host, host),
    );
  });
}

function namesHost(pattern: Capability['privateDestinations'][number]['host'], host: string): boolean {
  return pattern !== null && hostMatches(pattern, host);
}
