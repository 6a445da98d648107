/** Approved domains: the hosts that one tenant, or all, had approved; what `net.*.approved-domains` grants. */

import { z } from 'zod';
import { err, ok, type Problem, type Result } from '../../core/result.ts';
import { parseYamlFile } from '../../core/strict-yaml.ts';
import { TENANT_LETTERS, TENANT_NAME } from '../../core/tenant-name.ts';
import type { HostPattern } from './host-pattern.ts';
import { parseScope, type ScopeEntry, scopeShapes } from './host-scope.ts';
import type { PathPattern } from './path-pattern.ts';

export interface ApprovedDomain {
  readonly pattern: HostPattern;
  /** Empty: every path. */
  readonly paths: readonly PathPattern[];
  /** Approved for `read` or for `write` too. */
  readonly access: 'read' | 'write';
  /** Taxonomy defaults that this approval knowingly sets aside. */
  readonly despite: readonly string[];
  readonly file: string;
  readonly line: number;
}

export interface ApprovedFile {
  /** Null: every tenant. */
  readonly tenants: readonly string[] | null;
  readonly domains: readonly ApprovedDomain[];
}

const about = {
  access: z.enum(['read', 'write']).default('write'),
  despite: z.array(z.string()).default([]),
} as const;

const entry = z.union([
  z.string(),
  scopeShapes.host.extend(about),
  scopeShapes.github.extend(about),
  scopeShapes.gist.extend(about),
  scopeShapes.s3.extend(about),
  scopeShapes.gcs.extend(about),
  scopeShapes.azure.extend(about),
]);

const schema = z.strictObject({
  version: z.literal(1),
  tenants: z.union([z.literal('all'), z.array(z.string().regex(TENANT_NAME, `a tenant is ${TENANT_LETTERS}`)).min(1)]),
  domains: z.array(entry).max(200_000),
});

const WRITE = { access: 'write' as const, despite: [] as string[] };

export function parseApprovedDomains(file: string, text: string): Result<ApprovedFile, Problem[]> {
  const yaml = parseYamlFile(file, text, schema);
  if (!yaml.ok) return yaml;
  const { value: row, problem, line } = yaml.value;
  const problems: Problem[] = [];
  const domains: ApprovedDomain[] = [];
  for (const [i, item] of row.domains.entries()) {
    const { access, despite, ...where } = typeof item === 'string' ? { ...WRITE, host: item } : item;
    const scopes = parseScope(where as ScopeEntry);
    if (!scopes.ok) problems.push(problem(['domains', i], scopes.error));
    else {
      const rest = { access, despite, file, line: line(['domains', i]) };
      for (const { pattern, paths } of scopes.value) domains.push({ pattern, paths, ...rest });
    }
  }
  if (problems.length > 0) return err(problems);
  return ok({ tenants: row.tenants === 'all' ? null : row.tenants, domains });
}
