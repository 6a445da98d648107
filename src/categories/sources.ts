/** `categories/sources.yaml`: lists of others that are imported, each with its format, path and category. */

import { z } from 'zod';
import { didYouMean } from '../core/nearest.ts';
import { err, ok, type Problem, type Result } from '../core/result.ts';
import { parseYamlFile } from '../core/strict-yaml.ts';
import { IMPORT_FORMATS } from './import-list.ts';
import { IMPORT_NAME } from './stored-list.ts';
import type { Taxonomy } from './taxonomy.ts';

const source = z.strictObject({
  name: z.string().regex(IMPORT_NAME, 'a name is kebab-case, for example `urlhaus`').max(60),
  format: z.enum(IMPORT_FORMATS),
  /** A file, or a directory for `ut1`; relative to the working directory. */
  path: z.string().min(1),
  category: z.string().optional(),
  /** The maker's names → our categories. */
  map: z.record(z.string(), z.string()).default({}),
  subdomains: z.boolean().default(false),
  homepage: z.string().optional(),
  licence: z.string().optional(),
  version: z.string().optional(),
});

const schema = z.strictObject({ version: z.literal(1), sources: z.array(source).max(1000) });

export type ListSource = Readonly<z.infer<typeof source>>;

export function parseSources(file: string, text: string, taxonomy: Taxonomy): Result<readonly ListSource[], Problem[]> {
  const yaml = parseYamlFile(file, text, schema);
  if (!yaml.ok) return yaml;
  const { sources } = yaml.value.value;
  const problems: Problem[] = [];
  const known = taxonomy.categories.filter((c) => !c.derived).map((c) => c.id);
  const seen = new Set<string>();
  for (const [i, row] of sources.entries()) {
    const say = (key: string, message: string) => problems.push(yaml.value.problem(['sources', i, key], message));
    if (seen.has(row.name)) say('name', `source \`${row.name}\` is named twice; rename one`);
    seen.add(row.name);
    for (const { key, category } of categoriesNamed(row)) {
      if (!known.includes(category)) say(key, `no category \`${category}\`; ${didYouMean(category, known)}`);
    }
  }
  return problems.length > 0 ? err(problems) : ok(sources);
}

function categoriesNamed({
  category,
  map,
}: ListSource): readonly { readonly key: string; readonly category: string }[] {
  const mapped = Object.values(map).map((one) => ({ key: 'map', category: one }));
  return category === undefined ? mapped : [{ key: 'category', category }, ...mapped];
}
