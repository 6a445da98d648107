/**
 * Reads, tests and analyses the shipped DLP rules once, at set-up, so that no start need do it again. Does nothing when
 * that was done. Exit 1 when a shipped rule is wrong.
 */

import { fileURLToPath } from 'node:url';
import { compileRuleFiles, readRuleFiles } from '../src/control/load-revision.ts';
import { readPreparedSet, writePreparedRules } from '../src/control/prepared-rules.ts';

const rules = fileURLToPath(new URL('../rules', import.meta.url));
const loaded = compileRuleFiles(readRuleFiles({ rules: [rules], edits: rules, categories: [], imports: '' }));
if (!loaded.ok) {
  for (const { file, line, message } of loaded.error) console.error(`${file}:${line}: ${message}`);
  process.exit(1);
}
if (readPreparedSet()?.digest !== loaded.value.digest) writePreparedRules(loaded.value);
