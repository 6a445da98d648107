/** Tools that tasks may call: one a file, with the schema of its arguments and the place it is served at. */

import { z } from 'zod';
import { err, ok, type Problem, type Result } from '../core/result.ts';
import { parseYamlFile } from '../core/strict-yaml.ts';
import { words } from '../core/words.ts';
import { matchInLinearTime } from './linear-patterns.ts';

export interface Tool {
  /** Also the last part of its capability, `tool.invoke.<name>`. */
  readonly name: string;
  readonly description: string;
  readonly capability: string;
  readonly kind: 'http' | 'mcp';
  readonly url: string;
  /** A read-only HTTP tool is asked by GET, its arguments in the query as `args`; messages to a read-only MCP tool read. */
  readonly readOnly: boolean;
  /** Name at an MCP server, when it has another there. */
  readonly remoteName: string;
  readonly args: z.ZodType;
}

const NO_SCHEMA =
  'the arguments are no JSON Schema; write one for an object, with patterns that RE2 knows (no lookaround)';

const schema = z.strictObject({
  version: z.literal(1),
  name: z.string().regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'a tool name is kebab-case'),
  description: words(1000),
  kind: z.enum(['http', 'mcp']).default('http'),
  url: z.url({ protocol: /^https?$/ }),
  read_only: z.boolean(),
  remote_name: z.string().min(1).max(200).optional(),
  args: z.record(z.string(), z.unknown()).describe('JSON Schema of the arguments'),
});

/** Compiles tool files; one that has a problem refuses them all. */
export function parseTools(
  files: readonly { readonly path: string; readonly text: string }[],
): Result<ReadonlyMap<string, Tool>, Problem[]> {
  const tools = new Map<string, Tool>();
  const problems: Problem[] = [];
  for (const { path, text } of files) {
    const parsed = parseYamlFile(path, text, schema);
    if (!parsed.ok) {
      problems.push(...parsed.error);
      continue;
    }
    const { value: row, problem } = parsed.value;
    const args = argumentsSchema(row.args);
    if (args === null) problems.push(problem(['args'], NO_SCHEMA));
    else if (tools.has(row.name)) problems.push(problem(['name'], `tool \`${row.name}\` is defined twice; rename one`));
    else tools.set(row.name, toolOf(row, args));
  }
  return problems.length > 0 ? err(problems) : ok(tools);
}

function toolOf(row: z.output<typeof schema>, args: z.ZodType): Tool {
  const { name, description, kind, url, read_only: readOnly, remote_name: remoteName = name } = row;
  return { name, description, capability: `tool.invoke.${name}`, kind, url, readOnly, remoteName, args };
}

function argumentsSchema(of: Readonly<Record<string, unknown>>): z.ZodType | null {
  try {
    return matchInLinearTime(z.fromJSONSchema(of as Parameters<typeof z.fromJSONSchema>[0]));
  } catch {
    return null;
  }
}
