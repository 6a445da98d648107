/**
 * The taxonomy: every category that exists, with what it means, how risky it is and whether it is blocked before
 * anyone decides otherwise. A list, a rule or a control that names another category is refused.
 */

import { z } from 'zod';
import { parseHost } from '../core/host.ts';
import { err, ok, type Problem, type Result } from '../core/result.ts';
import { parseYamlFile, type YamlFile } from '../core/strict-yaml.ts';
import { words } from '../core/words.ts';

export const RISKS = ['low', 'medium', 'high', 'critical'] as const;
export type Risk = (typeof RISKS)[number];

/** Categories that `derived.ts` works out from the host itself; the taxonomy must describe exactly these as derived. */
export const DERIVED_CATEGORIES = ['ip-literal', 'single-label', 'special-use', 'uncategorised'] as const;

/** Never missing: the walk sets it even with no list at all. */
export const CLOUD_METADATA = 'cloud-metadata';

export interface Category {
  /** Kebab-case; what policies, controls, facts and metrics say. */
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly risk: Risk;
  /** 1 direct exfiltration, 2 dual use, 3 threat and hygiene, 4 content. */
  readonly tier: 1 | 2 | 3 | 4;
  readonly defaultBlocked: boolean;
  /** `platform`: an entry that is a public suffix covers its customers' names too; `site`: the suffix host alone. */
  readonly scope: 'site' | 'platform';
  /** Worked out from the host; lists may not name it. */
  readonly derived: boolean;
  readonly examples: readonly string[];
  /** Where it is defined, for explanations. */
  readonly line: number;
}

export interface Taxonomy {
  readonly file: string;
  /** Sorted by id. */
  readonly categories: readonly Category[];
  readonly byId: ReadonlyMap<string, Category>;
}

const ID = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;

const schema = z.strictObject({
  version: z.literal(1),
  categories: z
    .array(
      z.strictObject({
        id: z.string().regex(ID, 'a category id is kebab-case, for example `paste-sites`').max(40),
        name: z.string().min(1).max(80),
        description: words(400),
        risk: z.enum(RISKS),
        tier: z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(4)]),
        default_blocked: z.boolean(),
        scope: z.enum(['site', 'platform']).default('site'),
        derived: z.boolean().default(false),
        examples: z.array(z.string()).max(12),
      }),
    )
    .min(1)
    .max(1000),
});

/** Parses `categories/taxonomy.yaml`. */
export function parseTaxonomy(file: string, text: string): Result<Taxonomy, Problem[]> {
  const yaml = parseYamlFile(file, text, schema);
  if (!yaml.ok) return yaml;
  const problems = check(file, yaml.value);
  if (problems.length > 0) return err(problems);
  const categories = yaml.value.value.categories
    .map((row, i) => ({
      id: row.id,
      name: row.name,
      description: row.description,
      risk: row.risk,
      tier: row.tier,
      defaultBlocked: row.default_blocked,
      scope: row.scope,
      derived: row.derived,
      examples: row.examples,
      line: yaml.value.line(['categories', i]),
    }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  return ok(Object.freeze({ file, categories, byId: new Map(categories.map((c) => [c.id, c])) }));
}

/** Ids of the categories that are blocked before anyone decides otherwise, sorted. */
export function blockedByDefault(taxonomy: Taxonomy): readonly string[] {
  return taxonomy.categories.filter((c) => c.defaultBlocked).map((c) => c.id);
}

function check(file: string, yaml: YamlFile<z.infer<typeof schema>>): Problem[] {
  const problems: Problem[] = [];
  const say = (path: readonly PropertyKey[], message: string) =>
    problems.push({ file, line: yaml.line(path), column: 1, message });
  const seen = new Set<string>();
  const derived: readonly string[] = DERIVED_CATEGORIES;
  for (const [i, row] of yaml.value.categories.entries()) {
    if (seen.has(row.id)) say(['categories', i, 'id'], `category \`${row.id}\` is defined twice; remove one`);
    seen.add(row.id);
    if (row.derived !== derived.includes(row.id)) {
      say(['categories', i], `category \`${row.id}\`: \`derived\` must be ${derived.includes(row.id)}`);
    }
    for (const [n, example] of row.examples.entries()) {
      const host = parseHost(example);
      if (host.ok && host.value.name === example) continue;
      say(
        ['categories', i, 'examples', n],
        `example \`${example}\` is not a canonical host; write it as it is looked up`,
      );
    }
  }
  for (const id of [...derived, CLOUD_METADATA]) {
    if (!seen.has(id)) problems.push({ file, line: 0, column: 0, message: `category \`${id}\` is missing; add it` });
  }
  return problems;
}
