// Prints `<passed> <failed>` from vitest's JSON result. A file that did not load counts as a failure.
import { readFileSync } from 'node:fs';

const result = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const brokenFiles = result.testResults.filter((f) => f.status === 'failed' && f.assertionResults.length === 0).length;
const failed = result.numFailedTests + brokenFiles;
console.log(result.numPassedTests, result.success ? failed : Math.max(failed, 1));
