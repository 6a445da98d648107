/**
 * What a grant may not say although each of its words is known: contradictions, and rights so wide that they are a
 * catch-all. Checked when policy is loaded, not when a kept bundle is compiled again for replay.
 */

import type { Problem } from '../../core/result.ts';
import type { Capability, Grant } from './capability.ts';
import { type HostPattern, hostMatches } from './host-pattern.ts';
import { scopeText } from './host-scope.ts';

/** Widest private destination, in bits of the address: a whole private network, not every address. */
const WIDEST = { 4: 8, 6: 16 } as const;

export function capabilityProblems(capability: Capability, defaultBlocked: ReadonlySet<string>): Problem[] {
  const { name, grants, privateDestinations, kind } = capability;
  const out = grants.flatMap((grant) => grantProblems(capability, grant, defaultBlocked));
  const say = (message: string) => out.push({ file: capability.file, line: capability.line, column: 1, message });
  if (kind === 'net' && grants.length === 0) say(`capability \`${name}\` grants nothing; add a grant or remove it`);
  for (const { cidr } of privateDestinations) {
    if (cidr === null || cidr.bits >= WIDEST[cidr.ip.family]) continue;
    say(`capability \`${name}\`: a private destination of ${cidr.bits} bits is a catch-all; name a network`);
  }
  const seen = new Map<string, Grant>();
  for (const grant of grants) {
    const { id: _, line: __, ...said } = grant;
    const key = JSON.stringify(said);
    const before = seen.get(key);
    if (before) out.push(at(grant, `the grant says the same as the one on line ${before.line}; remove one`));
    seen.set(key, grant);
  }
  return out;
}

function grantProblems({ name, inspect }: Capability, grant: Grant, defaultBlocked: ReadonlySet<string>): Problem[] {
  const clauses: string[] = [];
  const writes = grant.methods === 'write';
  if (writes && grant.hosts.kind === 'any_public') {
    clauses.push('writing to any public host is a catch-all; list `hosts`, or use `approved_domains`');
  }
  if (writes && name.startsWith('net.read.')) {
    clauses.push(`\`${name}\` is named a read and grants writing; name it \`net.write.…\` or use \`methods: read\``);
  }
  if (!writes && grant.websocket) clauses.push('a WebSocket is a way to write; remove `websocket` or grant writing');
  if (inspect === 'never' && looksAtPaths(grant)) {
    clauses.push('no path is seen with `inspect: never`, so the grant is unreachable; remove one of them');
  }
  if (new Set(grant.ports).size < grant.ports.length) clauses.push('a port is listed twice; remove one');
  clauses.push(...categoryClauses(grant, defaultBlocked), ...hostClauses(grant));
  return clauses.map((clause) => at(grant, clause));
}

function* categoryClauses(grant: Grant, defaultBlocked: ReadonlySet<string>): Generator<string> {
  const { allow, exclude, despite } = grant.categories;
  for (const id of allow) {
    if (exclude.includes(id)) yield `category \`${id}\` is both in \`allow\` and in \`exclude\`; remove one`;
    else if (defaultBlocked.has(id) && !despite.includes(id)) {
      yield `category \`${id}\` is blocked by default, so allowing it is unreachable; add it to \`despite\``;
    }
  }
  for (const id of despite) {
    if (exclude.includes(id)) yield `category \`${id}\` is both in \`despite\` and in \`exclude\`; remove one`;
    if (!defaultBlocked.has(id)) yield `category \`${id}\` is not blocked by default; remove it from \`despite\``;
  }
  for (const use of grant.readEquivalents) {
    if (use.categories.length === 0 || use.categories.some((id) => !exclude.includes(id))) continue;
    yield `read equivalent \`${use.name}\` is unreachable: its categories are excluded; remove one of them`;
  }
}

function looksAtPaths({ paths, hosts }: Grant): boolean {
  return paths.length > 0 || (hosts.kind === 'listed' && hosts.scopes.some((scope) => scope.paths.length > 0));
}

function* hostClauses({ hosts }: Grant): Generator<string> {
  if (hosts.kind !== 'listed') return;
  const seen = new Set<string>();
  const whole = hosts.scopes.filter((scope) => scope.paths.length === 0);
  const wide = whole.map(({ pattern }) => pattern).filter((pattern) => pattern.kind === 'below');
  for (const scope of hosts.scopes) {
    const { pattern } = scope;
    const text = scopeText(scope);
    if (seen.has(text)) yield `host \`${text}\` is listed twice; remove one`;
    seen.add(text);
    const over =
      wide.find((other) => other !== pattern && hostMatches(other, pattern.name)) ??
      (scope.paths.length > 0 ? whole.find((other) => textOf(other.pattern) === textOf(pattern))?.pattern : undefined);
    if (over) yield `host \`${text}\` is unreachable behind \`${textOf(over)}\`; remove one`;
  }
}

export function textOf({ kind, name }: HostPattern): string {
  return kind === 'below' ? `*.${name}` : name;
}

function at({ file, line }: { readonly file: string; readonly line: number }, message: string): Problem {
  return { file, line, column: 1, message };
}
