/** Rules of Nosey Parker and of Kingfisher (YAML): https://github.com/praetorian-inc/noseyparker/blob/main/docs/RULES.md */

import { parse } from 'yaml';
import { z } from 'zod';
import { type Draft, type DraftRule, hasGroup, infoType, kebab, type NotCarried } from './imported-rules.ts';

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
});
const file = z.looseObject({ rules: z.array(rule) });

/** What the formats have and rules here have not. */
const FOREIGN = ['validation', 'depends_on_rule', 'pattern_requirements', 'revocation', 'visible'] as const;

/** Throws an `Error` when the text is not YAML, or not of that form. */
export function readNoseyParker(text: string): Draft {
  const notCarried: NotCarried[] = [];
  const rules = file.parse(parse(text)).rules.map((one): DraftRule => {
    const id = kebab(one.name);
    for (const key of FOREIGN) if (one[key] !== undefined) notCarried.push({ rule: id, what: `\`${key}\`` });
    const regex = plain(one.pattern);
    return {
      id,
      description: (one.description ?? one.name).slice(0, 500),
      info_type: infoType(one.name),
      kind: 'secret',
      regex,
      // The secret is the first group, as both tools report it.
      secret_group: hasGroup(regex) ? 1 : 0,
      ...(one.min_entropy === undefined ? {} : { entropy: one.min_entropy }),
      likelihood: LIKELIHOOD[one.confidence],
      match: one.examples,
      no_match: one.negative_examples,
    };
  });
  return { rules, notCarried };
}

/** RE2 has no extended mode: blanks and comments are taken away here, and `x` from the flags. */
export function plain(pattern: string): string {
  const flags = /^\s*\(\?([a-z]*)\)/.exec(pattern);
  if (!flags?.[1]?.includes('x')) return pattern.trim();
  const kept = flags[1].replace('x', '');
  const rest = pattern.slice(flags[0].length);
  // An escape, a class, a comment or a blank; everything else stays.
  const bare = rest.replace(/\\[\s\S]|\[\^?\]?(?:\\[\s\S]|[^\]\\])*\]|#[^\n]*|\s+/g, (part) =>
    /^[#\s]/.test(part) ? '' : part,
  );
  return (kept === '' ? '' : `(?${kept})`) + bare;
}
