/** `locktender dlp …`: the guard offline. */

import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { rootsOf } from '../control/load-revision.ts';
import { compileRuleFiles, loadRules } from '../control/load-rules.ts';
import type { Problem, Result } from '../core/result.ts';
import type { RuleSet } from '../dlp/compiled-rules.ts';
import { makePlan } from '../dlp/prefilter/plan.ts';
import type { AlreadyKnown } from '../dlp/rule-set.ts';
import { scan } from '../dlp/scan.ts';
import { readTree } from '../store/read-tree.ts';
import { CliFailure, type CliIo, type CommonOptions, EXIT, must } from './context.ts';
import { addDlpImport } from './dlp-import.ts';
import { addLint } from './dlp-lint.ts';
import { addDlpMakers } from './dlp-make.ts';
import { addScan } from './dlp-scan.ts';
import { passedStamps } from './dlp-stamps.ts';
import { configOf } from './given-config.ts';
import { type CliParts, group, leaf } from './leaf.ts';
import { printJson, printTable } from './print.ts';

interface RulesOptions extends CommonOptions {
  readonly rules?: string;
}

export function addDlp(program: Command, parts: CliParts): void {
  const dlp = group(program, 'dlp', 'DLP rules: scan, test, lint, import, bench; rules made from own data');
  addScan(dlp, parts, (options, io) => rulesOf(options, io));
  leaf<RulesOptions>(dlp, 'test', parts, {
    summary: 'runs the tests inside every rule; exit 1 when one fails',
    declare: (command) => void command.option('--rules <dir>', 'directory of rule files'),
    run: async (_, options, { io }) => {
      const { rules, digest } = rulesOf(options, io, EXIT.failed);
      const tests = rules.reduce((n, { spec }) => n + spec.tests.match.length + spec.tests.no_match.length, 0);
      if (options.json) return printJson(io, { ok: true, rules: rules.length, tests, digest });
      io.stdout(`${rules.length} rules, ${tests} tests passed\n`);
    },
  });
  addLint(dlp, parts, (options, io) => rulesOf(options, io, EXIT.failed));
  leaf<RulesOptions & { mb: string }>(dlp, 'bench', parts, {
    summary: 'cost of every rule on generated agent text, the dearest first',
    declare: (command) => {
      command.option('--rules <dir>', 'directory of rule files').option('--mb <n>', 'megabytes of text', '4');
    },
    run: async (_, options, { io }) => {
      if (!/^[1-9][0-9]{0,2}$/.test(options.mb))
        throw new CliFailure(EXIT.usage, `\`${options.mb}\` is not a number of megabytes; give one from 1 to 999`);
      bench(rulesOf(options, io), Number(options.mb), { io, json: options.json === true });
    },
  });
  addDlpMakers(dlp, parts);
  addDlpImport(dlp, parts, (options, io) => new Set(rulesOf(options, io).rules.map(({ spec }) => spec.info_type)));
}

/**
 * The rules of a directory of rule files, of a rules directory with `dlp/` in it, or of the configuration. Commands that
 * report on the rules themselves (`exit` is `failed`) always run their tests; others do so once for a set of rules.
 */
export function rulesOf(
  options: RulesOptions,
  io: CliIo,
  exit: typeof EXIT.usage | typeof EXIT.failed = EXIT.usage,
): RuleSet {
  const stamps = passedStamps(io.env);
  const known = exit === EXIT.usage ? { passed: stamps.has } : { retest: true };
  const rules = must(loaded(options, io, known), exit);
  stamps.add(rules.digest);
  return rules;
}

function loaded(options: RulesOptions, io: CliIo, known: AlreadyKnown): Result<RuleSet, Problem[]> {
  if (options.rules === undefined) return loadRules(rootsOf(configOf(options, io)), known);
  const dir = resolve(io.cwd, options.rules);
  try {
    const files = readTree([dir], ['.yaml', '.yml']);
    const packs = files.filter((file) => file.path.startsWith('dlp/'));
    return compileRuleFiles(packs.length > 0 ? packs : files, known);
  } catch (error) {
    if (error instanceof CliFailure || !(error instanceof Error)) throw error;
    throw new CliFailure(EXIT.usage, error.message);
  }
}

function bench(set: RuleSet, megabytes: number, { io, json }: { io: CliIo; json: boolean }): void {
  const text = sampleText(megabytes * 1024 * 1024);
  const timed = (rules: RuleSet): number => {
    const start = process.hrtime.bigint();
    scan(text, rules);
    return Number(process.hrtime.bigint() - start) / 1e6;
  };
  timed(set);
  const whole = timed(set);
  const rows = set.rules
    .map((rule) => ({ rule: rule.spec.id, ms: timed({ ...set, rules: [rule], plan: makePlan([rule]) }) }))
    .sort((a, b) => b.ms - a.ms);
  const mbPerSecond = Math.round((text.length / 1048576 / whole) * 1000 * 10) / 10;
  if (json) {
    printJson(io, { bytes: text.length, ms: whole, mb_per_second: mbPerSecond, rules: rows });
    return;
  }
  io.stdout(`${set.rules.length} rules: ${mbPerSecond} MB/s on ${megabytes} MB\n`);
  printTable(
    io,
    ['RULE', 'MS'],
    rows.slice(0, 20).map((r) => [r.rule, r.ms.toFixed(2)]),
  );
}

/** Repeatable text of the kinds that agents handle: prose, logs, JSON, code. */
function sampleText(bytes: number): Buffer {
  const lines: string[] = [];
  let size = 0;
  for (let i = 0; size < bytes; i += 1) {
    const hash = createHash('sha256').update(String(i)).digest('hex');
    const line =
      [
        `2026-01-02T03:04:05Z INFO request ${hash.slice(0, 12)} took ${i % 997} ms`,
        `{"id":${i},"name":"item ${hash.slice(0, 6)}","tags":["a","b"],"ok":true}`,
        'The quick brown fox reads the documentation before it opens a pull request.',
        `  const value_${i} = compute(input[${i % 31}], '${hash.slice(0, 16)}');`,
      ][i % 4] ?? '';
    lines.push(line);
    size += line.length + 1;
  }
  return Buffer.from(lines.join('\n'), 'utf8');
}
