/** Text → candidates: which rule, where, how likely. Byte offsets of the secret itself; nothing is copied out. */

import { LIKELIHOODS, type Likelihood } from '../core/finding.ts';
import type { CompiledRule, RuleSet } from './compiled-rule.ts';

export interface Candidate {
  readonly rule: CompiledRule;
  /** UTF-8 byte offsets of the secret; end exclusive. */
  readonly start: number;
  readonly end: number;
  readonly likelihood: Likelihood;
}

/** Where the text comes from or goes to, for rules that make exceptions. */
export interface ScanContext {
  readonly host: string;
  readonly tool: string;
}

const NOWHERE: ScanContext = { host: '', tool: '' };

/** Every candidate of every rule, overlaps resolved, in order of position. */
export function scan(text: Buffer, set: RuleSet, context: ScanContext = NOWHERE): Candidate[] {
  const folded = foldAscii(text);
  const found: Candidate[] = [];
  for (const rule of set.rules) {
    if (rule.keywords.length > 0 && !rule.keywords.some((word) => folded.includes(word))) continue;
    found.push(...scanRule(rule, text, context));
  }
  return withoutOverlaps(found);
}

/** Candidates of one rule, whatever its keywords. */
export function scanRule(rule: CompiledRule, text: Buffer, context: ScanContext): Candidate[] {
  if (rule.spec.allow.hosts.includes(context.host) || rule.spec.allow.tools.includes(context.tool)) return [];
  const out: Candidate[] = [];
  const { regex } = rule;
  regex.lastIndex = 0;
  for (let match = regex.exec(text); match; match = regex.exec(text)) {
    const span = (match as unknown as { indices: ([number, number] | undefined)[] }).indices[rule.spec.secret_group];
    // An empty match would stand still for ever.
    if (match[0].length === 0) regex.lastIndex += 1;
    if (span && span[1] > span[0] && accepted(rule, text, span)) {
      out.push({ rule, start: span[0], end: span[1], likelihood: likelihoodOf(rule, text, span) });
    }
  }
  return out;
}

function accepted(rule: CompiledRule, text: Buffer, [start, end]: readonly [number, number]): boolean {
  const secret = text.subarray(start, end);
  if (!rule.validators.every((valid) => valid(secret))) return false;
  const { stopwords } = rule.spec.allow;
  if (stopwords.length > 0) {
    const lower = secret.toString('utf8').toLowerCase();
    if (stopwords.some((word) => lower.includes(word.toLowerCase()))) return false;
  }
  return !rule.allowRegexes.some((regex) => {
    regex.lastIndex = 0;
    return regex.test(secret);
  });
}

function likelihoodOf(rule: CompiledRule, text: Buffer, [start, end]: readonly [number, number]): Likelihood {
  const { context, likelihood } = rule.spec;
  if (rule.confirm.length > 0 && rule.confirm.every((valid) => valid(text.subarray(start, end)))) return 'VERY_LIKELY';
  if (!context) return likelihood;
  const around = [text.subarray(Math.max(0, start - context.before), start), text.subarray(end, end + context.after)];
  const lower = around.map((part) => part.toString('utf8').toLowerCase()).join(' ');
  if (!context.words.some((word) => lower.includes(word.toLowerCase()))) return likelihood;
  const raised = Math.min(LIKELIHOODS.length - 1, LIKELIHOODS.indexOf(likelihood) + context.boost);
  return LIKELIHOODS[raised] ?? likelihood;
}

/** Of overlapping candidates the likelier stays, then the longer, then the earlier. */
function withoutOverlaps(found: Candidate[]): Candidate[] {
  const rank = (c: Candidate) => LIKELIHOODS.indexOf(c.likelihood);
  found.sort((a, b) => rank(b) - rank(a) || b.end - b.start - (a.end - a.start) || a.start - b.start);
  const kept: Candidate[] = [];
  for (const one of found) if (!kept.some((k) => one.start < k.end && k.start < one.end)) kept.push(one);
  return kept.sort((a, b) => a.start - b.start);
}

/** ASCII letters to lower case, byte for byte, so that offsets stay. */
function foldAscii(text: Buffer): Buffer {
  const out = Buffer.from(text);
  for (let i = 0; i < out.length; i += 1) {
    const byte = out[i] ?? 0;
    if (byte >= 65 && byte <= 90) out[i] = byte | 32;
  }
  return out;
}
