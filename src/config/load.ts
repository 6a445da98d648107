/**
 * Loads the configuration: the file, overridden by the environment, overridden by flags; checked as one. The text of
 * the file is given, so that this module touches no disk.
 */

import { dirname, resolve } from 'node:path';
import type { z } from 'zod';
import { didYouMean } from '../core/nearest.ts';
import { err, ok, type Problem, type Result } from '../core/result.ts';
import { fromEnvironment, fromFlags, type Override } from './environment.ts';
import { configKeys, elementOf, isPath, namesAt, shapeOf } from './key-tree.ts';
import { type Config, configSchema } from './schema.ts';
import { type PlacedYaml, readYaml } from './yaml-places.ts';

export interface ConfigSources {
  /** Path of the file, for messages and for the paths in it; null when there is none. */
  readonly file: string | null;
  /** Its text; null when there is none. */
  readonly text: string | null;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `key.path` → text, as `--set` gives them. */
  readonly flags: Readonly<Record<string, string | undefined>>;
  /** Directory against which relative paths of variables, flags and defaults are resolved. */
  readonly cwd: string;
}

/** Every path in the result is absolute. All problems are reported, not only the first. */
export function loadConfig(sources: ConfigSources): Result<Config, Problem[]> {
  const file = sources.file ?? 'locktender.yaml';
  const yaml = readYaml(file, sources.text ?? '');
  const env = fromEnvironment(sources.env);
  const flags = fromFlags(sources.flags);
  const broken = [yaml, env, flags].flatMap((part) => (part.ok ? [] : part.error));
  if (!yaml.ok || !env.ok || !flags.ok) return err(broken);
  const base = yaml.value.value ?? {};
  if (typeof base !== 'object' || Array.isArray(base)) {
    return err([{ file, line: 1, column: 1, message: 'the configuration must be a mapping of keys to values' }]);
  }
  const overrides = [...env.value, ...flags.value];
  const whole = structuredClone(base) as Record<string, unknown>;
  resolveFilePaths(whole, dirname(resolve(sources.cwd, file)));
  for (const { key, value } of overrides) put(whole, key.path, absolute(value, key.schema, sources.cwd));
  const parsed = configSchema.safeParse(whole);
  if (!parsed.success) {
    return err(parsed.error.issues.flatMap((issue) => problemsOf(issue, { file, yaml: yaml.value, overrides, whole })));
  }
  return ok({ ...parsed.data, state: resolve(sources.cwd, parsed.data.state) });
}

/** Paths in the file are relative to the file. */
function resolveFilePaths(whole: Record<string, unknown>, from: string): void {
  for (const key of configKeys()) {
    if (shapeOf(key.schema) !== null) continue;
    const value = get(whole, key.path);
    if (value !== undefined) put(whole, key.path, absolute(value, key.schema, from));
  }
}

/** The value with every path in it resolved, also those in lists and in their objects. */
function absolute(value: unknown, schema: z.ZodType, from: string): unknown {
  if (Array.isArray(value)) {
    const element = elementOf(schema);
    return element === null ? value : value.map((item) => absolute(item, element, from));
  }
  if (typeof value === 'string') return value !== '' && isPath(schema) ? resolve(from, value) : value;
  const shape = shapeOf(schema);
  if (shape === null || typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, item]) => {
    const own = shape[name];
    return [name, own === undefined ? item : absolute(item, own, from)] as const;
  });
  return Object.fromEntries(entries);
}

interface Origin {
  readonly file: string;
  readonly yaml: PlacedYaml;
  readonly overrides: readonly Override[];
  /** All that was given, wherever. */
  readonly whole: unknown;
}

function problemsOf(issue: z.core.$ZodIssue, origin: Origin): Problem[] {
  if (issue.code === 'unrecognized_keys') {
    const known = namesAt(issue.path);
    return issue.keys.map((key) =>
      at(origin, [...issue.path, key], `unknown key \`${[...issue.path, key].join('.')}\`; ${didYouMean(key, known)}`),
    );
  }
  const name = issue.path.join('.');
  const said = get(origin.whole, issue.path) === undefined ? missing(issue) : words(issue);
  return [at(origin, issue.path, name === '' ? said : `\`${name}\` ${said}`)];
}

function at(origin: Origin, path: readonly PropertyKey[], message: string): Problem {
  const dotted = path.join('.');
  const override = origin.overrides.findLast((o) => {
    const own = o.key.path.join('.');
    return dotted === own || dotted.startsWith(`${own}.`);
  });
  if (override) {
    const file = override.from.startsWith('--') ? 'flags' : 'environment';
    return { file, line: 0, column: 0, message: `${override.from}: ${message}` };
  }
  return { file: origin.file, ...origin.yaml.place(path), message };
}

/** A key that is not there is not of the wrong kind: what says so about others has its own words. */
function missing(issue: z.core.$ZodIssue): string {
  return issue.code === 'custom' ? words(issue) : words(issue).replace(/^must be /, 'must be given: ');
}

/** What is wrong, in our words. The value itself is not repeated: it may be a key. */
function words(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${TYPES[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `must be ${issue.values.map((v) => `\`${String(v)}\``).join(' or ')}`;
    case 'invalid_union':
      return `must be ${[...new Set(issue.errors.flat().map((e) => words(e).replace(/^must be /, '')))].join(' or ')}`;
    case 'invalid_format':
      return issue.format === 'url' ? 'must be a URL' : issue.message;
    default:
      return issue.message.charAt(0).toLowerCase() + issue.message.slice(1);
  }
}

const TYPES: Readonly<Record<string, string>> = {
  object: 'a mapping',
  record: 'a mapping',
  array: 'a list',
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: '`true` or `false`',
};

function get(whole: unknown, path: readonly PropertyKey[]): unknown {
  let node = whole;
  for (const step of path) node = (node as Record<PropertyKey, unknown> | null | undefined)?.[step];
  return node;
}

function put(whole: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let node = whole;
  for (const step of path.slice(0, -1)) {
    const next = node[step];
    if (typeof next !== 'object' || next === null || Array.isArray(next)) node[step] = {};
    node = node[step] as Record<string, unknown>;
  }
  const last = path.at(-1);
  if (last !== undefined) node[last] = value;
}
