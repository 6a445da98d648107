/** A rule file tried: what its rules cost, what they find in a sample, and what past clean results they would have tripped on. */

import type { AnswerOf, InputOf } from '../../admin/contract.ts';
import { compileRuleFiles } from '../../control/load-rules.ts';
import type { Clock } from '../../core/ports.ts';
import type { CompiledRule } from '../../dlp/compiled-rule.ts';
import type { RuleSet } from '../../dlp/compiled-rules.ts';
import { scanLayers } from '../../dlp/scan-layers.ts';
import type { CleanSample, CleanSamples } from './clean-samples.ts';

type Tried = AnswerOf<'ruleTry'>;

const COST_BYTES = 131_072;
/** Most that one trial may spend on the past. */
const PAST_MS = 1000;
const MOST_HITS = 50;
const AROUND = 24;

/** Like what tools return: prose, JSON, a log, code; no two lines are the same. */
const COST_TEXT = costText();

/** Clean results that came before, the latest first, as far as a trial could read them. */
export interface PastSamples {
  /** How many are kept at most; 0 keeps none. */
  readonly most: number;
  readonly list: readonly CleanSample[];
}

/** More than one trial reads in its time. */
const PAST_BYTES = 8 * 1024 * 1024;

export function pastSamples(samples: CleanSamples): PastSamples {
  let left = PAST_BYTES;
  const list = samples.list().toReversed();
  const fit = list.filter(({ bytes }) => {
    left -= bytes.length;
    return left >= 0;
  });
  return { most: samples.most, list: fit };
}

export interface TrialParts {
  readonly inForce: RuleSet;
  readonly past: PastSamples;
  readonly clock: Pick<Clock, 'monotonic'>;
}

const UNTRIED = {
  rules: [],
  findings: [],
  cost: { us_per_kb: 0, all_us_per_kb: 0 },
  past: { samples: 0, tripped: 0, note: '', hits: [] },
};

export function tried({ path, text, sample }: InputOf<'ruleTry'>['body'], { inForce, past, clock }: TrialParts): Tried {
  const compiled = compileRuleFiles([{ path, text }]);
  if (!compiled.ok) return { ...UNTRIED, problems: compiled.error };
  const set = compiled.value;
  const others = inForce.rules.filter(({ file }) => file !== path);
  return {
    problems: set.rules.flatMap((rule) => twice(rule, others)),
    rules: ruleRows(set),
    findings: findingsIn(sample, set),
    cost: costOf(set, inForce, clock),
    past: pastOf(set, past, clock),
  };
}

function costOf(set: RuleSet, inForce: RuleSet, clock: Pick<Clock, 'monotonic'>): Tried['cost'] {
  return { us_per_kb: cost(set, clock), all_us_per_kb: cost(inForce, clock) };
}

/** The second of two runs: the first compiles what is compiled late. */
function cost(set: RuleSet, clock: Pick<Clock, 'monotonic'>): number {
  scanLayers(COST_TEXT, set);
  const began = clock.monotonic();
  scanLayers(COST_TEXT, set);
  return ((clock.monotonic() - began) * 1000) / (COST_TEXT.length / 1024);
}

/** Places in UTF-16 code units: who reads them is a browser. */
function findingsIn(sample: string, set: RuleSet): Tried['findings'] {
  const bytes = Buffer.from(sample, 'utf8');
  return scanLayers(bytes, set).map(({ rule, likelihood, start, end }) => ({
    rule: rule.spec.id,
    info_type: rule.spec.info_type,
    likelihood,
    start: bytes.toString('utf8', 0, start).length,
    end: bytes.toString('utf8', 0, end).length,
    action: rule.spec.actions.result,
  }));
}

function pastOf(set: RuleSet, samples: PastSamples, clock: Pick<Clock, 'monotonic'>): Tried['past'] {
  if (samples.most === 0) {
    return { samples: 0, tripped: 0, note: 'set guard.keep_clean_samples to keep some', hits: [] };
  }
  const until = clock.monotonic() + PAST_MS;
  const hits: Tried['past']['hits'][number][] = [];
  let [read, tripped] = [0, 0];
  for (const { at, tenant, bytes } of samples.list) {
    if (clock.monotonic() > until) break;
    read += 1;
    // Buffers arrive as plain arrays of bytes.
    const text = Buffer.from(bytes);
    const found = scanLayers(text, set);
    if (found.length > 0) tripped += 1;
    for (const { rule, start, end } of found.slice(0, MOST_HITS - hits.length)) {
      const excerpt = text.toString('utf8', Math.max(0, start - AROUND), Math.min(text.length, end + AROUND));
      hits.push({ rule: rule.spec.id, at, tenant, excerpt });
    }
  }
  return { samples: read, tripped, note: read === 0 ? 'no clean result came yet' : '', hits };
}

function costText(): Buffer {
  let text = '';
  for (let i = 0; text.length < COST_BYTES; i += 1) {
    text += `${i} The deployment of service-${i % 37} took ${i * 7} ms, and nobody was paged.\n`;
    text += `{"id":${i},"name":"item ${i}","url":"https://host${i % 11}.example/p/${i}?q=a%20b","ok":true,"ratio":${i / 7}}\n`;
    text += `2026-01-${(i % 28) + 1}T10:00:00Z INFO worker[${i}] handled request in ${i % 900}us status=200\n`;
    text += `export const value${i} = (input) => input.map((row) => row.total * ${i}).filter(Boolean);\n`;
  }
  return Buffer.from(text.slice(0, COST_BYTES), 'utf8');
}

function twice(rule: CompiledRule, others: readonly CompiledRule[]) {
  const other = others.find(({ spec }) => spec.id === rule.spec.id);
  if (other === undefined) return [];
  const message = `rule \`${rule.spec.id}\` is already defined at ${other.file}:${other.line}; rename one`;
  return [{ file: rule.file, line: rule.line, column: 1, message }];
}

/** Rules as the console lists them. */
export function ruleRows({ plan }: RuleSet) {
  return plan.rules.map(({ rule: { spec, file, line }, by }) => ({
    id: spec.id,
    file,
    line,
    description: spec.description,
    info_type: spec.info_type,
    kind: spec.kind,
    severity: spec.severity,
    likelihood: spec.likelihood,
    on_result: spec.actions.result,
    on_request: spec.actions.request,
    searched_by: by,
  }));
}
