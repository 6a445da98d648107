/** The shipped rules and categories, compiled once, and short ways to ask for decisions. */

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { CategoryIndex } from '../../src/categories/category-index.ts';
import { loadCategories } from '../../src/categories/load-lists.ts';
import { parseTaxonomy, type Taxonomy } from '../../src/categories/taxonomy.ts';
import { type Controls, NO_CONTROLS } from '../../src/core/controls.ts';
import type { DecisionRequest } from '../../src/core/decision.ts';
import { parseHost } from '../../src/core/host.ts';
import type { CategorySource } from '../../src/core/ports.ts';
import type { Principal } from '../../src/core/principal.ts';
import type { Scheme } from '../../src/core/target.ts';
import { admit } from '../../src/policy/admission/admission.ts';
import { type Bundle, type BundleFile, compileBundle } from '../../src/policy/bundle/bundle.ts';
import type { Snapshot } from '../../src/policy/snapshot.ts';

const ROOT = join(import.meta.dirname, '../..');
export const NOW = Date.UTC(2026, 10, 23);

export const sha256 = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex');

/** Every file below a folder of the repository, by its path from `from`. */
export function filesBelow(folder: string, from = folder): BundleFile[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path: relative(join(ROOT, from), path), text: readFileSync(path, 'utf8') }));
}

let taxonomy: Taxonomy | null = null;
export function shippedTaxonomy(): Taxonomy {
  const path = join(ROOT, 'categories/taxonomy.yaml');
  taxonomy ??= need(parseTaxonomy('taxonomy.yaml', readFileSync(path, 'utf8')));
  return taxonomy;
}

let categories: CategoryIndex | null = null;
/** The curated lists, as an appliance loads them. */
export function shippedCategories(): CategorySource {
  categories ??= need(loadCategories({ files: filesBelow('categories'), sha256 })).index;
  return categories;
}

export function compile(files: readonly BundleFile[]) {
  return compileBundle(files, { taxonomy: shippedTaxonomy(), sha256 });
}

/** The shipped bundle with some files replaced or added. */
export function bundleWith(...changed: readonly BundleFile[]): Bundle {
  const kept = filesBelow('rules').filter((f) => !changed.some((c) => c.path === f.path));
  return need(compile([...kept, ...changed]));
}

let shipped: Bundle | null = null;
export function shippedBundle(): Bundle {
  shipped ??= bundleWith();
  return shipped;
}

export function snapshot(over: Partial<Snapshot> = {}): Snapshot {
  return { bundle: shippedBundle(), controls: NO_CONTROLS, categories: shippedCategories(), ...over };
}

/** A task as admission would make it. */
export function principal(over: Partial<Principal> = {}, bundle = shippedBundle()): Principal {
  const wanted = { tenant: 'acme', class: 'research', risk: 0, ...over };
  const admission = admit({ ...wanted, caller: 'test', kind: 'sandbox', profile: over.profile ?? null }, bundle);
  return {
    task: 't_1',
    pass: 'p_1',
    expiresAt: NOW + 3_600_000,
    profile: admission.profile,
    capabilities: admission.capabilities,
    ...wanted,
    class: admission.class,
  };
}

/** A request as the proxy would make it, from a URL; `CONNECT host:port` too. */
export function request(method: string, url: string, over: Partial<DecisionRequest> = {}): DecisionRequest {
  const connect = method === 'CONNECT';
  const parsed = new URL(connect ? `https://${url}` : url);
  const scheme = connect ? 'tcp' : (parsed.protocol.slice(0, -1) as Scheme);
  const fallback = scheme === 'http' || scheme === 'ws' ? 80 : 443;
  return {
    principal: principal(),
    passProblem: null,
    method,
    target: {
      scheme,
      host: need(parseHost(parsed.hostname)),
      port: parsed.port === '' ? fallback : Number(parsed.port),
    },
    path: connect ? '' : parsed.pathname,
    query: parsed.search.slice(1),
    contentType: '',
    upgrade: '',
    resolved: null,
    now: NOW,
    ...over,
  };
}

export const mark = (over: Partial<{ until: number | null; change: string }> = {}) => ({
  by: 'ann',
  why: 'test',
  at: NOW,
  until: null,
  change: 'c_1',
  ...over,
});

export function controls(over: Partial<Controls>): Controls {
  return { ...NO_CONTROLS, version: 1, ...over };
}

export function need<T, E>(result: { ok: true; value: T } | { ok: false; error: E }): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error, null, 2));
  return result.value;
}
