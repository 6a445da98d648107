/** How a decision is explained: what decided it, where that stands, what it rests on, and what would allow it. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { CategoryIndex } from '../categories/category-index.ts';
import { loadPolicy, rootsOf, sha256Text } from '../control/load-revision.ts';
import type { DecisionEvent } from '../core/event.ts';
import { parseHost } from '../core/host.ts';
import { PRECEDENCE, type PrecedenceStep } from '../core/reasons.ts';
import { bundleFromDocument } from '../policy/bundle/bundle-document.ts';
import { NOTHING_WAIVED } from '../policy/case.ts';
import { decideQuestion } from '../policy/decide.ts';
import { questionFrom } from '../policy/decision-input.ts';
import type { WhatIfAnswer } from '../policy/trials/what-if.ts';
import { openBundleStore } from '../store/bundle-store.ts';
import { CliFailure, type CliIo, type CommonOptions, EXIT, must } from './context.ts';
import { configOf } from './given-config.ts';
import { printJson } from './print.ts';
import { hasLog, type RecordedDecision, recordedDecisions } from './recorded-events.ts';

/** Which list says that a host is in a category, and how old it is. */
export interface CategorySaid {
  readonly category: string;
  readonly list: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly version: string | null;
  /** When it was imported (RFC 3339), or the day on which a curated list was last reviewed. */
  readonly date: string | null;
}

export interface PrecedenceLine {
  readonly step: PrecedenceStep;
  readonly spoke: 'passed over' | 'decided' | 'not reached';
}

export function sourcesOf(name: string, index: CategoryIndex): readonly CategorySaid[] {
  const host = parseHost(name.includes(':') && !name.startsWith('[') ? `[${name}]` : name);
  if (!host.ok) return [];
  return index.explain(host.value).reasons.map(({ category, by, list, line }) => ({
    category,
    list: list?.name ?? by,
    file: list?.file ?? null,
    line,
    version: list?.version ?? null,
    date: list?.date ?? null,
  }));
}

/** Every step in order; the first that spoke decided. */
export function precedenceOf({ step }: Pick<WhatIfAnswer, 'step'>): readonly PrecedenceLine[] {
  const at = step === null ? -1 : PRECEDENCE.indexOf(step);
  return PRECEDENCE.map((name, i) => ({
    step: name,
    spoke: at < 0 || i > at ? 'not reached' : i === at ? 'decided' : 'passed over',
  }));
}

export function explainRecorded(id: string, options: CommonOptions, io: CliIo): void {
  const config = configOf(options, io);
  if (!hasLog(config.state)) {
    throw new CliFailure(
      EXIT.usage,
      `there is no record in \`${config.state}\`; name its state directory with --state`,
    );
  }
  const found = find(id, config.state);
  if (!found) throw new CliFailure(EXIT.usage, `no decision \`${id}\` is in the record; see \`audit query\``);
  const { event } = found;
  const { index } = must(loadPolicy(rootsOf(config))).categories;
  const { effect, reason, step, mode, rule, capability, categories, facts, input } = event;
  const would_allow = remediesThen(found, config.state);
  const answer: WhatIfAnswer = { effect, reason, step, mode, rule, capability, categories, facts, would_allow };
  const sources = sourcesOf(input.host ?? '', index);
  // The record keeps the categories of then; lists of now say the same only when the index is still the same.
  const sources_as_of = index.digest === input.category_index ? 'then' : 'now';
  if (options.json) {
    const { id: decision, time, tenant, task } = event;
    const precedence = precedenceOf(answer);
    printJson(io, {
      decision,
      time,
      tenant,
      task,
      ...answer,
      input,
      category_sources: sources,
      sources_as_of,
      precedence,
    });
    return;
  }
  io.stdout(`decision ${event.id} at ${event.time}, task ${event.task ?? '-'} of ${event.tenant ?? '-'}\n`);
  io.stdout(`request: ${input.method} ${input.scheme ?? '-'}://${input.host ?? '-'}:${input.port ?? '-'}\n`);
  io.stdout(`bundle ${input.bundle}, controls version ${input.controls}\n`);
  printDecision(io, answer);
  printSources(io, sources, answer);
  if (sources_as_of === 'now') io.stdout('the category lists have changed since; what they say is as of now\n');
}

function find(id: string, state: string): RecordedDecision | null {
  for (const found of recordedDecisions(state)) if (found.event.id === id) return found;
  return null;
}

/** What would have allowed it, under the bundle and controls of then; nothing when they are not kept. */
function remediesThen({ event, controls }: RecordedDecision, state: string): readonly string[] {
  const bundle = event.effect === 'deny' ? keptBundle(event, state) : null;
  const question = bundle && questionFrom(event);
  if (!bundle || !question || controls === null) return [];
  const decision = decideQuestion(question, { bundle, controls, waived: NOTHING_WAIVED });
  return decision.effect === 'deny' ? decision.wouldAllow : [];
}

function keptBundle({ input }: DecisionEvent, state: string) {
  const dir = join(state, 'bundles');
  const text = existsSync(dir) ? openBundleStore(dir).get(input.bundle) : null;
  const bundle = text === null ? null : bundleFromDocument(text, input.bundle, sha256Text);
  return bundle?.ok ? bundle.value : null;
}

export function printDecision(io: CliIo, answer: WhatIfAnswer): void {
  const { effect, reason, step, rule, capability, categories, facts, would_allow: remedies } = answer;
  io.stdout(`${effect}: ${reason}${step === null ? '' : ` (${step})`}\n`);
  if (rule !== null) io.stdout(`rule: ${rule.id}${rule.file === null ? '' : ` at ${rule.file}:${rule.line}`}\n`);
  if (capability !== null) io.stdout(`capability: ${capability}\n`);
  io.stdout(`categories: ${categories.join(' ') || '-'}\nfacts: ${facts.join(' ') || '-'}\n`);
  for (const remedy of remedies) io.stdout(`would allow it: ${remedy}\n`);
}

/** `imported 2026-11-20T10:00:00Z, 8 days ago`: a time is of an import, a day alone of a review. */
export function ageOf(date: string, now: number): string {
  const days = Math.max(0, Math.floor((now - Date.parse(date)) / 86_400_000));
  const ago = days === 0 ? 'today' : days === 1 ? '1 day ago' : `${days} days ago`;
  return `${date.includes('T') ? 'imported' : 'reviewed'} ${date}, ${ago}`;
}

export function printSources(io: CliIo, sources: readonly CategorySaid[], answer: Pick<WhatIfAnswer, 'step'>): void {
  for (const { category, list, file, line, date } of sources) {
    const where = file === null ? list : `${file}:${line}`;
    io.stdout(`category ${category}: ${where}${date === null ? '' : `, ${ageOf(date, Date.now())}`}\n`);
  }
  const steps = precedenceOf(answer).filter(({ spoke }) => spoke !== 'not reached');
  if (steps.length > 0) io.stdout(`precedence: ${steps.map(({ step }) => step).join(' → ')}\n`);
}
