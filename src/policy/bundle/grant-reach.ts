/**
 * What of a grant no request can reach, although nothing in it contradicts itself: hosts that its categories leave out, that
 * never resolve, or that are private and not named as such; words that another word covers already. `policy check` refuses
 * them; a running appliance loads them, because they open nothing.
 */

import { parse } from 'tldts';
import { type Host, parseHost } from '../../core/host.ts';
import { classifyAddress, inCidr, ipText } from '../../core/ip-address.ts';
import type { CategorySource } from '../../core/ports.ts';
import type { Problem } from '../../core/result.ts';
import { permitsAddresses } from '../grant-fit.ts';
import type { ApprovedDomain } from './approved-domains.ts';
import type { Capability, Grant, PrivateDestination } from './capability.ts';
import { type HostPattern, hostMatches } from './host-pattern.ts';
import { type PathPattern, pathMatches } from './path-pattern.ts';

export function grantReach(capability: Capability, categories: CategorySource): Problem[] {
  const { grants, file, line, name } = capability;
  const clauses = grants.flatMap((grant, i) =>
    [...grantClauses(capability, grant, grants.slice(0, i), categories)].map((message) => ({
      message,
      line: grant.line,
    })),
  );
  const about = [...privateClauses(capability)].map((said) => ({ message: `capability \`${name}\`: ${said}`, line }));
  return [...clauses, ...about].map((said) => ({ file, column: 1, ...said }));
}

/** The same of what tenants had approved; `able` are the capabilities that such approvals can stand behind. */
export function approvalReach(
  domain: ApprovedDomain,
  able: readonly Capability[],
  categories: CategorySource,
): string[] {
  const host = exactHost(domain.pattern);
  if (!host) return [];
  const found = categories.lookup(host);
  return [
    ...hostClauses(host, able),
    ...domain.despite
      .filter((id) => !found.includes(id))
      .map((id) => `host \`${host.name}\` is not in category \`${id}\`; remove it from \`despite\``),
  ];
}

function* grantClauses(
  capability: Capability,
  grant: Grant,
  before: readonly Grant[],
  categories: CategorySource,
): Generator<string> {
  const { hosts, readEquivalents, methods, paths } = grant;
  const { allow, exclude, despite } = grant.categories;
  const names = readEquivalents.map((use) => use.name);
  const twice = [...repeated([...allow]), ...repeated([...exclude]), ...repeated([...despite]), ...repeated(names)];
  for (const word of [...twice, ...repeated(paths.map(({ text }) => text))])
    yield `\`${word}\` is listed twice; remove one`;
  yield* pathClauses(paths);
  if (methods === 'write' && names.length > 0) yield 'a read equivalent in a grant of writing adds nothing; remove it';
  if (capability.inspect === 'never' && names.length > 0)
    yield 'no path is seen with `inspect: never`, so its read equivalents are unreachable; remove them';
  const wider = before.find((other) => covers(other, grant));
  if (wider) yield `the grant on line ${wider.line} covers all of this one; remove it`;
  if (hosts.kind !== 'listed') return;
  for (const { pattern } of hosts.scopes) {
    const host = exactHost(pattern);
    if (!host) continue;
    yield* hostClauses(host, [capability]);
    const found = categories.lookup(host);
    const out = found.find((id) => exclude.includes(id));
    if (out !== undefined)
      yield `host \`${host.name}\` is unreachable: its category \`${out}\` is excluded; remove one`;
    else if (allow.length > 0 && !found.some((id) => allow.includes(id)))
      yield `host \`${host.name}\` is unreachable: it is in none of the categories allowed; remove one`;
  }
}

/** What no resolver answers for, and private addresses that none of the capabilities names. */
function* hostClauses(host: Host, able: readonly Capability[]): Generator<string> {
  const { name } = host;
  const { isIcann, publicSuffix } = parse(name, { allowPrivateDomains: false });
  if (isIcann && publicSuffix === name) yield `host \`${name}\` is a registry's suffix; name what stands below it`;
  if (/(^|\.)(invalid|onion)$/.test(name)) yield `host \`${name}\` is unreachable: such names never resolve; remove it`;
  const local = /(^|\.)localhost$/.test(name);
  if (!local && (!host.ip || classifyAddress(host.ip) === 'public')) return;
  const addresses = local ? ['127.0.0.1'] : [name];
  if (!able.some((capability) => permitsAddresses(capability, name, addresses)))
    yield `host \`${name}\` is unreachable: it is not public, and \`private_destinations\` does not name it; add it there`;
}

