/** InspectConfig of Google Sensitive Data Protection (JSON): https://cloud.google.com/sensitive-data-protection/docs/reference/rest/v2/InspectConfig */

import { z } from 'zod';
import { LIKELIHOODS } from '../../core/finding.ts';
import {
  type Draft,
  type DraftRule,
  infoType,
  kebab,
  linesOfList,
  type NotCarried,
  noteUnread,
  withinLimits,
} from './imported-rules.ts';
import { forEachGroup } from './secret-groups.ts';
import { eitherOf, groupsOf, wordRules } from './word-lists.ts';

/** What is not said, or said to be unspecified, is very likely there. */
const likelihood = z
  .enum([...LIKELIHOODS, 'LIKELIHOOD_UNSPECIFIED'])
  .default('VERY_LIKELY')
  .transform((one) => (one === 'LIKELIHOOD_UNSPECIFIED' ? 'VERY_LIKELY' : one));
const named = z.looseObject({ name: z.string() });
const words = z.looseObject({ wordList: z.looseObject({ words: z.array(z.string()) }).optional() });
const regex = z.looseObject({ pattern: z.string(), groupIndexes: z.array(z.int()).default([]) });
const custom = z.looseObject({
  infoType: named,
  likelihood,
  regex: regex.optional(),
  dictionary: words.optional(),
  exclusionType: z.string().optional(),
});
const exclusion = z.looseObject({
  regex: regex.optional(),
  dictionary: words.optional(),
  matchingType: z.string().default('MATCHING_TYPE_UNSPECIFIED'),
});
const inspectConfig = z.looseObject({
  infoTypes: z.array(named).default([]),
  customInfoTypes: z.array(custom).default([]),
  ruleSet: z
    .array(
      z.looseObject({
        infoTypes: z.array(named).default([]),
        rules: z.array(z.looseObject({ exclusionRule: exclusion.optional() })),
      }),
    )
    .default([]),
});
const file = z.union([z.looseObject({ inspectConfig }), inspectConfig]);

const READ = new Set(['infoTypes', 'customInfoTypes', 'ruleSet', 'minLikelihood']);
const READ_OF_TEMPLATE = new Set(['inspectConfig', 'name', 'displayName', 'description', 'createTime', 'updateTime']);
const READ_OF_TYPE = new Set(['infoType', 'likelihood', 'regex', 'dictionary']);

/** Throws an `Error` when the text is not JSON, or not an InspectConfig. `shipped` are the info types of our own rules. */
export function readGoogle(text: string, shipped: ReadonlySet<string>): Draft {
  const parsed = file.parse(JSON.parse(text));
  const config = inspectConfig.parse('inspectConfig' in parsed ? parsed['inspectConfig'] : parsed);
  const notCarried: NotCarried[] = [];
  const note = (rule: string | null, what: string) => notCarried.push({ rule, what });
  for (const { name } of config.infoTypes) {
    note(
      null,
      shipped.has(name)
        ? `\`${name}\`: a shipped rule has this info type already`
        : `\`${name}\`: a detector of Google’s; no shipped rule has this info type`,
    );
  }
  if (config['minLikelihood'] !== undefined) note(null, '`minLikelihood`: set it in the guard settings of a profile');
  noteUnread(config, READ, (what) => note(null, what));
  if ('inspectConfig' in parsed) noteUnread(parsed, READ_OF_TEMPLATE, (what) => note(null, what));
  noteRulesOfOthers(config, (what) => note(null, what));
  const lines = new Map<string, number | undefined>();
  const places = linesOfList(
    text,
    ['inspectConfig' in parsed ? 'inspectConfig' : '', 'customInfoTypes'].filter(Boolean),
  );
  const rules = config.customInfoTypes.flatMap((one, i): DraftRule[] => {
    const id = kebab(one.infoType.name);
    lines.set(id, places[i]);
    const tell = (what: string) => note(id, what);
    if (one.exclusionType === 'EXCLUSION_TYPE_EXCLUDE') {
      tell(
        'the info type: `exclusionType` keeps it from being told; write what it excludes under `allow` of the others',
      );
      return [];
    }
    const drafts = rulesOf(one, { id, allow: exclusions(config.ruleSet, one.infoType.name, tell) });
    if (drafts.length === 0)
      tell('the info type: it is a stored one, a surrogate, or has neither a regex nor a word list');
    else noteUnread(one, READ_OF_TYPE, tell);
    return drafts;
  });
  return { rules, notCarried, lines };
}

