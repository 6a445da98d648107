/**
 * Rules made from an owner's own data: exact values of a table, sentences of documents, words of a list, canary tokens.
 * Values and sentences go into the rule as digests only; each rule gets one value that was made up, so that it has a test.
 */

import { stringify } from 'yaml';
import { leastOf, mostOf } from '../core/large-lists.ts';
import { ExactDigest, type Normalise, normalised } from './exact-set.ts';
import { infoType, kebab } from './importers/imported-rules.ts';
import { groupsOf, MOST_OF_A_RULE } from './importers/word-lists.ts';

/** What a maker needs from outside: bytes that nobody can guess, as hexadecimal. */
export type RandomHex = (bytes: number) => string;

export interface MadeRules {
  readonly yaml: string;
  /** How many values each rule knows. */
  readonly rules: readonly { readonly id: string; readonly values: number }[];
  /** What was left out, in words. */
  readonly left: readonly string[];
}

/** Shorter values are in every text by chance. */
const SHORTEST_VALUE = 6;
const MOST_VALUES = 200_000;
/** A sentence with fewer words is nobody's. */
const FEWEST_WORDS = 6;
/** Up to a full stop, question or exclamation mark before a blank, or an empty line. */
const SENTENCE =
  '([\\p{L}\\p{N}](?:[^.!?\\n]|\\n[^\\n]|[.!?][^\\s]){30,500}?)(?:[.!?]["”’)\\]]{0,2}(?:\\s|$)|\\n\\n|\\n?$)';

const BLOCKED = { result: 'redact', request: 'block' } as const;

/** One rule a column. `rows` are without their header. */
export function exactRules(
  name: string,
  columns: readonly { readonly title: string; readonly values: readonly string[] }[],
  random: RandomHex,
): MadeRules {
  const left: string[] = [];
  const rules: object[] = [];
  const told: { id: string; values: number }[] = [];
  for (const { title, values } of columns) {
    const shape = shapeOf(values);
    if (typeof shape === 'string') {
      left.push(`column \`${title}\`: ${shape}`);
      continue;
    }
    const id = kebab(`exact ${name} ${title}`);
    const known = [...new Set(values.map((value) => normalised(value.trim(), shape.normalise)))].filter(
      (value) => value.length >= SHORTEST_VALUE,
    );
    if (known.length > MOST_VALUES) {
      left.push(`column \`${title}\`: ${known.length} values, more than ${MOST_VALUES}; split the table`);
      continue;
    }
    if (known.length < values.length)
      left.push(`column \`${title}\`: ${values.length - known.length} values: empty, twice there, or too short`);
    if (known.length === 0) continue;
    rules.push(
      exactRule({ id, what: `a value of ${title} in ${name}`, type: infoType(`exact ${name} ${title}`) }, shape, {
        known,
        random,
      }),
    );
    told.push({ id, values: known.length });
  }
  return { yaml: fileOf(rules), rules: told, left };
}

/** One rule for all documents: a sentence of any of them is found wherever it was copied to. */
export function fingerprintRules(name: string, texts: readonly string[], random: RandomHex): MadeRules {
  const sentence = new RegExp(SENTENCE, 'gu');
  const known = new Set<string>();
  for (const text of texts) {
    for (const [, body = ''] of text.replaceAll('\r\n', '\n').matchAll(sentence)) {
      const words = normalised(body, 'words');
      if (words.split(' ').length >= FEWEST_WORDS) known.add(words);
    }
  }
  if (known.size === 0) return { yaml: '', rules: [], left: ['no sentence of six words or more'] };
  if (known.size > MOST_VALUES) {
    return { yaml: '', rules: [], left: [`${known.size} sentences, more than ${MOST_VALUES}; make several sets`] };
  }
  const id = kebab(`fingerprint ${name}`);
  const shape: Shape = {
    regex: SENTENCE,
    normalise: 'words',
    sample: (hex) => `Sample sentence ${hex.slice(0, 8)} that only this rule and its test know about ${hex.slice(8)}`,
    suffix: '.',
  };
  const rule = exactRule({ id, what: `a sentence of ${name}`, type: infoType(`fingerprint ${name}`) }, shape, {
    known: [...known],
    random,
  });
  return { yaml: fileOf([rule]), rules: [{ id, values: known.size }], left: [] };
}

