/**
 * Grants by what they apply to. A request looks at the grants that name its host, the approved domains of its tenant,
 * its categories and the few that name any host: its cost does not grow with grants that do not apply.
 */

import type { ApprovedDomain, ApprovedFile } from './approved-domains.ts';
import type { Capability, Grant } from './capability.ts';
import { type HostTable, hostTable, lookupHost } from './host-table.ts';
import type { PathPattern } from './path-pattern.ts';

/** A grant that covers a host, and the taxonomy defaults that it (with the approval behind it) sets aside. */
export interface Candidate {
  readonly grant: Grant;
  readonly capability: Capability;
  readonly despite: readonly string[];
  /** The approval behind it, for explanations. */
  readonly approval: ApprovedDomain | null;
  /** Of the host, only these; empty: every path. The grant's own `paths` hold besides. */
  readonly paths: readonly PathPattern[];
}

export interface GrantIndex {
  readonly listed: HostTable<Candidate>;
  readonly approved: readonly Candidate[];
  /** Any host, but only in these categories. */
  readonly byCategory: ReadonlyMap<string, readonly Candidate[]>;
  readonly any: readonly Candidate[];
}

export interface ApprovedIndex {
  readonly everyone: HostTable<ApprovedDomain>;
  readonly byTenant: ReadonlyMap<string, HostTable<ApprovedDomain>>;
}

/** Path patterns of the whole bundle by the hosts they are asked of; evaluated whatever the task holds. */
export interface PathIndex {
  readonly listed: HostTable<PathPattern>;
  readonly any: readonly PathPattern[];
}

const NONE: readonly PathPattern[] = Object.freeze([]);

export function indexGrants(capabilities: Iterable<Capability>): GrantIndex {
  const all = [...capabilities].flatMap((capability) =>
    capability.grants.map((grant) => ({
      grant,
      capability,
      despite: grant.categories.despite,
      approval: null,
      paths: NONE,
    })),
  );
  const listed = all.flatMap((c) =>
    c.grant.hosts.kind === 'listed'
      ? c.grant.hosts.scopes.map(({ pattern, paths }) => [pattern, paths.length === 0 ? c : { ...c, paths }] as const)
      : [],
  );
  const open = all.filter((c) => c.grant.hosts.kind === 'any_public');
  const byCategory = new Map<string, Candidate[]>();
  for (const candidate of open) {
    for (const category of candidate.grant.categories.allow) {
      byCategory.set(category, [...(byCategory.get(category) ?? []), candidate]);
    }
  }
  return {
    listed: hostTable(listed),
    approved: all.filter((c) => c.grant.hosts.kind === 'approved'),
    byCategory,
    any: open.filter((c) => c.grant.categories.allow.length === 0),
  };
}

export function indexApproved(files: readonly ApprovedFile[]): ApprovedIndex {
  const rows = (of: readonly ApprovedFile[]) => of.flatMap((f) => f.domains.map((d) => [d.pattern, d] as const));
  const tenants = new Set(files.flatMap((f) => f.tenants ?? []));
  return {
    everyone: hostTable(rows(files.filter((f) => f.tenants === null))),
    byTenant: new Map(
      [...tenants].map((t) => [t, hostTable(rows(files.filter((f) => f.tenants?.includes(t))))] as const),
    ),
  };
}

export function indexPaths(capabilities: Iterable<Capability>, approved: readonly ApprovedFile[]): PathIndex {
  const grants = [...capabilities].flatMap((c) => c.grants);
  const listed = grants.flatMap(({ hosts, paths: own }) =>
    hosts.kind === 'listed'
      ? hosts.scopes.flatMap(({ pattern, paths }) => [...own, ...paths].map((path) => [pattern, path] as const))
      : [],
  );
  const approvals = approved.flatMap(({ domains }) =>
    domains.flatMap(({ pattern, paths }) => paths.map((path) => [pattern, path] as const)),
  );
  const any = grants.filter((g) => g.hosts.kind !== 'listed').flatMap((g) => g.paths);
  return { listed: hostTable([...listed, ...approvals]), any };
}

/** Approvals of a host for a tenant, exact ones first. */
export function approvalsOf(index: ApprovedIndex, tenant: string, host: string): readonly ApprovedDomain[] {
  const own = index.byTenant.get(tenant);
  const everyone = lookupHost(index.everyone, host);
  const mine = own ? lookupHost(own, host) : [];
  if (mine.length === 0) return everyone;
  return everyone.length === 0 ? mine : [...mine, ...everyone];
}

/** Every grant that covers the host, most specific first: named, wildcard, approved, by category, any. */
export function* candidatesFor(
  index: GrantIndex,
  host: string,
  categories: readonly string[],
  approvals: () => readonly ApprovedDomain[],
): Generator<Candidate> {
  yield* lookupHost(index.listed, host);
  if (index.approved.length > 0) {
    const found = approvals();
    for (const candidate of index.approved) yield* approvedCandidates(candidate, found);
  }
  const seen = new Set<Candidate>();
  for (const category of categories) {
    for (const candidate of index.byCategory.get(category) ?? []) {
      if (!seen.has(candidate)) yield candidate;
      seen.add(candidate);
    }
  }
  yield* index.any;
}

function* approvedCandidates(candidate: Candidate, approvals: readonly ApprovedDomain[]): Generator<Candidate> {
  const { hosts, methods } = candidate.grant;
  if (hosts.kind !== 'approved') return;
  for (const approval of approvals) {
    if (approval.pattern.kind === 'below' && !hosts.wildcards) continue;
    if (methods === 'write' && approval.access !== 'write') continue;
    const { paths } = approval;
    yield approval.despite.length === 0
      ? { ...candidate, approval, paths }
      : { ...candidate, approval, paths, despite: [...candidate.despite, ...approval.despite] };
  }
}
