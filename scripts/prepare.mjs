/**
 * What no start need do again, done once at set-up: the shipped DLP rules read, tested and analysed, the shipped categories
 * compiled. Does nothing where that was done. Exit 1 when a shipped file is wrong.
 */

import { fileURLToPath } from 'node:url';
import { prepareCurated } from '../src/control/load-categories.ts';
import { compileRuleFiles, readRuleFiles } from '../src/control/load-revision.ts';
import { readPreparedSet, writePreparedRules } from '../src/control/prepared-rules.ts';

const shipped = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const rules = shipped('rules');
const loaded = compileRuleFiles(readRuleFiles({ rules: [rules], edits: rules, categories: [], imports: '' }));
const categories = prepareCurated([shipped('categories')]);
for (const { ok, error } of [loaded, categories]) {
  if (ok) continue;
  for (const { file, line, message } of error) console.error(`${file}:${line}: ${message}`);
  process.exit(1);
}
if (readPreparedSet()?.digest !== loaded.value.digest) writePreparedRules(loaded.value);
