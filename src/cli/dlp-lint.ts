/** `locktender dlp lint`: what could be better about rules, what each costs, and the text that makes it work the most. */

import type { Command } from 'commander';
import type { CompiledRule } from '../dlp/compiled-rule.ts';
import type { RuleSet } from '../dlp/compiled-rules.ts';
import { makePlan } from '../dlp/prefilter/plan.ts';
import { type RuleCost, ruleCost, type WorstCase, worstCases } from '../dlp/rule-cost.ts';
import { scan } from '../dlp/scan.ts';
import { type CliIo, type CommonOptions, EXIT } from './context.ts';
import { type CliParts, leaf } from './leaf.ts';
import { plain, printJson, printTable } from './print.ts';

interface Warning {
  readonly file: string;
  readonly line: number;
  readonly rule: string;
  readonly message: string;
}

interface LintOptions extends CommonOptions {
  readonly rules?: string;
  readonly costs: boolean;
}

interface Timed extends WorstCase {
  readonly mb_per_second: number;
}

interface Costed extends RuleCost {
  readonly rule: string;
  /** The slowest of all; null when nothing was to be timed. */
  readonly worst: Timed | null;
  /** The slowest of those in which there is nothing to be found. */
  readonly worst_in_vain: Timed | null;
}

/** Bytes of a worst case that are timed. */
const TIMED = 4 * 1024;
const MEGABYTE = 1024 * 1024;
/** Beyond it a rule is asked so often that it slows every text down. */
const MOST_ASKED_PER_MB = 20_000;
/** A worst case below it, in megabytes a second, is one that a sandbox can slow the gate down with. */
const SLOWEST = 0.3;
const SHOWN = 48;

export function addLint(dlp: Command, parts: CliParts, rulesOf: (options: LintOptions, io: CliIo) => RuleSet): void {
  leaf<LintOptions>(dlp, 'lint', parts, {
    summary: 'what could be better about the rules; the cost of each, and its worst case, the dearest first',
    declare: (command) => {
      command
        .option('--rules <dir>', 'directory of rule files')
        .option('--no-costs', 'times nothing, prints warnings alone');
    },
    run: async (_, options, { io }) => {
      const set = rulesOf(options, io);
      const costs = new Map(set.rules.map((rule) => [rule, costOf(rule, options.costs ? set : null)]));
      const warnings = [...costs].flatMap(([rule, cost]) => warningsOf(rule, cost));
      const rows = [...costs.values()].sort(dearestFirst);
      if (options.json) printJson(io, { warnings, rules: rows });
      else print(io, warnings, options.costs ? rows : []);
      return warnings.length > 0 ? EXIT.failed : EXIT.done;
    },
  });
}

function print(io: CliIo, warnings: readonly Warning[], costs: readonly Costed[]): void {
  for (const w of warnings) io.stdout(`${w.file}:${w.line}: ${w.rule}: ${w.message}\n`);
  if (costs.length === 0) return;
  printTable(
    io,
    ['RULE', 'KNOWN BY', 'ASKED/MB', 'LONGEST', 'WORST MB/S', 'WORST CASE'],
    costs.map(({ rule, by, anchors, asked_per_mb, longest, worst }) => [
      ...[rule, by === 'texts' ? short(anchors.join(' ')) : by, asked_per_mb, longest ?? 'no bound'],
      ...[worst?.mb_per_second, worst && `${worst.what}: ${short(worst.unit)}`],
    ]),
  );
}

function short(text: string): string {
  const line = plain(text);
  return line.length <= SHOWN ? line : `${line.slice(0, SHOWN - 1)}…`;
}

function warningsOf({ spec, file, line, keywords: words }: CompiledRule, cost: Costed): Warning[] {
  const warn = (message: string): Warning => ({ file, line, rule: spec.id, message });
  const { by, keywords, asked_per_mb, worst_in_vain: worst } = cost;
  const out: Warning[] = [];
  if (by === 'everything' && !keywords)
    out.push(
      warn(
        'no text and no place is in every match, so it runs over every text; add keywords, or text to the expression',
      ),
    );
  else if (by !== 'everything' && asked_per_mb > MOST_ASKED_PER_MB)
    out.push(warn(`ordinary text asks it ${asked_per_mb} times a megabyte; make what it begins with rarer`));
  if (words.some((word) => word.length < 3))
    out.push(warn('a keyword of fewer than three characters filters nothing; make it longer'));
  if (worst !== null && worst.mb_per_second < SLOWEST)
    out.push(warn(`${worst.what} of it are read at ${worst.mb_per_second} MB/s; bound its repetitions`));
  return out;
}

function costOf(rule: CompiledRule, set: RuleSet | null): Costed {
  const timed = set === null ? [] : timedCases(rule, set);
  const vain = timed.filter(({ what }) => what !== 'matches');
  return { rule: rule.spec.id, ...ruleCost(rule), worst: slowest(timed), worst_in_vain: slowest(vain) };
}

/** Each alone, so that the figure is its own. */
function timedCases(rule: CompiledRule, set: RuleSet): Timed[] {
  const alone = { ...set, rules: [rule], plan: makePlan([rule]) };
  return worstCases(rule).map((of) => ({ ...of, mb_per_second: speedOf(of.unit, alone) }));
}

function slowest(timed: readonly Timed[]): Timed | null {
  return timed.reduce<Timed | null>((a, b) => (a === null || b.mb_per_second < a.mb_per_second ? b : a), null);
}

function speedOf(unit: string, set: RuleSet): number {
  const text = Buffer.from(unit.repeat(Math.ceil(TIMED / Buffer.byteLength(unit))), 'utf8');
  // The quickest of three: the first also compiles.
  const ms = Math.min(once(text, set), once(text, set), once(text, set));
  return Math.round((text.length / MEGABYTE / ms) * 1000 * 10) / 10;
}

/** Milliseconds of processor time: what else the machine does is no fault of the rule. */
function once(text: Buffer, set: RuleSet): number {
  const start = process.cpuUsage();
  scan(text, set);
  const { user, system } = process.cpuUsage(start);
  return Math.max(1e-3, (user + system) / 1000);
}

function dearestFirst(a: Costed, b: Costed): number {
  return (a.worst?.mb_per_second ?? 0) - (b.worst?.mb_per_second ?? 0) || b.asked_per_mb - a.asked_per_mb;
}
