/**
 * Learn: the least capabilities and domains that would have sufficed for what was recorded, for one tenant and class at
 * a time. What one tenant did never widens what is proposed for another. A proposal is files to review, never a change.
 */

import type { DecisionEvent } from '../../core/event.ts';
import { sha256Hex } from '../../core/sha256.ts';
import type { Bundle } from '../bundle/bundle.ts';
import { textOf } from '../bundle/grant-soundness.ts';
import { READ_EQUIVALENTS, readsByItself } from '../bundle/read-equivalents.ts';

export interface LearntHost {
  readonly host: string;
  readonly access: 'read' | 'write';
  readonly requests: number;
}

export interface Proposal {
  readonly tenant: string;
  readonly class: string;
  readonly profile: string;
  /** Allowed requests that it was learnt from. */
  readonly requests: number;
  /** Hosts to be approved, beyond those that are. */
  readonly hosts: readonly LearntHost[];
  readonly needed: readonly string[];
  /** Of the profile's capabilities, those that nothing used once the hosts are approved. */
  readonly unused: readonly string[];
  /** Asked for and denied for want of a grant: for a person to judge, never proposed. */
  readonly denied: readonly { readonly host: string; readonly method: string; readonly requests: number }[];
  /** New files, relative to the rules directory. */
  readonly files: readonly { readonly path: string; readonly text: string }[];
}

const READ = 'net.read.approved-domains';
const WRITE = 'net.write.approved-domains';
/** Capabilities that an approval of the host can stand for. */
const BY_APPROVAL = new Set(['net.read.public', READ, WRITE]);
const MAX_HOSTS = 20_000;

interface Seen {
  readonly tenant: string;
  readonly class: string;
  profile: string;
  requests: number;
  readonly hosts: Map<string, { access: 'read' | 'write'; requests: number }>;
  readonly capabilities: Set<string>;
  readonly denied: Map<string, number>;
}

export class Learner {
  readonly #seen = new Map<string, Seen>();

  see(event: DecisionEvent): void {
    const { tenant, input, capability } = event;
    if (tenant === null || input.class === null || input.host === null || input.profile === null) return;
    // A CONNECT whose inside was seen is decided again by each request in it.
    if (input.method === 'CONNECT' && event.effect === 'allow' && event.mode !== 'tunnel') return;
    const of = this.#of(tenant, input.class);
    of.profile = input.profile;
    if (event.effect === 'deny') {
      if (event.reason === 'default_deny') bump(of.denied, input);
      return;
    }
    if (capability === null) return;
    of.requests += 1;
    if (!BY_APPROVAL.has(capability)) {
      of.capabilities.add(capability);
      return;
    }
    const access = isRead(event) ? 'read' : 'write';
    const known = of.hosts.get(input.host) ?? { access: 'read', requests: 0 };
    if (of.hosts.size >= MAX_HOSTS && known.requests === 0) return;
    known.requests += 1;
    if (access === 'write') known.access = 'write';
    of.hosts.set(input.host, known);
    of.capabilities.add(access === 'write' ? WRITE : READ);
  }

  /** By tenant and class. */
  proposals(bundle: Bundle): readonly Proposal[] {
    const all = [...this.#seen].sort(([a], [b]) => (a < b ? -1 : 1));
    return all.filter(([, of]) => of.requests > 0 || of.denied.size > 0).map(([, of]) => proposalOf(of, bundle));
  }

  #of(tenant: string, name: string): Seen {
    const key = `${tenant}\n${name}`;
    const known = this.#seen.get(key) ?? {
      tenant,
      class: name,
      profile: '',
      requests: 0,
      hosts: new Map(),
      capabilities: new Set(),
      denied: new Map(),
    };
    this.#seen.set(key, known);
    return known;
  }
}

function isRead({ input }: DecisionEvent): boolean {
  if (input.upgrade !== null) return false;
  if (input.method === 'CONNECT' || readsByItself(input)) return true;
  return input.matched.some((name) => (READ_EQUIVALENTS as readonly string[]).includes(name));
}

function proposalOf(of: Seen, bundle: Bundle): Proposal {
  const approved = approvedFor(of.tenant, bundle);
  const rows = [...of.hosts].map(([host, { access, requests }]) => ({ host, access, requests }));
  const hosts = rows
    .filter(({ host, access }) => approved.get(host) !== 'write' && approved.get(host) !== access)
    .sort((a, b) => (a.host < b.host ? -1 : 1));
  const needed = [...of.capabilities].sort();
  const held = bundle.profiles.get(of.profile)?.capabilities ?? [];
  const unused = held.filter((name) => name.startsWith('net.') && !of.capabilities.has(name));
  const denied = [...of.denied].map(([key, requests]) => {
    const [method = '', host = ''] = key.split(' ');
    return { host, method, requests };
  });
  const { tenant, class: name, profile, requests } = of;
  const files = filesOf(of, hosts, { needed, unused }, bundle);
  return { tenant, class: name, profile, requests, hosts, needed, unused, denied, files };
}

function approvedFor(tenant: string, bundle: Bundle): ReadonlyMap<string, 'read' | 'write'> {
  const files = bundle.approvedFiles.filter(({ tenants }) => tenants === null || tenants.includes(tenant));
  return new Map(files.flatMap(({ domains }) => domains.map((d) => [textOf(d.pattern), d.access] as const)));
}

function filesOf(
  { tenant, class: name, profile, requests }: Seen,
  hosts: readonly LearntHost[],
  { unused }: { readonly needed: readonly string[]; readonly unused: readonly string[] },
  bundle: Bundle,
): Proposal['files'] {
  const slug = slugOf(tenant, name);
  const note = `# Learnt from ${requests} allowed requests of class ${name} by tenant ${tenant}; review before use.\n`;
  const rows = hosts.map(({ host, access }) => `  - { host: '${host}', access: ${access} }\n`).join('');
  const domains = {
    path: `policy/approved-domains/${slug}-learnt.yaml`,
    text: `${note}version: 1\ntenants: ['${tenant}']\ndomains:\n${rows}`,
  };
  const source = bundle.files.find((file) => file.path === bundle.profiles.get(profile)?.file);
  const least = source && {
    path: `profiles/${slug}-least.yaml`,
    text: note + withoutCapabilities(source.text, unused).replace(/^name:.*$/m, `name: ${slug}-least`),
  };
  return [...(hosts.length > 0 ? [domains] : []), ...(least && unused.length > 0 ? [least] : [])];
}

/** A profile's name; where another pair could be written so too, with what tells them apart. */
function slugOf(tenant: string, name: string): string {
  const plain = `${tenant}-${name}`.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  if (/^[a-z0-9]+-[a-z0-9]+$/.test(`${tenant}-${name}`)) return plain;
  return `${plain}-${sha256Hex(new TextEncoder().encode(`${tenant}\n${name}`)).slice(0, 8)}`;
}

function withoutCapabilities(text: string, names: readonly string[]): string {
  const gone = new Set(names.map((name) => `- ${name}`));
  const bare = (line: string) =>
    line
      .replace(/\s#.*$/, '')
      .replace(/['"]/g, '')
      .trim();
  return text
    .split('\n')
    .filter((line) => !gone.has(bare(line)) && !line.startsWith('#'))
    .join('\n');
}

/** A sandbox chooses the hosts that it asks for: beyond so many, further ones are counted together. */
function bump(of: Map<string, number>, { method, host }: DecisionEvent['input']): void {
  const own = `${method} ${host}`;
  const key = of.has(own) || of.size < MAX_HOSTS ? own : `${method} (others)`;
  of.set(key, (of.get(key) ?? 0) + 1);
}
