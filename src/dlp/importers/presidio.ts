/** Presidio recognisers (YAML): https://microsoft.github.io/presidio/analyzer/adding_recognizers/ */

import { parse } from 'yaml';
import { z } from 'zod';
import type { Likelihood } from '../../core/finding.ts';
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
import { wordRules } from './word-lists.ts';

const recogniser = z.looseObject({
  name: z.string().optional(),
  supported_entity: z.string().optional(),
  supported_entities: z.array(z.string()).optional(),
  patterns: z
    .array(z.looseObject({ name: z.string().optional(), regex: z.string(), score: z.number().default(0.5) }))
    .default([]),
  context: z.array(z.string()).default([]),
  deny_list: z.array(z.string()).default([]),
  deny_list_score: z.number().default(1),
  supported_languages: z.unknown().optional(),
  type: z.string().optional(),
  enabled: z.boolean().default(true),
});
const file = z.union([z.looseObject({ recognizers: z.array(recogniser) }), z.array(recogniser), recogniser]);

/** What is read; everything else is said to be lost. */
const READ = new Set([
  ...['name', 'supported_entity', 'supported_entities', 'patterns', 'context', 'deny_list', 'deny_list_score'],
  ...['supported_languages', 'supported_language', 'type', 'enabled'],
]);
/** Each language may bring words of its own. */
const languages = z.array(z.union([z.string(), z.looseObject({ context: z.array(z.string()).nullish() })])).catch([]);

/** Throws an `Error` when the text is not YAML, or not Presidio's. */
export function readPresidio(text: string): Draft {
  const parsed = file.parse(parse(text, { logLevel: 'error' }));
  const all = Array.isArray(parsed)
    ? parsed
    : 'recognizers' in parsed
      ? (parsed.recognizers as z.output<typeof recogniser>[])
      : [parsed];
  const notCarried: NotCarried[] = [];
  if (!Array.isArray(parsed) && 'recognizers' in parsed) {
    noteUnread(parsed, new Set(['recognizers', 'supported_languages']), (what) =>
      notCarried.push({ rule: null, what }),
    );
  }
  const isListed = !Array.isArray(parsed) && 'recognizers' in parsed;
  const places = linesOfList(text, isListed ? ['recognizers'] : []);
  const lines = new Map<string, number | undefined>();
  const rules = all.flatMap((one, i) => {
    const line = places[i];
    const made = rulesOf(one, (rule, what) => {
      notCarried.push({ rule, what });
      lines.set(rule, line);
    });
    for (const { id } of made) lines.set(id, line);
    return made;
  });
  return { rules, notCarried, lines };
}

const CONTEXT = { what: 'context words', longest: 64, most: 64 };

function rulesOf(one: z.output<typeof recogniser>, note: (rule: string, what: string) => void): DraftRule[] {
  const entity = one.supported_entity ?? one.supported_entities?.[0] ?? one.name ?? 'CUSTOM';
  const name = kebab(one.name ?? entity);
  if (one.type === 'predefined' || (one.patterns.length === 0 && one.deny_list.length === 0)) {
    note(name, 'the recogniser: it is code of Presidio, or has neither patterns nor a deny list');
    return [];
  }
  if (!one.enabled) note(name, '`enabled: false`: the rules are there; leave them out if they should rest');
  noteUnread(one, READ, (what) => note(name, what));
  if (one.supported_languages !== undefined) note(name, '`supported_languages`: rules here run on every language');
  const spoken = languages
    .parse(one.supported_languages)
    .flatMap((language) => (typeof language === 'string' ? [] : (language.context ?? [])));
  const context = withinLimits([...new Set([...one.context, ...spoken])], CONTEXT, (what) => note(name, what));
  const common = { info_type: infoType(entity), context };
  const patterns = one.patterns.map(
    (pattern, i): DraftRule => ({
      ...common,
      id: kebab(`${name} ${pattern.name ?? (one.patterns.length > 1 ? String(i + 1) : '')}`),
      description: `${one.name ?? entity}: ${pattern.name ?? 'pattern'}`.slice(0, 500),
      kind: 'pii',
      // Presidio compiles with IGNORECASE, MULTILINE and DOTALL.
      regex: `(?ims)${pattern.regex}`,
      likelihood: likelihoodOf(pattern.score),
    }),
  );
  if (one.deny_list.length === 0) return patterns;
  const denied = {
    ...common,
    id: kebab(`${name} deny list`),
    description: `${one.name ?? entity}: deny list`.slice(0, 500),
    likelihood: likelihoodOf(one.deny_list_score),
  };
  return [...patterns, ...wordRules(denied, one.deny_list)];
}

/** A score from 0 to 1. */
export function likelihoodOf(score: number): Likelihood {
  if (score < 0.2) return 'VERY_UNLIKELY';
  if (score < 0.4) return 'UNLIKELY';
  if (score < 0.6) return 'POSSIBLE';
  return score < 0.85 ? 'LIKELY' : 'VERY_LIKELY';
}