/** Words or phrases, in any case, as whole words. They stand in the rule as they are. */
export function dictionaryRules(name: string, words: readonly string[]): MadeRules {
  const known = [...new Set(words.map((word) => word.trim()))].filter((word) => word.length >= 3);
  const left =
    known.length < words.length ? [`${words.length - known.length} words: empty, twice there, or too short`] : [];
  const rules: object[] = [];
  const told: { id: string; values: number }[] = [];
  for (const [part, group] of groupsOf(known, MOST_OF_A_RULE).entries()) {
    const id = kebab(`dictionary ${name}${part === 0 ? '' : ` ${part + 1}`}`);
    const either = group.map((word) => word.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&').replace(/\s+/g, '\\s+'));
    rules.push({
      id,
      description: `A word of the list ${name}`.slice(0, 500),
      info_type: infoType(`dictionary ${name}`),
      kind: 'dictionary',
      regex: `(?i)(?:^|[^0-9A-Za-z_])(${either.join('|')})(?:[^0-9A-Za-z_]|$)`,
      secret_group: 1,
      likelihood: 'LIKELY',
      severity: 'medium',
      actions: BLOCKED,
      tests: { match: [`- ${group[0]} -`], no_match: ['-'] },
    });
    told.push({ id, values: group.length });
  }
  return { yaml: fileOf(rules), rules: told, left };
}

/**
 * Tokens to leave where nobody should read: in a file, a mailbox, a table. One that a sandbox sends, or that a result
 * holds, was found by someone.
 */
export function canaryRules(
  name: string,
  count: number,
  random: RandomHex,
): MadeRules & { readonly tokens: readonly string[] } {
  const tokens = Array.from({ length: count }, () => `ltc_${random(20)}`);
  const id = kebab(`canary ${name}`);
  const rule = {
    id,
    description: `Canary token of ${name}`.slice(0, 500),
    info_type: 'CANARY_TOKEN',
    kind: 'canary',
    regex: `\\b(${tokens.join('|')})\\b`,
    secret_group: 1,
    likelihood: 'VERY_LIKELY',
    severity: 'critical',
    actions: { result: 'block', request: 'block' },
    tests: { match: [tokens[0] ?? ''], no_match: ['ltc_0000'] },
  };
  return { yaml: fileOf([rule]), rules: [{ id, values: count }], left: [], tokens };
}

interface Shape {
  readonly regex: string;
  readonly normalise: Normalise;
  /** A value of the same form. */
  readonly sample: (hex: string) => string;
  /** What has to stand behind it. */
  readonly suffix?: string;
}

/** What the values of a column look like; a text says why they cannot be looked for. */
function shapeOf(all: readonly string[]): Shape | string {
  const values = all.map((value) => value.trim()).filter((value) => value !== '');
  if (values.length === 0) return 'it is empty';
  const lengths = values.map((value) => value.length);
  const [min, max] = [leastOf(lengths), Math.min(200, mostOf(lengths))];
  if (values.every((value) => /^[0-9]+$/.test(value))) {
    if (max < SHORTEST_VALUE) return `numbers of fewer than ${SHORTEST_VALUE} digits are in every text by chance`;
    return {
      regex: `\\b([0-9]{${Math.max(min, SHORTEST_VALUE)},${max}})\\b`,
      normalise: 'digits',
      sample: (hex) =>
        String(BigInt(`0x${hex}`))
          .padEnd(max, '7')
          .slice(0, max),
    };
  }
  if (values.every((value) => /^[0-9][0-9 ./-]*[0-9]$/.test(value))) {
    const digits = values.map((value) => value.replace(/[^0-9]/g, '').length);
    const [least, most] = [Math.max(leastOf(digits), SHORTEST_VALUE), mostOf(digits)];
    if (most < SHORTEST_VALUE) return `numbers of fewer than ${SHORTEST_VALUE} digits are in every text by chance`;
    return {
      regex: `\\b([0-9](?:[ ./-]?[0-9]){${least - 1},${most - 1}})\\b`,
      normalise: 'digits',
      sample: (hex) =>
        String(BigInt(`0x${hex}`))
          .padEnd(most, '7')
          .slice(0, most),
    };
  }
  if (values.every((value) => /^[^\s@]+@[^\s@]+$/.test(value))) {
    return {
      regex: '\\b([A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\\.){1,8}[A-Za-z]{2,24})\\b',
      normalise: 'lower',
      sample: (hex) => `${hex.slice(0, 12)}@mail.test`,
    };
  }
  if (values.every((value) => /^[0-9A-Za-z_-]+$/.test(value))) {
    if (max < SHORTEST_VALUE) return `words of fewer than ${SHORTEST_VALUE} signs are in every text by chance`;
    const start = sharedStart(values);
    const rest = `[0-9A-Za-z_-]{${Math.max(min, SHORTEST_VALUE) - start.length},${max - start.length}}`;
    return {
      regex: `(?i)\\b(${start.replaceAll('-', '\\-')}${rest})\\b`,
      normalise: 'lower',
      sample: (hex) => `${start}${hex.padEnd(200, '0')}`.slice(0, Math.max(max, SHORTEST_VALUE)),
    };
  }
  return 'values of several words or with other signs; make a dictionary or a fingerprint of them';
}

/** What all values begin with, when that leaves something of each; never a hyphen at its end, where a word may end. */
function sharedStart(values: readonly string[]): string {
  const [first = ''] = values;
  let length = leastOf(values.map((value) => value.length)) - 1;
  while (length > 0 && !values.every((value) => value.startsWith(first.slice(0, length)))) length -= 1;
  return length < 3 ? '' : first.slice(0, Math.min(length, SHORTEST_VALUE - 1));
}

function exactRule(
  { id, what, type }: { readonly id: string; readonly what: string; readonly type: string },
  shape: Shape,
  { known, random }: { readonly known: readonly string[]; readonly random: RandomHex },
): object {
  const salt = random(32);
  const sample = shape.sample(random(24));
  const digest = new ExactDigest(salt);
  // Sorted, so that their order tells nothing of the table's.
  const digests = [...known, normalised(sample, shape.normalise)].map((value) => digest.of(value)).sort();
  return {
    id,
    description: `Exact match: ${what}`.slice(0, 500),
    info_type: type,
    kind: 'exact',
    regex: shape.regex,
    secret_group: 1,
    exact: { salt, normalise: shape.normalise, digests: digests.join('') },
    likelihood: 'VERY_LIKELY',
    severity: 'high',
    actions: BLOCKED,
    tests: { match: [`${sample}${shape.suffix ?? ''}`], no_match: ['nothing of the kind'] },
  };
}

function fileOf(rules: readonly object[]): string {
  return rules.length === 0 ? '' : stringify({ version: 1, rules }, { lineWidth: 0, aliasDuplicateObjects: false });
}