function rulesOf(one: z.output<typeof custom>, { id, allow }: Pick<DraftRule, 'id' | 'allow'>): DraftRule[] {
  const common = {
    id,
    description: `Custom info type ${one.infoType.name}`.slice(0, 500),
    info_type: infoType(one.infoType.name),
    likelihood: one.likelihood,
    ...(allow === undefined ? {} : { allow }),
  };
  if (!one.regex) return wordRules(common, one.dictionary?.wordList?.words ?? []);
  const { pattern, groupIndexes } = one.regex;
  return forEachGroup({ ...common, kind: 'pii', regex: pattern }, groupIndexes.length === 0 ? [0] : groupIndexes);
}

type Sets = z.output<typeof inspectConfig>['ruleSet'];

/** An expression in `allow` has at most 1,000 signs, and a rule 64 of them. */
const EXCLUSIONS = { what: 'exclusions', longest: 1000, most: 64 };
const WORDS_OF_AN_EXCLUSION = 900;

function exclusions(sets: Sets, name: string, note: (what: string) => void): NonNullable<DraftRule['allow']> {
  const own = sets.filter((set) => set.infoTypes.some((type) => type.name === name)).flatMap((set) => set.rules);
  const regexes = own.flatMap((rule) => {
    if (rule.exclusionRule === undefined) {
      note('`hotwordRule`: write it as `context`');
      return [];
    }
    const made = excludedBy(rule.exclusionRule);
    if (typeof made !== 'string') return made;
    note(`\`exclusionRule\`: ${made}`);
    return [];
  });
  return { regexes: withinLimits(regexes, EXCLUSIONS, note) };
}

/** Expressions for `allow`; a text says why there are none. What excludes more than it says would let secrets through. */
function excludedBy(rule: z.output<typeof exclusion>): string[] | string {
  const isFull = rule.matchingType === 'MATCHING_TYPE_FULL_MATCH';
  if (!isFull && rule.matchingType !== 'MATCHING_TYPE_PARTIAL_MATCH')
    return `\`${rule.matchingType}\`; only full and partial matches can be`;
  if (rule.regex) return [isFull ? `^(?:${rule.regex.pattern})$` : rule.regex.pattern];
  const list = rule.dictionary?.wordList?.words;
  if (list === undefined) return 'it has neither a regex nor a word list';
  const [before, after] = isFull ? ['^', '$'] : ['(?:^|[^0-9A-Za-z])', '(?:[^0-9A-Za-z]|$)'];
  return groupsOf(list, WORDS_OF_AN_EXCLUSION).map((group) => `(?i)${before}(?:${eitherOf(group)})${after}`);
}

/** Rules for detectors that are no rules of the file. */
function noteRulesOfOthers(config: z.output<typeof inspectConfig>, note: (what: string) => void): void {
  const own = new Set(config.customInfoTypes.map(({ infoType: { name } }) => name));
  for (const { infoTypes, rules } of config.ruleSet) {
    const others = infoTypes.filter(({ name }) => !own.has(name)).map(({ name }) => `\`${name}\``);
    if (others.length === 0) continue;
    for (const rule of rules) {
      const [key, place] = rule.exclusionRule ? ['exclusionRule', 'allow'] : ['hotwordRule', 'context'];
      note(`\`${key}\` for ${others.join(', ')}: write it under \`${place}\` of the rule that finds these`);
    }
  }
}
