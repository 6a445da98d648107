/** `LOCKTENDER_*` variables and `--set key=value` flags as a layer of configuration. */

import { parse } from 'yaml';
import { didYouMean } from '../core/nearest.ts';
import { err, ok, type Problem, type Result } from '../core/result.ts';
import { type ConfigKey, configKeys, inner, shapeOf } from './key-tree.ts';

/** One override: where it goes, its raw text, and what to call it in a message. */
export interface Override {
  readonly key: ConfigKey;
  readonly value: unknown;
  /** `LOCKTENDER_STATE` or `--set state`. */
  readonly from: string;
}

/** Variables of ours that are no configuration keys. */
const OTHER = new Set(['LOCKTENDER_CONFIG', 'LOCKTENDER_ADMIN', 'LOCKTENDER_ADMIN_TOKEN', 'LOCKTENDER_ROOT']);
/** What a container engine sets for a service of our name, and what our own scripts and tests use. */
const FOREIGN =
  /^LOCKTENDER_((.*_)?SERVICE_(HOST|PORT(_.*)?)|(.*_)?PORT(_[0-9]+_(TCP|UDP)(_(PROTO|PORT|ADDR))?)?|TEST_.*|OMIT)$/;

const LEAVES = configKeys().filter((key) => shapeOf(key.schema) === null);
const BY_VARIABLE = new Map(LEAVES.map((key) => [variableOf(key.path), key]));
const BY_PATH = new Map(LEAVES.map((key) => [key.path.join('.'), key]));

/** `proxy.deadlines.idle_ms` → `LOCKTENDER_PROXY_DEADLINES_IDLE_MS`. */
export function variableOf(path: readonly string[]): string {
  return `LOCKTENDER_${path.join('_').toUpperCase()}`;
}

export function fromEnvironment(env: Readonly<Record<string, string | undefined>>): Result<Override[], Problem[]> {
  const found = Object.entries(env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && entry[0].startsWith('LOCKTENDER_') && !OTHER.has(entry[0]) && !FOREIGN.test(entry[0]),
  );
  return collect(found, { label: (name) => name, keys: BY_VARIABLE, noun: 'variable' });
}

/** Flags are `key.path` → text. */
export function fromFlags(flags: Readonly<Record<string, string | undefined>>): Result<Override[], Problem[]> {
  const found = Object.entries(flags).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return collect(found, { label: (name) => `--set ${name}`, keys: BY_PATH, noun: 'key' });
}

interface Naming {
  readonly label: (name: string) => string;
  readonly keys: ReadonlyMap<string, ConfigKey>;
  readonly noun: string;
}

function collect(entries: readonly [string, string][], naming: Naming): Result<Override[], Problem[]> {
  const overrides: Override[] = [];
  const problems: Problem[] = [];
  for (const [name, text] of entries) {
    const key = naming.keys.get(name);
    if (key) overrides.push({ key, value: readingOf(key, text), from: naming.label(name) });
    else {
      const message = `unknown ${naming.noun} \`${name}\`; ${hint(name, naming)}`;
      problems.push({ file: naming.noun === 'key' ? 'flags' : 'environment', line: 0, column: 0, message });
    }
  }
  return problems.length > 0 ? err(problems) : ok(overrides);
}

function hint(name: string, naming: Naming): string {
  const said = didYouMean(name, [...naming.keys.keys()]);
  return said.startsWith('did you mean') ? said : 'see `locktender config reference`';
}

/** The first reading of the text that its schema takes: as it stands, as YAML, as a comma-separated list. */
function readingOf(key: ConfigKey, text: string): unknown {
  const readings = [text, asYaml(text), text.split(',').map((part) => part.trim())];
  const fits = (value: unknown) => inner(key.schema).safeParse(value);
  const nearMiss = (value: unknown) => fits(value).error?.issues.every((issue) => issue.code !== 'invalid_type');
  return readings.find((value) => fits(value).success) ?? readings.find(nearMiss) ?? text;
}

function asYaml(text: string): unknown {
  try {
    return parse(text, { maxAliasCount: 0, logLevel: 'error' });
  } catch {
    return text;
  }
}
