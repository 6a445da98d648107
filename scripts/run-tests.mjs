// Runs vitest with these arguments and prints `<passed> <failed>` as its last line. Up to three files that fail, or whose
// process is lost, are run once more with the machine to themselves, since the tests use real processes, sockets and
// clocks; whatever fails twice has failed. One that passes then is named as unstable, with what it said the first time:
// that is a fault to be found, not one that is forgiven.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

const MOST_AGAIN = 3;
const own = mkdtempSync(join(tmpdir(), 'locktender-results-'));

/** Results by file; null where vitest itself broke, or an error belongs to no test. */
function run(name, args) {
  const outputFile = join(own, `${name}.json`);
  const env = { ...process.env, LOCKTENDER_TEST_JSON: outputFile };
  const { status } = spawnSync('vitest', ['run', ...args], { env, stdio: 'inherit' });
  try {
    const { testResults } = JSON.parse(readFileSync(outputFile, 'utf8'));
    const files = new Map(testResults.map((file) => [file.name, file]));
    if (JSON.parse(readFileSync(`${outputFile}.errors`, 'utf8')).length > 0) return null;
    const broken = [...files.values()].some((file) => file.status !== 'passed');
    return status === 0 || broken ? files : null;
  } catch {
    return null;
  }
}

const count = (file, status) => file.assertionResults.filter((one) => one.status === status).length;
const failures = (file) => (file.status === 'passed' ? 0 : Math.max(1, count(file, 'failed')));

function firstWords(file) {
  const failed = file.assertionResults.filter((one) => one.status === 'failed');
  if (failed.length === 0) return [`  ${file.message.split('\n')[0] || 'its process was lost'}`];
  return failed.map((one) => `  ${one.fullName}: ${one.failureMessages[0]?.split('\n')[0] ?? ''}`);
}

function main() {
  const files = run('all', process.argv.slice(2));
  if (files === null) return [0, 1];
  const troubled = [...files.values()].filter((file) => file.status !== 'passed');
  if (troubled.length > 0 && troubled.length <= MOST_AGAIN) {
    const again = run('again', ['--no-file-parallelism', ...troubled.map(({ name }) => relative(process.cwd(), name))]);
    for (const first of troubled) {
      const second = again?.get(first.name);
      if (second === undefined) continue;
      files.set(first.name, second);
      if (second.status !== 'passed') continue;
      console.log(`unstable: ${relative(process.cwd(), first.name)} passed when it was run again; at first:`);
      for (const line of firstWords(first)) console.log(line);
    }
  }
  let passed = 0;
  let failed = 0;
  for (const file of files.values()) {
    passed += count(file, 'passed');
    failed += failures(file);
  }
  return [passed, failed];
}

const counts = main();
rmSync(own, { recursive: true, force: true });
console.log(...counts);
