/** Sandbox profiles: which capabilities a task may hold, within which limits, behind which guard. */

import { z } from 'zod';
import { LIKELIHOODS, type Likelihood } from '../../core/finding.ts';
import { ok, type Problem, type Result } from '../../core/result.ts';
import { parseYamlFile } from '../../core/strict-yaml.ts';
import { words } from '../../core/words.ts';

export interface Limits {
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly memoryMb: number;
  /** Bytes that a task's result and logs may have. */
  readonly outputBytes: number;
  /** Requests in a task's life. */
  readonly requests: number;
  /** Requests a second, sustained; twice as many in a burst. */
  readonly rate: number;
  /** Towards origins. */
  readonly bytesUp: number;
  readonly bytesDown: number;
  /** Flows open at once. */
  readonly concurrency: number;
  /** Distinct host names contacted in a task's life (T-21, T-48). */
  readonly distinctHosts: number;
  /** Bytes of unusual data in names, paths and queries in a task's life (T-37). */
  readonly leakBytes: number;
}

/** `enforce` acts on findings, `observe` only records them. There is no `off`. */
export type GuardMode = 'enforce' | 'observe';

export interface GuardSettings {
  readonly request: GuardMode;
  readonly result: GuardMode;
  /** Findings below this are not acted on. */
  readonly minLikelihood: Likelihood;
  /** What happens to a body that cannot be scanned within bounds. */
  readonly unscannable: 'block' | 'pass';
  /** Rule ids or info types that this profile leaves alone. */
  readonly ignore: readonly string[];
}

export interface Profile {
  readonly name: string;
  readonly version: number;
  readonly owner: string;
  readonly description: string;
  /** Sorted. */
  readonly capabilities: readonly string[];
  readonly limits: Limits;
  readonly guard: GuardSettings;
  /** Whether tool code in isolates may use WebAssembly: memory that V8's limit does not hold, and a faster way to burn time. */
  readonly webassembly: boolean;
  /** How paths and queries stand in the record. */
  readonly recordPaths: 'clear' | 'hash';
  readonly file: string;
  readonly line: number;
  /** Line of its CPU limit, for messages. */
  readonly cpuLine: number;
  /** Line of each capability, for messages. */
  readonly capabilityLines: Readonly<Record<string, number>>;
  readonly digest: string;
}

const count = z.int().min(1).max(Number.MAX_SAFE_INTEGER);

const schema = z.strictObject({
  version: z.int().min(1),
  name: z
    .string()
    .regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'a profile name is kebab-case, for example `internal-data`')
    .max(60),
  owner: words(100),
  description: words(1000),
  capabilities: z.array(z.string().min(1).max(100)).max(20_000),
  limits: z.strictObject({
    cpu_ms: count,
    wall_ms: count,
    memory_mb: z.int().min(8).max(65_536),
    output_bytes: count.default(1_048_576),
    requests: count,
    rate: z.number().positive().max(1_000_000),
    bytes_up: count,
    bytes_down: count,
    concurrency: count,
    distinct_hosts: count,
    leak_bytes: count,
  }),
  webassembly: z.boolean().default(false),
  guard: z
    .strictObject({
      request: z.enum(['enforce', 'observe']).default('enforce'),
      result: z.enum(['enforce', 'observe']).default('enforce'),
      min_likelihood: z.enum(LIKELIHOODS).default('POSSIBLE'),
      unscannable: z.enum(['block', 'pass']).default('block'),
      ignore: z.array(z.string()).default([]),
    })
    .default({ request: 'enforce', result: 'enforce', min_likelihood: 'POSSIBLE', unscannable: 'block', ignore: [] }),
  record_paths: z.enum(['clear', 'hash']).default('hash'),
});

/** Parses one file; names are checked against the bundle later. */
export function parseProfile(file: string, text: string, digest: string): Result<Profile, Problem[]> {
  const yaml = parseYamlFile(file, text, schema);
  if (!yaml.ok) return yaml;
  const { value: row, line } = yaml.value;
  return ok({
    name: row.name,
    version: row.version,
    owner: row.owner,
    description: row.description,
    capabilities: [...row.capabilities].sort(),
    limits: limitsOf(row.limits),
    webassembly: row.webassembly,
    guard: {
      request: row.guard.request,
      result: row.guard.result,
      minLikelihood: row.guard.min_likelihood,
      unscannable: row.guard.unscannable,
      ignore: row.guard.ignore,
    },
    recordPaths: row.record_paths,
    file,
    line: line(['name']),
    cpuLine: line(['limits', 'cpu_ms']),
    capabilityLines: Object.fromEntries(row.capabilities.map((c, i) => [c, line(['capabilities', i])])),
    digest,
  });
}

function limitsOf(row: z.infer<typeof schema>['limits']): Limits {
  return {
    cpuMs: row.cpu_ms,
    wallMs: row.wall_ms,
    memoryMb: row.memory_mb,
    outputBytes: row.output_bytes,
    requests: row.requests,
    rate: row.rate,
    bytesUp: row.bytes_up,
    bytesDown: row.bytes_down,
    concurrency: row.concurrency,
    distinctHosts: row.distinct_hosts,
    leakBytes: row.leak_bytes,
  };
}
