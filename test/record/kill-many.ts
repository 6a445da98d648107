/**
 * Thousands of kills: `npm run test:kills -- [kills] [longest life in ms]`. Each hundred begin a new log, since every kill
 * is followed by a verification of the whole of it. Prints JSON; exit 1 when anything acknowledged was lost or altered.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type KillTally, killLoop } from './kill-loop.ts';

const kills = Number(process.argv[2] ?? 2000);
const longest = Number(process.argv[3] ?? 120);
const PER_LOG = 100;
const sum: KillTally = { kills: 0, acknowledged: 0, entries: 0, torn: 0, recovered: 0, problems: [] };
for (let done = 0; done < kills && sum.problems.length === 0; done += PER_LOG) {
  const dir = mkdtempSync(join(tmpdir(), 'locktender-kills-'));
  const one = await killLoop(dir, Math.min(PER_LOG, kills - done), longest, Math.random);
  for (const key of ['kills', 'acknowledged', 'entries', 'torn', 'recovered'] as const) sum[key] += one[key];
  sum.problems.push(...one.problems);
  if (one.problems.length === 0) rmSync(dir, { recursive: true });
  process.stderr.write(`${sum.kills} kills, ${sum.acknowledged} acknowledged, ${sum.problems.length} problems\n`);
}
process.stdout.write(`${JSON.stringify(sum)}\n`);
process.exitCode = sum.problems.length === 0 ? 0 : 1;
