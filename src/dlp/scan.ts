/** Text → candidates: which rule, where, how likely. Byte offsets of the secret itself; nothing is copied out. */

import type RE2 from 're2';
import { LIKELIHOODS, type Likelihood } from '../core/finding.ts';
import { addAll } from '../core/large-lists.ts';
import { eachCandidate, type Seen } from './candidates.ts';
import type { CompiledRule } from './compiled-rule.ts';
import type { RuleSet } from './compiled-rules.ts';
import { type JsonPath, matchesPath } from './json-path.ts';
import { bestNamed } from './same-place.ts';
import { secretPlaceOf } from './secret-place.ts';
import { isInMark } from './transform.ts';
import { ANYWHERE, type Starts, type Window } from './window-list.ts';

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
  /** The place in JSON of an offset of the text, null where there is none; absent when nobody knows. */
  readonly pathAt?: (offset: number) => JsonPath | null;
  /** The text is a form: a plus sign stands for a blank. */
  readonly isForm?: boolean;
  /** It leaves: compressed bytes that stand in no encoding are looked into as well, and values are put together. */
  readonly isLeaving?: boolean;
  /** It is no body but a part of a head, of which the values are put together elsewhere. */
  readonly isHead?: boolean;
}

export const NOWHERE: ScanContext = { host: '', tool: '' };

/** Every candidate of every rule, overlaps resolved, in order of position. */
export function scan(text: Buffer, set: RuleSet, context: ScanContext = NOWHERE): Candidate[] {
  return withoutOverlaps(candidatesOf(text, set, context));
}

/**
 * Every candidate of every rule, rule by rule: the same as `scanRule` of each whose keywords are in the text. With `seen`,
 * those that other texts do not show already.
 */
export function candidatesOf(text: Buffer, set: RuleSet, context: ScanContext = NOWHERE, seen?: Seen): Candidate[] {
  const found: Candidate[] = [];
  const search: Parameters<typeof eachCandidate>[2] = ({ rule }, windows, starts) => {
    if (isAllowed(rule, context)) return;
    if (windows === null) addAll(found, scanRule(rule, text, context));
    else addAll(found, inWindows(rule, text, { windows, starts, context }));
  };
  eachCandidate(text, set.plan, search, seen);
  return found;
}

/** Bytes that a window grows by when a match ends with it. */
const WIDER = 256;

/** Candidates of one rule over the whole text, whatever its keywords. */
export function scanRule(rule: CompiledRule, text: Buffer, context: ScanContext): Candidate[] {
  const where = { windows: [[0, text.length, text.length]], starts: ANYWHERE, context } as const;
  return isAllowed(rule, context) ? [] : inWindows(rule, text, where);
}

function isAllowed({ spec: { allow } }: CompiledRule, { host, tool }: ScanContext): boolean {
  return allow.hosts.includes(host) || allow.tools.includes(tool);
}

interface Where {
  readonly windows: readonly Window[];
  readonly starts: Starts;
  readonly context: ScanContext;
}

function inWindows(rule: CompiledRule, text: Buffer, { windows, starts, context }: Where): Candidate[] {
  const out: Candidate[] = [];
  const search = { rule, text, starts, context, out, next: nextMatch(rule) };
  let done = 0;
  for (const [from, to, last] of windows)
    if (to > done && last >= done) done = inWindow([Math.max(from, done), to, last], search);
  return out;
}

interface Search {
  readonly rule: CompiledRule;
  readonly text: Buffer;
  readonly starts: Starts;
  readonly context: ScanContext;
  readonly out: Candidate[];
  readonly next: NextMatch;
}

/** Where the next match may begin. */
function inWindow([from, end, last]: Window, search: Search): number {
  const { text, starts } = search;
  let to = end;
  let part = to === text.length ? text : text.subarray(0, to);
  let done = from;
  // What lies between two anchors is not read.
  for (let at = starts.from(done); at <= to; at = starts.from(done)) {
    const match = search.next(part, at);
    if (match === null) return done;
    if (match.end === to && to < text.length) {
      // It may have taken the end of the window for the end of the text.
      to = Math.min(text.length, to + WIDER);
      part = text.subarray(0, to);
      continue;
    }
    // An empty match would stand still for ever.
    done = match.isEmpty ? match.end + 1 : match.end;
    if (match.secret) take(match.secret, search);
    if (done > last) return done;
  }
  return done;
}

