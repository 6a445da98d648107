/** What an importer makes: rules of ours, and in words everything that could not be carried over. */

import { isNode, isSeq, LineCounter, parseDocument, stringify } from 'yaml';
import type { Likelihood } from '../../core/finding.ts';
import { tryRule } from '../rule-set.ts';
import { sampleOf } from './sample.ts';

/** A rule before it has samples; absent fields take the schema's defaults. */
export interface DraftRule {
  readonly id: string;
  readonly description: string;
  readonly info_type: string;
  readonly kind: 'secret' | 'pii' | 'dictionary';
  readonly keywords?: readonly string[];
  readonly regex: string;
  readonly secret_group?: number;
  readonly entropy?: number;
  readonly context?: readonly string[];
  readonly allow?: { readonly regexes?: readonly string[]; readonly stopwords?: readonly string[] };
  readonly likelihood: Likelihood;
  /** Texts that the source says it must find, or must not. */
  readonly match?: readonly string[];
  readonly no_match?: readonly string[];
}

/** Something of the source that has no place here. */
export interface NotCarried {
  /** Rule of the source; null for the whole file. */
  readonly rule: string | null;
  /** Where that begins in the source, where it is known. */
  readonly line?: number;
  readonly what: string;
}

export interface Draft {
  readonly rules: readonly DraftRule[];
  readonly notCarried: readonly NotCarried[];
  /** Lines of the source, by the rules that come of what stands there. */
  readonly lines?: ReadonlyMap<string, number | undefined>;
}

export interface Import {
  /** A rule file of ours; empty when no rule could be carried. */
  readonly yaml: string;
  readonly rules: readonly string[];
  readonly notCarried: readonly NotCarried[];
}

const NEVER = ['nothing of the kind', '-', 'lorem ipsum dolor', '0'];

/**
 * Gives every rule samples, compiles it alone, and keeps what passes its own tests. The source's samples are kept where
 * they hold; where it has none, one is made from the regular expression.
 */
export function finishImport(draft: Draft): Import {
  const notCarried = [...draft.notCarried];
  const kept: object[] = [];
  const names = new Set<string>();
  for (const rule of draft.rules) {
    const made = names.has(rule.id) ? 'another rule has the same id' : finishRule(rule, notCarried);
    if (typeof made === 'string') notCarried.push({ rule: rule.id, what: `the rule: ${made}` });
    else {
      names.add(rule.id);
      kept.push(made);
    }
  }
  const yaml =
    kept.length === 0 ? '' : stringify({ version: 1, rules: kept }, { lineWidth: 0, aliasDuplicateObjects: false });
  return { yaml, rules: [...names], notCarried: notCarried.map((one) => placed(one, draft.lines)) };
}

function placed({ rule, what }: NotCarried, lines: Draft['lines']): NotCarried {
  // One of several rules that come of one.
  const line = rule === null ? undefined : (lines?.get(rule) ?? lines?.get(rule.replace(/-[0-9]+$/, '')));
  return line === undefined ? { rule, what } : { rule, line, what };
}

/** Lines on which the entries of a list begin, in YAML or JSON. */
export function linesOfList(text: string, path: readonly string[]): readonly (number | undefined)[] {
  const lines = new LineCounter();
  const list = parseDocument(text, { lineCounter: lines, logLevel: 'error' }).getIn(path, true);
  if (!isSeq(list)) return [];
  return list.items.map((item) => (isNode(item) && item.range ? lines.linePos(item.range[0]).line : undefined));
}

/** The rule as our files write it; a text says why it cannot be one. */
function finishRule(draft: DraftRule, notCarried: NotCarried[]): object | string {
  const { entropy, context = [], match = [], no_match = [], ...rest } = draft;
  const rule = {
    ...rest,
    ...(entropy === undefined ? {} : { validators: [{ entropy: { min: entropy } }] }),
    ...(context.length === 0 ? {} : { context: { words: context } }),
    severity: 'medium',
    actions: { result: 'redact', request: draft.kind === 'secret' ? 'block' : 'redact' },
  };
  const tried = tryRule(rule);
  if (!tried.ok) return tried.error;
  const finds = tried.value;
  const held = match.filter(finds);
  const made = held.length > 0 ? null : sampleOf(draft.regex, draft.secret_group ?? 0, entropy ?? 0);
  const tests = {
    match: made === null || !finds(made) ? held : [made],
    no_match: [...no_match, ...NEVER].filter((text) => !finds(text)).slice(0, Math.max(1, no_match.length)),
  };
  const lost = [...match.filter((text) => !finds(text)), ...no_match.filter(finds)].length;
  if (lost > 0) notCarried.push({ rule: draft.id, what: `${lost} of its samples: our rule sees them otherwise` });
  if (tests.match.length === 0) return 'no text that it finds could be made or was given';
  if (tests.no_match.length === 0) return 'it finds something in every text';
  return { ...rule, tests };
}

/** Says every key of an entry that is neither read nor without meaning here, so that nothing is lost in silence. */
export function noteUnread(
  entry: Readonly<Record<string, unknown>>,
  read: ReadonlySet<string>,
  note: (what: string) => void,
): void {
  for (const key of Object.keys(entry)) {
    const value = entry[key];
    const empty = value === undefined || value === null || (Array.isArray(value) && value.length === 0);
    if (!read.has(key) && !empty) note(`\`${key}\``);
  }
}

/** As many as a rule may hold of those that it takes; says what is left out. */
export function withinLimits(all: readonly string[], limits: Limits, note: (what: string) => void): readonly string[] {
  const fit = all.filter(({ length }) => length >= (limits.least ?? 1) && length <= limits.longest);
  const kept = fit.slice(0, limits.most);
  const left = all.length - kept.length;
  if (left > 0) note(`${left} of ${all.length} ${limits.what}: more, or longer, than a rule may have`);
  return kept;
}

export interface Limits {
  /** In the plural. */
  readonly what: string;
  readonly least?: number;
  readonly longest: number;
  readonly most: number;
}

/** Lower-case words with hyphens, as our ids are. */
export function kebab(text: string): string {
  return text
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 80)
    .replace(/-+$/, '');
}

/** Upper case with underscores, beginning with a letter, as our info types are. */
export function infoType(text: string): string {
  const name = kebab(text).replaceAll('-', '_').toUpperCase();
  return (/^[A-Z]/.test(name) ? name : `X_${name}`).slice(0, 80);
}

/** Whether a regular expression has a group that captures. */
export function hasGroup(regex: string): boolean {
  return /(?<!\\)\((?!\?)|\(\?P?</.test(regex);
}
