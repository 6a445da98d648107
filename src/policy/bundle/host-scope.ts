/**
 * What of a host is granted: all of it, or some of its paths. Hosts that many owners share (object stores, code hosts)
 * are granted by bucket, account or repository, never whole (T-38); the short forms here say which hosts and paths of a
 * provider belong to one owner, so that nobody has to remember them.
 *
 * Sources: Amazon S3 "Methods for accessing a general purpose bucket" (path and virtual-hosted style, dual stack), Google
 * Cloud Storage "Request endpoints" (XML and JSON), Azure Storage "Resource URI syntax", GitHub REST v3 and its raw,
 * codeload and LFS hosts.
 */

import { z } from 'zod';
import { ok, type Result } from '../../core/result.ts';
import { type HostPattern, parseHostPattern } from './host-pattern.ts';
import { type PathPattern, parsePathPattern } from './path-pattern.ts';

/** A host pattern, and which of its paths; no paths: all of them. */
export interface HostScope {
  readonly pattern: HostPattern;
  readonly paths: readonly PathPattern[];
}

const owner = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})$/;
const repository = /^[A-Za-z0-9._-]{1,100}$/;
/** Bucket names that stand in a host as well as in a path; S3, GCS and R2 share this grammar without dots. */
const bucket = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/, 'a bucket is 3 to 63 lower-case letters, digits and hyphens');

/** Each form is one key beside `paths`-like refinements; a grant says a host in exactly one of them. */
export const scopeShapes = {
  host: z.strictObject({ host: z.string(), paths: z.array(z.string()).min(1).max(1000).optional() }),
  github: z.strictObject({
    github: z.string().refine(isGithub, 'write `owner` or `owner/repository`'),
  }),
  gist: z.strictObject({ gist: z.string().regex(owner, 'write the owner of the gists') }),
  s3: z.strictObject({
    s3: bucket,
    region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-[0-9]$/, 'a region is for example `eu-west-1`'),
  }),
  gcs: z.strictObject({ gcs: bucket }),
  azure: z.strictObject({
    azure: z.string().regex(/^[a-z0-9]{3,24}\/[a-z0-9$][a-z0-9-]{2,62}$/, 'write `account/container`'),
  }),
} as const;

/** One entry of `hosts`. */
export const scopeSchema = z.union([z.string(), ...Object.values(scopeShapes)]);
export type ScopeEntry = z.infer<typeof scopeSchema>;

/** The hosts and paths of an entry. The error is a clause for a message. */
export function parseScope(entry: ScopeEntry): Result<readonly HostScope[], string> {
  if (typeof entry === 'string') return scopesOf([[entry, []]]);
  if ('host' in entry) return scopesOf([[entry.host, entry.paths ?? []]]);
  return scopesOf(expand(entry));
}

type Rows = readonly (readonly [host: string, paths: readonly string[]])[];

function expand(entry: Exclude<ScopeEntry, string | { host: string }>): Rows {
  if ('github' in entry) return githubRows(entry.github);
  if ('gist' in entry) {
    const paths = [`/${entry.gist}/**`];
    return ['gist.github.com', 'gist.githubusercontent.com'].map((host) => [host, paths]);
  }
  if ('s3' in entry) return s3Rows(entry.s3, entry.region);
  if ('gcs' in entry) return gcsRows(entry.gcs);
  const [account = '', container = ''] = entry.azure.split('/');
  return [[`${account}.blob.core.windows.net`, [`/${container}`, `/${container}/**`]]];
}

function githubRows(scope: string): Rows {
  const [who = '', repo] = scope.split('/');
  if (repo === undefined) {
    return [
      ['github.com', [`/${who}`, `/${who}/**`]],
      ['api.github.com', [`/repos/${who}/**`, `/orgs/${who}`, `/orgs/${who}/**`, `/users/${who}`, `/users/${who}/**`]],
      ...contentRows(`/${who}/**`),
    ];
  }
  const base = `/${who}/${repo}`;
  return [
    ['github.com', [base, `${base}/**`, `${base}.git`, `${base}.git/**`]],
    ['api.github.com', [`/repos${base}`, `/repos${base}/**`]],
    ...contentRows(`${base}/**`),
  ];
}

function contentRows(path: string): Rows {
  return ['raw.githubusercontent.com', 'codeload.github.com'].map((host) => [host, [path]]);
}

function s3Rows(name: string, region: string): Rows {
  const styles = [`s3.${region}.amazonaws.com`, `s3.dualstack.${region}.amazonaws.com`];
  return styles.flatMap((host) => [[`${name}.${host}`, []] as const, [host, [`/${name}`, `/${name}/**`]] as const]);
}

function gcsRows(name: string): Rows {
  const json = [`/storage/v1/b/${name}`, `/storage/v1/b/${name}/**`];
  const media = ['upload', 'download'].map((way) => `/${way}/storage/v1/b/${name}/**`);
  return [
    [`${name}.storage.googleapis.com`, []],
    ['storage.googleapis.com', [`/${name}`, `/${name}/**`, ...json, ...media]],
  ];
}

function scopesOf(rows: Rows): Result<readonly HostScope[], string> {
  const out: HostScope[] = [];
  for (const [host, texts] of rows) {
    const pattern = parseHostPattern(host);
    if (!pattern.ok) return pattern;
    const paths: PathPattern[] = [];
    for (const text of texts) {
      const path = parsePathPattern(text);
      if (!path.ok) return path;
      paths.push(path.value);
    }
    out.push({ pattern: pattern.value, paths });
  }
  return ok(out);
}

function isGithub(text: string): boolean {
  const [who = '', repo, ...more] = text.split('/');
  if (more.length > 0 || !owner.test(who)) return false;
  return repo === undefined || (repository.test(repo) && !/^\.{1,2}$/.test(repo));
}

/** Same scope in words, for messages and comparisons. */
export function scopeText({ pattern, paths }: HostScope): string {
  const host = pattern.kind === 'below' ? `*.${pattern.name}` : pattern.name;
  return paths.length === 0 ? host : `${host}${paths.map(({ text }) => text).join(' ')}`;
}
