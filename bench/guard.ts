/**
 * The guard's scanner against a loop of RE2 and a loop of JavaScript's RegExp, over the same rules and the same text in
 * one run. `bin/node24 node bench/guard.ts [MB]` prints JSON; rates by CPU time, because cores are shared.
 */

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../src/config/load.ts';
import { loadRules, rootsOf } from '../src/control/load-revision.ts';
import type { RuleSet } from '../src/dlp/compiled-rules.ts';
import { makePlan } from '../src/dlp/prefilter/plan.ts';
import { scan, scanRule } from '../src/dlp/scan.ts';
import { median, rounded, summary, timeEach } from './measure.ts';

const MEGABYTE = 1_000_000;
const ROUNDS = 3;
const size = (Number(process.argv[2]) || 10) * MEGABYTE;

const config = loadConfig({ file: null, text: null, env: {}, flags: {}, cwd: process.cwd() });
if (!config.ok) throw new Error('the default configuration does not load');
const loaded = loadRules(rootsOf(config.value));
if (!loaded.ok) throw new Error(loaded.error[0]?.message);
const all = loaded.value;
const secrets = subset((kind) => kind === 'secret');
const mixed = agentText(size);
const hostile = hostileText(size / 10);

process.stdout.write(
  `${JSON.stringify(
    {
      unit: 'MB per second of CPU',
      bytes: mixed.length,
      secrets: { rules: secrets.rules.length, ...rates(secrets, mixed) },
      secretsAndPersonalData: { rules: all.rules.length, ...rates(all, mixed) },
      hostile: { bytes: hostile.length, prefilter: rate(hostile, () => scan(hostile, all)) },
      toolResult2KB: {
        unit: 'µs',
        ...summary(
          timeEach(5000, 1000, (i) => scan(result(i), all)),
          1000,
        ),
      },
    },
    null,
    2,
  )}\n`,
);

function rates(set: RuleSet, text: Buffer) {
  const part = text.subarray(0, text.length / 10);
  const source = part.toString('utf8');
  const expressions = set.rules.flatMap(({ spec }) => javascript(spec.regex));
  const prefilter = rate(text, () => scan(text, set));
  const re2 = rate(part, () => set.rules.map((rule) => scanRule(rule, part, { host: '', tool: '' })));
  const regexp = rate(part, () => expressions.map((one) => source.match(one)), 1);
  return { prefilter, re2Loop: re2, regExpLoop: regexp, timesRe2Loop: rounded(prefilter / re2) };
}

function rate(text: Buffer, act: () => unknown, rounds = ROUNDS): number {
  const runs = Array.from({ length: rounds }, () => {
    const before = process.cpuUsage();
    act();
    const { user, system } = process.cpuUsage(before);
    return text.length / (user + system);
  });
  return rounded(median(runs));
}

function subset(keep: (kind: string) => boolean): RuleSet {
  const rules = all.rules.filter(({ spec }) => keep(spec.kind));
  return { ...all, rules, plan: makePlan(rules) };
}

/** JavaScript's equal of a rule, where it has one: inline flags are RE2's. */
function javascript(text: string): RegExp[] {
  try {
    return [new RegExp(text.replace(/^\(\?i\)/, '').replaceAll('(?i:', '(?:'), text.startsWith('(?i)') ? 'gi' : 'g')];
  } catch {
    return [];
  }
}

/** Sources, documentation and JSON from the installed packages: what agents read. */
function agentText(bytes: number): Buffer {
  const parts: Buffer[] = [];
  let total = 0;
  const pending = [fileURLToPath(new URL('../node_modules', import.meta.url))];
  for (let dir = pending.shift(); dir !== undefined && total < bytes; dir = pending.shift()) {
    for (const entry of readdirSync(dir, { withFileTypes: true })) {
      const path = join(dir, entry.name);
      if (entry.isDirectory()) pending.push(path);
      else if (/\.(?:[cm]?[jt]s|json|md)$/.test(entry.name) && statSync(path).size < 200_000 && total < bytes) {
        const part = readFileSync(path);
        parts.push(part);
        total += part.length;
      }
    }
  }
  return Buffer.concat(parts);
}

/** Nothing but beginnings of secrets, digits and capitals: every anchor hits, no rule matches. */
function hostileText(bytes: number): Buffer {
  const parts: string[] = [];
  for (let i = 0, total = 0; total < bytes; i += 1) {
    const hex = createHash('sha256').update(String(i)).digest('hex');
    const text =
      ['ghp_', 'api_key = ', 'password: ', 'AKIA', '4111 1111 ', 'sk_live_', 'secret token key '][i % 7] ?? '';
    parts.push(text, hex.slice(0, i % 9), '\n');
    total += text.length + (i % 9) + 1;
  }
  return Buffer.from(parts.join(''));
}

function result(i: number): Buffer {
  const at = (i * 2048) % (mixed.length - 2048);
  return mixed.subarray(at, at + 2048);
}
