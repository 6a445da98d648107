/**
 * What compiles and is still wrong. `soundness` is refused wherever policy is loaded; `reachability` is what `policy
 * check` refuses besides; `unused` is worth saying and no fault: a capability is often written before its profile.
 */

import { parseHost } from '../../core/host.ts';
import type { CategorySource } from '../../core/ports.ts';
import type { Problem } from '../../core/result.ts';
import { admissionProblems } from '../admission/admission-soundness.ts';
import type { ApprovedDomain, ApprovedFile } from './approved-domains.ts';
import type { Bundle } from './bundle.ts';
import { bundleFileKind } from './bundle.ts';
import type { Grant } from './capability.ts';
import { contractProblems } from './contract-check.ts';
import { approvalReach, grantReach } from './grant-reach.ts';
import { capabilityProblems, textOf } from './grant-soundness.ts';
import { type HostPattern, hostMatches } from './host-pattern.ts';
import { scopeText } from './host-scope.ts';
import type { Profile } from './profile.ts';

/** Contradictions and catch-alls. */
export function soundness(bundle: Bundle): Problem[] {
  return [
    ...[...bundle.capabilities.values()].flatMap((c) => capabilityProblems(c, bundle.defaultBlocked)),
    ...admissionProblems(bundle.admission, bundle.classes.byName),
    ...approvalConflicts(bundle.approvedFiles),
  ];
}

/** Grants and approvals that no request can use, limits that no task can meet, and contracts that cannot be kept. */
export function reachability(bundle: Bundle, categories: CategorySource): Problem[] {
  const grants = [...bundle.capabilities.values()].flatMap((c) => c.grants);
  return [
    ...grants.flatMap((grant) => blockedHosts(grant, bundle, categories)),
    ...[...bundle.capabilities.values()].flatMap((capability) => grantReach(capability, categories)),
    ...bundle.approvedFiles.flatMap((file) => approvedReach(file, bundle, categories)),
    ...bundle.approvedFiles.flatMap(({ domains }) => domains.flatMap((d) => blockedApproval(d, bundle, categories))),
    ...contractProblems(bundle),
    ...[...bundle.profiles.values()].flatMap(limitProblems),
  ];
}

/** Capabilities that no profile holds and profiles that no class offers. */
export function unused({ capabilities, profiles, classes }: Bundle): Problem[] {
  const held = new Set([...profiles.values()].flatMap((p) => p.capabilities));
  const offered = new Set([...classes.byName.values()].flatMap((c) => c.profiles));
  const loose = [...capabilities.values()].filter((c) => !held.has(c.name));
  const idle = [...profiles.values()].filter((p) => !offered.has(p.name));
  return [
    ...loose.map((c) => ({ ...placeOf(c), message: `capability \`${c.name}\` is held by no profile` })),
    ...idle.map((p) => ({ ...placeOf(p), message: `profile \`${p.name}\` is offered by no class` })),
  ];
}

/** Code runs on one core, so that it has never used more of it than time went by. */
function limitProblems({ limits, file, cpuLine }: Profile): Problem[] {
  const { cpuMs, wallMs } = limits;
  if (cpuMs <= wallMs) return [];
  const message = `\`cpu_ms\` of ${cpuMs} is out of reach behind \`wall_ms\` of ${wallMs}; lower it, or raise \`wall_ms\``;
  return [{ file, line: cpuLine, column: 1, message }];
}

/** Files in folders, or of names, that nothing reads: a misspelt folder or extension would otherwise be silence. */
export function strayFiles(paths: readonly string[]): Problem[] {
  return paths
    .filter((path) => bundleFileKind(path) === null && !/^(dlp|tools)\/.*\.ya?ml$|\.md$/.test(path))
    .map((path) => ({ file: path, line: 0, column: 0, message: 'nothing reads this file; move it or remove it' }));
}

function approvalConflicts(files: readonly ApprovedFile[]): Problem[] {
  const seen = new Map<string, ApprovedDomain>();
  const out: Problem[] = [];
  for (const { tenants, domains } of files) {
    for (const domain of domains) {
      for (const tenant of tenants ?? ['all']) {
        const key = `${tenant} ${scopeText(domain)}`;
        const before = seen.get(key);
        seen.set(key, before ?? domain);
        if (!before) continue;
        const host = scopeText(domain);
        const where = `${before.file}:${before.line}`;
        out.push({ ...placeOf(domain), message: `host \`${host}\` is approved at ${where} too; remove one` });
      }
    }
  }
  return out;
}

function approvedReach({ tenants, domains }: ApprovedFile, bundle: Bundle, categories: CategorySource): Problem[] {
  const able = bundle.grants.approved.map(({ capability }) => capability);
  const owners = (file: ApprovedFile) => file.tenants ?? ['all'];
  const same = bundle.approvedFiles.filter(
    (file) => file.tenants === null || tenants?.some((t) => owners(file).includes(t)),
  );
  const wide = same.flatMap((file) => file.domains).filter(({ pattern }) => pattern.kind === 'below');
  return domains.flatMap((domain) => {
    const behind = wide.find((other) => hostMatches(other.pattern, domain.pattern.name) && opensAsMuch(other, domain));
    const host = scopeText(domain);
    const shadow = behind ? [`host \`${host}\` is approved by \`${scopeText(behind)}\` too; remove one`] : [];
    const unblocked = domain.despite
      .filter((id) => !bundle.defaultBlocked.has(id))
      .map((id) => `category \`${id}\` is not blocked by default; remove it from \`despite\``);
    return [...shadow, ...unblocked, ...approvalReach(domain, able, categories)].map((message) => ({
      ...placeOf(domain),
      message,
    }));
  });
}

function opensAsMuch(wide: ApprovedDomain, narrow: ApprovedDomain): boolean {
  const reaches = wide.access === 'write' || narrow.access === 'read';
  return reaches && wide.paths.length === 0 && narrow.despite.every((id) => wide.despite.includes(id));
}

function blockedHosts(grant: Grant, bundle: Bundle, categories: CategorySource): Problem[] {
  if (grant.hosts.kind !== 'listed') return [];
  return grant.hosts.scopes.flatMap(({ pattern }) =>
    blocked(pattern, grant.categories.despite, grant, bundle, categories),
  );
}

function blockedApproval(domain: ApprovedDomain, bundle: Bundle, categories: CategorySource): Problem[] {
  return blocked(domain.pattern, domain.despite, domain, bundle, categories);
}

/** A host that the taxonomy blocks is out of reach unless the grant says that it knows. */
function blocked(
  pattern: HostPattern,
  despite: readonly string[],
  place: { readonly file: string; readonly line: number },
  ...[bundle, categories]: [Bundle, CategorySource]
): Problem[] {
  const host = parseHost(pattern.name.includes(':') ? `[${pattern.name}]` : pattern.name);
  if (!host.ok || pattern.kind === 'below') return [];
  const stops = categories.lookup(host.value).filter((id) => bundle.defaultBlocked.has(id) && !despite.includes(id));
  return stops.map((id) => ({
    ...placeOf(place),
    message: `host \`${textOf(pattern)}\` is unreachable: category \`${id}\` is blocked by default; add it to \`despite\``,
  }));
}

function placeOf({ file, line }: { readonly file: string; readonly line: number }) {
  return { file, line, column: 1 };
}
