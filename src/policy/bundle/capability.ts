/** Capabilities: named rights, one a file, with owner, version, risk and digest. */

import { z } from 'zod';
import { type Cidr, parseCidr } from '../../core/ip-address.ts';
import { err, ok, type Problem, type Result } from '../../core/result.ts';
import { parseYamlFile, type YamlFile } from '../../core/strict-yaml.ts';
import { words } from '../../core/words.ts';
import { type HostPattern, parseHostPattern } from './host-pattern.ts';
import { type HostScope, parseScope, scopeSchema } from './host-scope.ts';
import { type PathPattern, parsePathPattern } from './path-pattern.ts';
import { READ_EQUIVALENTS, type ReadEquivalent } from './read-equivalents.ts';

export const CAPABILITY_RISKS = ['low', 'medium', 'high', 'critical'] as const;
export type CapabilityRisk = (typeof CAPABILITY_RISKS)[number];

export interface PrivateDestination {
  /** Addresses that this names; null when a host is named. */
  readonly cidr: Cidr | null;
  /** A host that may resolve to addresses that are not public (metadata addresses must be named by address). */
  readonly host: HostPattern | null;
}

export interface GrantCategories {
  /** When not empty: only hosts with one of these. */
  readonly allow: readonly string[];
  /** Never hosts with one of these. */
  readonly exclude: readonly string[];
  /** Taxonomy defaults that this grant sets aside; an operator's block always wins. */
  readonly despite: readonly string[];
}

export interface ReadEquivalentUse {
  readonly name: ReadEquivalent;
  /** When not empty: only at hosts with one of these categories. */
  readonly categories: readonly string[];
}

/** Which hosts a grant covers. */
export type GrantHosts =
  | { readonly kind: 'listed'; readonly scopes: readonly HostScope[] }
  /** Every host, before categories; only a capability's own file can spell this. */
  | { readonly kind: 'any_public' }
  /** The approved domains of the task's tenant. */
  | { readonly kind: 'approved'; readonly wildcards: boolean };

export interface Grant {
  /** `capability:<name>#<n>`, n from 1. */
  readonly id: string;
  readonly capability: string;
  readonly file: string;
  readonly line: number;
  readonly methods: 'read' | 'write';
  readonly hosts: GrantHosts;
  /** Empty: every path. */
  readonly paths: readonly PathPattern[];
  readonly ports: readonly number[];
  readonly categories: GrantCategories;
  readonly readEquivalents: readonly ReadEquivalentUse[];
  readonly websocket: boolean;
}

export type CapabilityKind = 'net' | 'storage' | 'tool';

export interface Capability {
  readonly name: string;
  readonly kind: CapabilityKind;
  readonly version: number;
  readonly owner: string;
  readonly description: string;
  readonly risk: CapabilityRisk;
  readonly inspect: 'auto' | 'never';
  readonly grants: readonly Grant[];
  readonly privateDestinations: readonly PrivateDestination[];
  readonly file: string;
  readonly line: number;
  /** SHA-256 of the file, hex. */
  readonly digest: string;
}

export const CAPABILITY_NAME = /^[a-z][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*)+$/;

const name = (what: string, example: string) =>
  z.string().regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, `${what} is kebab-case, for example \`${example}\``);
const category = name('a category', 'paste-sites');

const grantSchema = z.strictObject({
  methods: z.enum(['read', 'write']),
  hosts: z.array(scopeSchema).min(1).max(20_000).optional(),
  any_public_host: z.literal(true).optional(),
  approved_domains: z.enum(['exact', 'wildcards']).optional(),
  paths: z.array(z.string()).min(1).max(1000).optional(),
  ports: z.array(z.int().min(1).max(65_535)).min(1).max(64).default([443, 80]),
  categories: z
    .strictObject({
      allow: z.array(category).default([]),
      exclude: z.array(category).default([]),
      despite: z.array(category).default([]),
    })
    .default({ allow: [], exclude: [], despite: [] }),
  read_equivalents: z
    .array(z.strictObject({ name: z.enum(READ_EQUIVALENTS), categories: z.array(category).default([]) }))
    .default([]),
  websocket: z.boolean().default(false),
});

const schema = z.strictObject({
  version: z.int().min(1),
  name: z
    .string()
    .regex(CAPABILITY_NAME, 'a capability name is dotted lower case without wildcards, for example `net.read.public`')
    .max(100),
  owner: words(100),
  description: words(1000),
  risk: z.enum(CAPABILITY_RISKS),
  inspect: z.enum(['auto', 'never']).default('auto'),
  grants: z.array(grantSchema).max(1000).default([]),
  private_destinations: z.array(z.string()).max(1000).default([]),
});

type CapabilityFile = YamlFile<z.infer<typeof schema>>;
type GrantRow = z.infer<typeof grantSchema>;

