/** Request classes: what a caller may ask for, and which profiles each may lead to. Admission decides among them. */

import { z } from 'zod';
import { didYouMean } from '../../core/nearest.ts';
import { err, ok, type Problem, type Result } from '../../core/result.ts';
import { parseYamlFile, type YamlFile } from '../../core/strict-yaml.ts';
import { words } from '../../core/words.ts';

export interface RequestClass {
  readonly name: string;
  readonly description: string;
  /** Given when the caller asks for none. */
  readonly profile: string;
  /** All that a caller may ask for by name, the default among them. */
  readonly profiles: readonly string[];
  readonly file: string;
  readonly line: number;
}

export interface Classes {
  /** The class of a caller that names none. */
  readonly fallback: string;
  readonly byName: ReadonlyMap<string, RequestClass>;
}

const schema = z.strictObject({
  version: z.literal(1),
  default: z.string(),
  classes: z
    .array(
      z.strictObject({
        name: z
          .string()
          .regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'a class name is kebab-case')
          .max(60),
        description: words(400),
        profile: z.string(),
        also: z.array(z.string()).default([]),
      }),
    )
    .min(1)
    .max(1000),
});

/** Parses `classes.yaml`; every profile must be one of `profiles`. */
export function parseClasses(file: string, text: string, profiles: ReadonlySet<string>): Result<Classes, Problem[]> {
  const yaml = parseYamlFile(file, text, schema);
  if (!yaml.ok) return yaml;
  const problems: Problem[] = [];
  const byName = new Map<string, RequestClass>();
  for (const [i, row] of yaml.value.value.classes.entries()) {
    if (byName.has(row.name))
      problems.push(yaml.value.problem(['classes', i, 'name'], `class \`${row.name}\` is defined twice; remove one`));
    problems.push(...profileProblems(yaml.value, i, profiles));
    if (row.also.includes(row.profile))
      problems.push(
        yaml.value.problem(['classes', i, 'also'], `profile \`${row.profile}\` is its \`profile\` already; remove one`),
      );
    if (new Set(row.also).size < row.also.length)
      problems.push(yaml.value.problem(['classes', i, 'also'], 'a profile is listed twice; remove one'));
    const { name, description, profile } = row;
    byName.set(name, {
      name,
      description,
      profile,
      profiles: [...new Set([profile, ...row.also])].sort(),
      file,
      line: yaml.value.line(['classes', i]),
    });
  }
  const fallback = yaml.value.value.default;
  if (!byName.has(fallback))
    problems.push(
      yaml.value.problem(['default'], `class \`${fallback}\` is not defined; ${didYouMean(fallback, byName.keys())}`),
    );
  return problems.length > 0 ? err(problems) : ok({ fallback, byName });
}

function profileProblems(yaml: YamlFile<z.infer<typeof schema>>, i: number, profiles: ReadonlySet<string>): Problem[] {
  const row = yaml.value.classes[i];
  if (!row) return [];
  const unknown = (at: readonly PropertyKey[], name: string) =>
    profiles.has(name)
      ? []
      : [yaml.problem(['classes', i, ...at], `profile \`${name}\` is not defined; ${didYouMean(name, profiles)}`)];
  return [...unknown(['profile'], row.profile), ...row.also.flatMap((name, n) => unknown(['also', n], name))];
}