function take([start, end]: readonly [number, number], { rule, text, context, out }: Search): void {
  if (end > start && accepted(rule, text, [start, end]) && !allowedAt(rule, start, context))
    out.push({ rule, start, end, likelihood: likelihoodOf(rule, text, [start, end]) });
}

interface Match {
  readonly end: number;
  readonly isEmpty: boolean;
  readonly secret: readonly [number, number] | undefined;
}

type NextMatch = (part: Buffer, from: number) => Match | null;

/** The first match from a place on. Groups are dear to RE2: it is asked for them where their place does not follow. */
function nextMatch(rule: CompiledRule): NextMatch {
  const { regex } = rule;
  const place = secretPlaceOf(rule);
  const withGroups = (part: Buffer, from: number): Match | null => {
    regex.lastIndex = from;
    const match = regex.exec(part);
    if (match === null) return null;
    const spans = (match as unknown as { indices: ([number, number] | undefined)[] }).indices;
    const [start, end] = spans[0] as [number, number];
    return { end, isEmpty: start === end, secret: spans[rule.spec.secret_group] };
  };
  if (place === null) return withGroups;
  return (part, from) => {
    regex.lastIndex = from;
    if (!regex.test(part)) return null;
    const end = regex.lastIndex;
    const secret = place(part, from, end);
    return secret === null ? withGroups(part, from) : { end, isEmpty: false, secret };
  };
}

function accepted(rule: CompiledRule, text: Buffer, [start, end]: readonly [number, number]): boolean {
  const secret = text.subarray(start, end);
  if (!rule.validators.every((valid) => valid(secret)) || isInMark(text, start, end)) return false;
  const { stopwords } = rule.spec.allow;
  if (stopwords.length > 0) {
    const lower = secret.toString('utf8').toLowerCase();
    if (stopwords.some((word) => lower.includes(word.toLowerCase()))) return false;
  }
  if (anyMatches(rule.allowRegexes, secret)) return false;
  return rule.allowBefore.length === 0 || !anyMatches(rule.allowBefore, lineBefore(text, start));
}

function allowedAt({ allowPaths }: CompiledRule, at: number, { pathAt }: ScanContext): boolean {
  const path = allowPaths.length === 0 ? null : (pathAt?.(at) ?? null);
  return path !== null && allowPaths.some((pattern) => matchesPath(pattern, path));
}

function anyMatches(regexes: readonly RE2[], text: Buffer): boolean {
  return regexes.some((regex) => regex.test(text));
}

/** The line that the secret stands on, up to it: what it is assigned to. A line is long in minified text. */
const LINE_BEFORE = 120;

function lineBefore(text: Buffer, start: number): Buffer {
  const near = text.subarray(Math.max(0, start - LINE_BEFORE), start);
  return near.subarray(near.lastIndexOf(0x0a) + 1);
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
export function withoutOverlaps<C extends Candidate>(all: C[]): C[] {
  const rank = (c: C) => LIKELIHOODS.indexOf(c.likelihood);
  const found = bestNamed(all);
  found.sort((a, b) => rank(b) - rank(a) || b.end - b.start - (a.end - a.start) || a.start - b.start);
  // Kept in order of position, none overlapping, so that only two neighbours can be in the way.
  const kept: C[] = [];
  for (const one of found) {
    const at = firstAfter(kept, one.start);
    const before = kept[at - 1];
    const after = kept[at];
    if ((before === undefined || before.end <= one.start) && (after === undefined || one.end <= after.start)) {
      kept.splice(at, 0, one);
    }
  }
  return kept;
}

/** Index of the first that starts at or after `start`. */
function firstAfter(sorted: readonly Candidate[], start: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle]?.start ?? 0) < start) low = middle + 1;
    else high = middle;
  }
  return low;
}
