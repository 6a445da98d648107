/**
 * What no start need do again, done once at set-up: the shipped DLP rules read, tested and analysed, the shipped categories
 * compiled, the shipped policy compiled and checked, the code of isolates and of their hosts stripped of its types. Does nothing
 * where that was done. Exit 1 when a shipped file is wrong, or what was made cannot be kept.
 */

import { fileURLToPath } from 'node:url';
import { prepareCurated } from '../src/control/load-categories.ts';
import { loadPolicy } from '../src/control/load-revision.ts';
import { compileRuleFiles, readRuleFiles } from '../src/control/load-rules.ts';
import { preparePolicy } from '../src/control/prepared-policy.ts';
import { readPreparedSet, writePreparedRules } from '../src/control/prepared-rules.ts';
import { prepareHost } from '../src/isolates/prepared-host.ts';
import { prepareRuntime } from '../src/isolates/runtime-bundle.ts';
import { readTree } from '../src/store/read-tree.ts';

const shipped = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const rules = shipped('rules');
const roots = { rules: [rules], edits: rules, categories: [shipped('categories')], imports: null };
const loaded = compileRuleFiles(readRuleFiles(roots));
const categories = prepareCurated(roots.categories);
const policy = loadPolicy(roots);
for (const { ok, error } of [loaded, categories, policy]) {
  if (ok) continue;
  for (const { file, line, message } of error) console.error(`${file}:${line}: ${message}`);
  process.exit(1);
}
if (readPreparedSet()?.digest !== loaded.value.digest) writePreparedRules(loaded.value);
const {
  bundle,
  categories: { taxonomy },
} = policy.value;
const [source] = readTree(roots.categories, ['.yaml']).filter(({ path }) => path === taxonomy.file);
preparePolicy({ bundle, taxonomy }, source);
prepareRuntime();
prepareHost();
