/** What is published about the configuration, made from the schema: the JSON Schema and the reference page. */

import { z } from 'zod';
import { variableOf } from './environment.ts';
import { type ConfigKey, configKeys, describe, elementOf, inner, shapeOf } from './key-tree.ts';
import { configSchema } from './schema.ts';

/** JSON Schema (draft 2020-12) of `locktender.yaml`. */
export function configJsonSchema(): Record<string, unknown> {
  const made = z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' }) as Record<string, unknown>;
  return { title: 'locktender.yaml', ...made };
}

/** The reference page, Markdown. */
export function configReference(): string {
  const schema = configJsonSchema();
  const keys = configKeys();
  const top = keys.filter((key) => key.path.length === 1 && shapeOf(key.schema) === null);
  const sections = keys.filter((key) => shapeOf(key.schema) !== null);
  const parts = [INTRODUCTION, table(top, schema)];
  for (const section of sections) {
    const own = keys.filter((key) => isChild(key, section) && shapeOf(key.schema) === null);
    if (own.length === 0) continue;
    parts.push(`## ${section.path.join('.')}\n\n${sentence(section.description)}`, table(own, schema));
    parts.push(...own.flatMap((key) => elementTable(key, schema)));
  }
  return `${parts.join('\n\n')}\n`;
}

const INTRODUCTION = `# Configuration

<!-- Made from src/config/schema.ts by \`npm run docs\`; do not edit. -->

One file, \`locktender.yaml\`; every key is optional. A \`LOCKTENDER_*\` variable overrides the file, and a flag
(\`--set key=value\`) overrides both. A value of a variable or flag is read as text, as YAML or as a comma-separated list,
whichever the key takes. Relative paths are relative to the file, or to the working directory for variables and flags.
An unknown or wrong key ends the start with exit code 2, its file and line, and the nearest known name. Times are in
milliseconds. The JSON Schema is \`docs/locktender.schema.json\`; put this line first in the file to have an editor check it:

    # yaml-language-server: $schema=docs/locktender.schema.json

## Top level`;

function table(keys: readonly ConfigKey[], schema: Record<string, unknown>): string {
  const rows = keys.map((key) => {
    const at = schemaAt(schema, key.path);
    const normal = at['default'] === undefined ? '' : `\`${JSON.stringify(at['default'])}\``;
    return `| \`${key.path.join('.')}\` | ${kindOf(at)} | ${normal} | ${key.description.replaceAll('|', '\\|')} | \`${variableOf(key.path)}\` |`;
  });
  return ['| Key | Is | Default | Means | Variable |', '|---|---|---|---|---|', ...rows].join('\n');
}

/** The keys of each object in a list; empty for a key that is no list of objects. */
function elementTable(list: ConfigKey, schema: Record<string, unknown>): string[] {
  const element = elementOf(inner(list.schema));
  if (element === null || shapeOf(element) === null) return [];
  const items = schemaAt(schema, list.path).items ?? {};
  const rows = configKeys(element).map(({ path, description }) => {
    const at = schemaAt(items, path);
    const required = (items.required ?? []).includes(path.join('.'));
    const normal =
      at['default'] === undefined ? (required ? 'must be given' : '') : `\`${JSON.stringify(at['default'])}\``;
    return `| \`${path.join('.')}\` | ${kindOf(at)} | ${normal} | ${description.replaceAll('|', '\\|')} |`;
  });
  const head = ['| Key | Is | Default | Means |', '|---|---|---|---|'];
  return [`### ${list.path.join('.')}[]\n\n${sentence(describe(element))}`, [...head, ...rows].join('\n')];
}

interface JsonSchema {
  readonly [key: string]: unknown;
  readonly properties?: Record<string, JsonSchema>;
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly required?: readonly string[];
}

function schemaAt(schema: JsonSchema, path: readonly string[]): JsonSchema {
  return path.reduce<JsonSchema>((at, step) => at.properties?.[step] ?? {}, schema);
}

function kindOf(at: JsonSchema): string {
  if (at.anyOf) return at.anyOf.map(kindOf).join(' or ');
  if (at['const'] !== undefined) return `\`${String(at['const'])}\``;
  if (Array.isArray(at['enum'])) return at['enum'].map((value) => `\`${String(value)}\``).join(' or ');
  if (at['type'] === 'array') return `list of ${at.items ? kindOf(at.items) : 'values'}`;
  if (at['type'] === 'integer') return `${String(at['minimum'])}–${String(at['maximum'])}`;
  return String(at['type'] ?? 'text').replace('string', 'text');
}

function isChild(key: ConfigKey, section: ConfigKey): boolean {
  return key.path.length === section.path.length + 1 && section.path.every((step, i) => key.path[i] === step);
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
