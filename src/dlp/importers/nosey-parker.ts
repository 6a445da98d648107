/** Rules of Nosey Parker and of Kingfisher (YAML): https://github.com/praetorian-inc/noseyparker/blob/main/docs/RULES.md */

import { parse } from 'yaml';
import { z } from 'zod';
import {
  type Draft,
  type DraftRule,
  infoType,
  kebab,
  linesOfList,
  type NotCarried,
  noteUnread,
} from './imported-rules.ts';
import { allGroups, forEachGroup } from './secret-groups.ts';

const LIKELIHOOD = { low: 'POSSIBLE', medium: 'LIKELY', high: 'VERY_LIKELY' } as const;
const texts = z.array(z.string()).default([]);
const rule = z.looseObject({
  name: z.string(),
  id: z.string().optional(),
  pattern: z.string(),
  description: z.string().optional(),
  examples: texts,
  negative_examples: texts,
  min_entropy: z.number().optional(),
  confidence: z.enum(['low', 'medium', 'high']).default('medium'),
  visible: z.boolean().default(true),
  pattern_requirements: z.looseObject({ ignore_if_contains: texts }).optional(),
});
const file = z.looseObject({ rules: z.array(rule) });

/** What is read, or says nothing about what is found; everything else is said to be lost. */
const READ = new Set([
  ...['name', 'id', 'pattern', 'description', 'examples', 'negative_examples', 'min_entropy', 'confidence'],
  ...['references', 'categories', 'visible', 'pattern_requirements'],
]);

/** Throws an `Error` when the text is not YAML, or not of that form. */
export function readNoseyParker(text: string): Draft {
  const notCarried: NotCarried[] = [];
  const names = new Set<string>();
  const places = linesOfList(text, ['rules']);
  const lines = new Map<string, number | undefined>();
  const rules = file.parse(parse(text, { logLevel: 'error' })).rules.flatMap((one, i): DraftRule[] => {
    const { ignore_if_contains: stopwords = [], ...required } = one.pattern_requirements ?? {};
    // Names are not unique there: what one rule has already is told by its id.
    const named = kebab(one.name);
    const id = names.has(named) && one.id !== undefined ? kebab(one.id) : named;
    names.add(id);
    lines.set(id, places[i]);
    const note = (what: string) => notCarried.push({ rule: id, what });
    if (!one.visible) {
      note('the rule: `visible: false`, it only helps others and is not told there');
      return [];
    }
    noteUnread(one, READ, note);
    for (const key of Object.keys(required)) note(`\`pattern_requirements.${key}\``);
    const regex = plain(one.pattern);
    const made: DraftRule = {
      id,
      description: (one.description ?? one.name).slice(0, 500),
      info_type: infoType(one.name),
      kind: 'secret',
      regex,
      ...(one.min_entropy === undefined ? {} : { entropy: one.min_entropy }),
      ...(stopwords.length === 0 ? {} : { allow: { stopwords } }),
      likelihood: LIKELIHOOD[one.confidence],
      match: one.examples,
      no_match: one.negative_examples,
    };
    return forEachGroup(made, secretGroups(regex));
  });
  return { rules, notCarried, lines };
}

/** The secret is the group named TOKEN (Kingfisher); else all groups are told, as both tools do. */
function secretGroups(regex: string): readonly number[] {
  const at = regex.search(/\(\?P?<TOKEN>/);
  if (at < 0) return allGroups(regex);
  return [(regex.slice(0, at).match(/(?<!\\)\((?!\?)|\(\?P?<[A-Za-z]/g) ?? []).length + 1];
}

/** RE2 has no extended mode: blanks and comments are taken away here, and `x` from the flags. */
export function plain(pattern: string): string {
  const flags = /^(?:\s*\(\?[a-z]+\))*/.exec(pattern)?.[0] ?? '';
  const isExtended = flags.includes('x');
  const kept = flags.replace(/[\s?()x]/g, '');
  const rest = pattern.slice(flags.length);
  // An escape, a class, a comment or a blank; everything else stays.
  const bare = rest.replace(/\\[\s\S]|\[\^?\]?(?:\\[\s\S]|[^\]\\])*\]|\(\?#[^)]*\)|#[^\n]*|\s+/g, (part) =>
    part.startsWith('(?#') || (isExtended && /^[#\s]/.test(part)) ? '' : part,
  );
  return (kept === '' ? '' : `(?${kept})`) + (isExtended ? bare : bare.trim());
}
