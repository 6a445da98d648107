/**
 * The guard's scanner against a loop of RE2, a loop of JavaScript's RegExp and, where the machine has them, Hyperscan,
 * ripgrep and secretlint, over the same rules and the same text in one run. `bin/node24 node bench/guard.ts [MB]` prints
 * JSON; rates are medians by CPU time, because cores are shared. `--own` leaves the peers out.
 */

import { loadConfig } from '../src/config/load.ts';
import { rootsOf } from '../src/control/load-revision.ts';
import { loadRules } from '../src/control/load-rules.ts';
import type { RuleSet } from '../src/dlp/compiled-rules.ts';
import { makePlan } from '../src/dlp/prefilter/plan.ts';
import { scan, scanRule } from '../src/dlp/scan.ts';
import { scanLayers } from '../src/dlp/scan-layers.ts';
import { peersOver } from './guard/peers.ts';
import { agentText, hostileText } from './guard/texts.ts';
import { median, rounded, summary, timeEach } from './measure.ts';

const MEGABYTE = 1_000_000;
const ROUNDS = 5;
const WARM = 4;
/** A loop of expressions is slow: a part of the text says as much. */
const PART = MEGABYTE;
const size = (Number(process.argv[2]) || 10) * MEGABYTE;

const config = loadConfig({ file: null, text: null, env: {}, flags: {}, cwd: process.cwd() });
if (!config.ok) throw new Error('the default configuration does not load');
const loaded = loadRules(rootsOf(config.value));
if (!loaded.ok) throw new Error(loaded.error[0]?.message);
const all = loaded.value;
const mixed = agentText(size);
const hostile = hostileText(size / 10);

type Choice = (kind: string, at: number) => boolean;
const of =
  (...kinds: readonly string[]): Choice =>
  (kind) =>
    kinds.includes(kind);

const sets: Readonly<Record<string, RuleSet>> = {
  secrets: subset(of('secret')),
  personalData: subset(of('pii')),
  secretsAndPersonalData: subset(of('secret', 'pii')),
  injection: subset(of('injection')),
  all,
  // The numbers of rules that the targets speak of: 220 secrets, and 40 kinds of personal data beside them.
  secrets220: subset(spread('secret', 220)),
  secrets220AndPersonalData40: subset(spread('secret', 220), spread('pii', 40)),
};

const own = Object.fromEntries(Object.entries(sets).map(([name, set]) => [name, ownRates(set)]));
const secrets = sets['secrets'] as RuleSet;
process.stdout.write(
  `${JSON.stringify(
    {
      unit: 'MB per second of CPU',
      bytes: mixed.length,
      ...own,
      toolResult2KB: {
        secrets: small(secrets),
        secretsAndPersonalData: small(sets['secretsAndPersonalData'] as RuleSet),
        all: small(all),
      },
      ...(process.argv.includes('--own') ? {} : { peersOnSecrets: peers(secrets) }),
    },
    null,
    2,
  )}\n`,
);

function ownRates(set: RuleSet) {
  const inTypeScript = makePlan(set.rules, 'typescript');
  const findings = scan(mixed, set).length;
  return {
    rules: set.rules.length,
    findingsPerMegabyte: rounded(findings / (mixed.length / MEGABYTE)),
    scan: rate(mixed, () => scan(mixed, set)),
    // As an agent reads it: in results, each scanned for itself.
    inResultsOf64KB: rate(mixed, () => pieces(mixed, 65_536).map((piece) => scan(piece, set))),
    hostile: rate(hostile, () => scan(hostile, set)),
    innerLoop: rate(mixed, () => set.plan.prefilter.scan(mixed)),
    innerLoopInTypeScript: rate(mixed, () => inTypeScript.prefilter.scan(mixed)),
    withLayersAndPaths: rate(mixed.subarray(0, PART), () => scanLayers(mixed.subarray(0, PART), set), 3),
  };
}

function peers(set: RuleSet) {
  const part = mixed.subarray(0, PART);
  const source = part.toString('utf8');
  const expressions = set.rules.flatMap(({ spec }) => javascript(spec.regex));
  const here = rate(mixed, () => scan(mixed, set));
  const re2Loop = rate(part, () => set.rules.map((rule) => scanRule(rule, part, { host: '', tool: '' })), 3);
  return {
    scan: here,
    re2Loop,
    regExpLoop: rate(part, () => expressions.map((one) => source.match(one)), 1),
    timesRe2Loop: rounded(here / re2Loop),
    ...peersOver(
      mixed,
      set.rules.map(({ spec }) => spec.regex),
    ),
  };
}

function small(set: RuleSet) {
  const results = pieces(mixed, 2048);
  const times = timeEach(5000, 3000, (i) => scan(results[i % results.length] as Buffer, set));
  return { unit: 'µs', ...summary(times, 1000) };
}

function pieces(text: Buffer, bytes: number): Buffer[] {
  return Array.from({ length: Math.ceil(text.length / bytes) }, (_, i) => text.subarray(i * bytes, (i + 1) * bytes));
}

/**
 * After unmeasured rounds: expressions are compiled when they are first needed, and what runs on JavaScript is several times as
 * fast once V8 has compiled it, which on a crowded machine takes megabytes.
 */
function rate(text: Buffer, act: () => unknown, rounds = ROUNDS): number {
  for (let left = rounds > 1 ? WARM : 0; left > 0; left -= 1) act();
  const runs = Array.from({ length: rounds }, () => {
    const before = process.cpuUsage();
    act();
    const { user, system } = process.cpuUsage(before);
    return text.length / (user + system);
  });
  return rounded(median(runs));
}

/** So many rules of one kind, evenly from the whole shipped set. */
function spread(wanted: string, count: number): Choice {
  const places = all.rules.flatMap(({ spec }, at) => (spec.kind === wanted ? [at] : []));
  const chosen = new Set(Array.from({ length: count }, (_, n) => places[Math.floor((n * places.length) / count)]));
  return (_, at) => chosen.has(at);
}

function subset(...choices: readonly Choice[]): RuleSet {
  const rules = all.rules.filter(({ spec }, at) => choices.some((chosen) => chosen(spec.kind, at)));
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
