/** InspectConfig of Google Sensitive Data Protection (JSON): https://cloud.google.com/sensitive-data-protection/docs/reference/rest/v2/InspectConfig */

import { z } from 'zod';
import { LIKELIHOODS } from '../../core/finding.ts';
import { type Draft, type DraftRule, infoType, kebab, type NotCarried } from './imported-rules.ts';

const likelihood = z.enum(LIKELIHOODS).catch('LIKELY').default('LIKELY');
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
const inspectConfig = z.looseObject({
  infoTypes: z.array(named).default([]),
  customInfoTypes: z.array(custom).default([]),
  ruleSet: z
    .array(
      z.looseObject({
        infoTypes: z.array(named).default([]),
        rules: z.array(
          z.looseObject({
            exclusionRule: z.looseObject({ regex: regex.optional(), dictionary: words.optional() }).optional(),
          }),
        ),
      }),
    )
    .default([]),
});
const file = z.union([z.looseObject({ inspectConfig }), inspectConfig]);

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
  for (const key of ['minLikelihood', 'limits', 'includeQuote', 'contentOptions', 'excludeInfoTypes']) {
    if (config[key] !== undefined) note(null, `\`${key}\`: set it in the guard settings of a profile`);
  }
  const rules = config.customInfoTypes.flatMap((one): DraftRule[] => {
    const id = kebab(one.infoType.name);
    const draft = ruleOf(one);
    if (draft === null) {
      note(id, 'the info type: it is a stored one, a surrogate, or has neither a regex nor a word list');
      return [];
    }
    for (const key of ['detectionRules', 'sensitivityScore', 'exclusionType'])
      if (one[key] !== undefined) note(id, `\`${key}\``);
    const allow = exclusions(config.ruleSet, one.infoType.name);
    return [
      {
        ...draft,
        id,
        description: `Custom info type ${one.infoType.name}`,
        info_type: infoType(one.infoType.name),
        likelihood: one.likelihood,
        allow,
      },
    ];
  });
  if (config.ruleSet.some((set) => set.rules.some((rule) => rule['hotwordRule'] !== undefined)))
    note(null, 'hotword rules: write them as `context`');
  return { rules, notCarried };
}

function ruleOf(one: z.output<typeof custom>): Pick<DraftRule, 'kind' | 'regex' | 'secret_group' | 'match'> | null {
  if (one.regex) return { kind: 'pii', regex: one.regex.pattern, secret_group: one.regex.groupIndexes[0] ?? 0 };
  const list = one.dictionary?.wordList?.words;
  if (!list || list.length === 0) return null;
  const escaped = list.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return {
    kind: 'dictionary',
    regex: `(?i)(?:^|[^0-9A-Za-z_])(${escaped.join('|')})(?:[^0-9A-Za-z_]|$)`,
    secret_group: 1,
    match: list.slice(0, 3),
  };
}

function exclusions(
  sets: z.output<typeof inspectConfig>['ruleSet'],
  name: string,
): { regexes: string[]; stopwords: string[] } {
  const own = sets.filter((set) => set.infoTypes.some((type) => type.name === name)).flatMap((set) => set.rules);
  return {
    regexes: own.flatMap((rule) => rule.exclusionRule?.regex?.pattern ?? []),
    stopwords: own.flatMap((rule) => rule.exclusionRule?.dictionary?.wordList?.words ?? []),
  };
}