/** Parses one file; `digest` is the SHA-256 of its text. */
export function parseCapability(file: string, text: string, digest: string): Result<Capability, Problem[]> {
  const yaml = parseYamlFile(file, text, schema);
  if (!yaml.ok) return yaml;
  const row = yaml.value.value;
  const problems: Problem[] = kindProblems(yaml.value);
  const grants = row.grants.map((_, i) => parseGrant(yaml.value, i, problems));
  const privateDestinations = row.private_destinations.map((entry, i) =>
    collect(parsePrivate(entry), problems, (m) => yaml.value.problem(['private_destinations', i], m)),
  );
  if (problems.length > 0) return err(problems);
  return ok({
    name: row.name,
    kind: kindOf(row.name) ?? 'net',
    version: row.version,
    owner: row.owner,
    description: row.description,
    risk: row.risk,
    inspect: row.inspect,
    grants,
    privateDestinations: privateDestinations.filter((p) => p !== null),
    file,
    line: yaml.value.line(['name']),
    digest,
  });
}

function kindOf(capability: string): CapabilityKind | null {
  const first = capability.slice(0, capability.indexOf('.'));
  return first === 'net' || first === 'storage' || first === 'tool' ? first : null;
}

function kindProblems(yaml: CapabilityFile): Problem[] {
  const { name: capability, grants, inspect } = yaml.value;
  const kind = kindOf(capability);
  if (kind === null)
    return [
      yaml.problem(
        ['name'],
        `capability \`${capability}\` is of no known kind; begin its name with \`net.\`, \`storage.\` or \`tool.\``,
      ),
    ];
  if (kind === 'net') return [];
  const out: Problem[] = [];
  if (grants.length > 0)
    out.push(yaml.problem(['grants'], `capability \`${capability}\` is no network right; remove \`grants\``));
  if (inspect === 'never')
    out.push(yaml.problem(['inspect'], `capability \`${capability}\` is no network right; remove \`inspect\``));
  if (kind === 'storage' && !/^storage\.(read|write)\.(session|ephemeral)$/.test(capability)) {
    out.push(
      yaml.problem(
        ['name'],
        `storage capability \`${capability}\` is not one of \`storage.read|write.session|ephemeral\`; rename it`,
      ),
    );
  }
  if (kind === 'tool' && !/^tool\.invoke\.[a-z0-9-]+$/.test(capability)) {
    out.push(yaml.problem(['name'], `tool capability \`${capability}\` names no tool; write \`tool.invoke.<name>\``));
  }
  return out;
}

function parseGrant(yaml: CapabilityFile, i: number, problems: Problem[]): Grant {
  const row = yaml.value.grants[i] as GrantRow;
  const at = ['grants', i] as const;
  const scopes = (row.hosts ?? []).flatMap(
    (entry, n) => collect(parseScope(entry), problems, (m) => yaml.problem([...at, 'hosts', n], m)) ?? [],
  );
  const paths = (row.paths ?? []).map((text, n) =>
    collect(parsePathPattern(text), problems, (m) => yaml.problem([...at, 'paths', n], m)),
  );
  const ways = [row.hosts, row.any_public_host, row.approved_domains].filter((way) => way !== undefined).length;
  if (ways !== 1)
    problems.push(
      yaml.problem(
        at,
        'a grant says its hosts in exactly one way; write one of `hosts`, `approved_domains`, `any_public_host`',
      ),
    );
  return {
    id: `capability:${yaml.value.name}#${i + 1}`,
    capability: yaml.value.name,
    file: yaml.file,
    line: yaml.line(at),
    methods: row.methods,
    hosts: grantHosts(row, scopes),
    paths: paths.filter((p) => p !== null),
    ports: row.ports,
    categories: row.categories,
    readEquivalents: row.read_equivalents,
    websocket: row.websocket,
  };
}

function grantHosts(row: GrantRow, scopes: readonly HostScope[]): GrantHosts {
  if (row.any_public_host) return { kind: 'any_public' };
  if (row.approved_domains) return { kind: 'approved', wildcards: row.approved_domains === 'wildcards' };
  return { kind: 'listed', scopes };
}

function parsePrivate(entry: string): Result<PrivateDestination, string> {
  const cidr = parseCidr(entry);
  if (cidr) return ok({ cidr, host: null });
  if (entry.includes('/'))
    return err(`private destination \`${entry}\` is not a prefix; write for example \`10.1.0.0/16\``);
  const host = parseHostPattern(entry);
  return host.ok ? ok({ cidr: null, host: host.value }) : host;
}

function collect<T>(result: Result<T, string>, problems: Problem[], problem: (message: string) => Problem): T | null {
  if (result.ok) return result.value;
  problems.push(problem(result.error));
  return null;
}