function* pathClauses(paths: readonly PathPattern[]): Generator<string> {
  for (const path of paths) {
    const over = paths.find(
      (other) => other.text !== path.text && other.open && !path.open && pathMatches(other, path.text),
    );
    if (over) yield `path \`${path.text}\` is unreachable behind \`${over.text}\`; remove one`;
  }
}

function* privateClauses({ kind, grants, privateDestinations }: Capability): Generator<string> {
  if (kind !== 'net' && privateDestinations.length > 0) yield 'it is no network right; remove `private_destinations`';
  const texts = privateDestinations.map(destinationText);
  for (const text of repeated(texts)) yield `private destination \`${text}\` is listed twice; remove one`;
  for (const destination of privateDestinations) {
    const { cidr, host } = destination;
    const text = destinationText(destination);
    if (cidr?.ip.bytes.some((byte, i) => (byte & hostBits(cidr.bits, i)) !== 0))
      yield `private destination \`${text}\` has bits set behind its prefix; write the network`;
    const wider =
      cidr && privateDestinations.find((other) => other !== destination && other.cidr && within(destination, other));
    if (wider && destinationText(wider) !== text)
      yield `private destination \`${text}\` lies within \`${destinationText(wider)}\`; remove one`;
    if (host && kind === 'net' && !grants.some((grant) => mayName(grant, host)))
      yield `private destination \`${text}\` is named by no grant of it, so it is unreachable; remove it`;
  }
}

function within({ cidr }: PrivateDestination, { cidr: wide }: PrivateDestination): boolean {
  return cidr !== null && wide !== null && wide.bits < cidr.bits && inCidr(cidr.ip, wide);
}

/** Bits of the byte at `i` that stand behind a prefix. */
function hostBits(bits: number, i: number): number {
  return 0xff >> Math.max(0, Math.min(8, bits - i * 8));
}

function destinationText({ cidr, host }: PrivateDestination): string {
  if (cidr) return `${ipText(cidr.ip)}/${cidr.bits}`;
  return host === null ? '' : `${host.kind === 'below' ? '*.' : ''}${host.name}`;
}

function mayName({ hosts }: Grant, destination: HostPattern): boolean {
  if (hosts.kind !== 'listed') return true;
  return hosts.scopes.some(
    ({ pattern }) =>
      (pattern.name === destination.name && pattern.kind === destination.kind) ||
      hostMatches(destination, pattern.name) ||
      hostMatches(pattern, destination.name),
  );
}

/** True when whatever the second grants, the first does. */
export function covers(wide: Grant, narrow: Grant): boolean {
  const within = <T>(all: readonly T[], some: readonly T[]) => some.every((one) => all.includes(one));
  const { categories: w, hosts } = wide;
  const { categories: n } = narrow;
  if (wide.methods !== narrow.methods || (narrow.websocket && !wide.websocket)) return false;
  if (!within(wide.ports, narrow.ports) || !within(w.despite, n.despite) || !within(n.exclude, w.exclude)) return false;
  if (w.allow.length > 0 && (n.allow.length === 0 || !within(w.allow, n.allow))) return false;
  const texts = (grant: Grant) => grant.paths.map(({ text }) => text);
  if (wide.paths.length > 0 && (narrow.paths.length === 0 || !within(texts(wide), texts(narrow)))) return false;
  const uses = (grant: Grant) => grant.readEquivalents.map((use) => JSON.stringify(use));
  if (!within(uses(wide), uses(narrow))) return false;
  if (hosts.kind === 'any_public') return narrow.hosts.kind !== 'approved';
  if (hosts.kind !== 'listed' || narrow.hosts.kind !== 'listed') return false;
  const scopes = (grant: Grant) =>
    grant.hosts.kind === 'listed' ? grant.hosts.scopes.map((s) => JSON.stringify(s)) : [];
  return within(scopes(wide), scopes(narrow));
}

function repeated(words: readonly string[]): string[] {
  return [...new Set(words.filter((word, i) => words.indexOf(word) !== i))];
}

function exactHost({ kind, name }: HostPattern): Host | null {
  if (kind === 'below') return null;
  const host = parseHost(name.includes(':') ? `[${name}]` : name);
  return host.ok ? host.value : null;
}
