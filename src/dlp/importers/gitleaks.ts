/** gitleaks configuration (TOML, version 8): https://github.com/gitleaks/gitleaks#configuration */

import { parse } from 'smol-toml';
import { z } from 'zod';
import {
  type Draft,
  type DraftRule,
  infoType,
  kebab,
  type NotCarried,
  noteUnread,
  withinLimits,
} from './imported-rules.ts';
import { firstGroups, forEachGroup } from './secret-groups.ts';

const list = z.array(z.string()).default([]);
const allowlist = z.looseObject({
  regexes: list,
  stopwords: list,
  paths: list,
  commits: list,
  regexTarget: z.string().default('secret'),
  /** Of those that stand beside the rules: which of them they are for. */
  targetRules: list,
  condition: z.string().default('OR'),
});
const rule = z.looseObject({
  id: z.string(),
  description: z.string().default(''),
  regex: z.string().optional(),
  path: z.string().optional(),
  secretGroup: z.int().optional(),
  entropy: z.number().optional(),
  keywords: list,
  allowlist: allowlist.optional(),
  allowlists: z.array(allowlist).default([]),
});
const file = z.looseObject({
  rules: z.array(rule).default([]),
  allowlist: allowlist.optional(),
  allowlists: z.array(allowlist).default([]),
  extend: z.unknown().optional(),
});

/** What is read, or says nothing about what is found. */
const READ_OF_FILE = new Set(['rules', 'allowlist', 'allowlists', 'extend', 'title', 'description', 'minVersion']);
const READ_OF_RULE = new Set([
  ...['id', 'description', 'regex', 'path', 'secretGroup', 'entropy', 'keywords', 'allowlist', 'allowlists'],
  ...['tags', 'severity'],
]);

const KEYWORDS = { what: 'keywords', least: 2, longest: 64, most: 64 };
const REGEXES = { what: 'regexes of allowlists', longest: 1000, most: 64 };
const STOPWORDS = { what: 'stopwords', longest: 64, most: 4096 };

/** Throws an `Error` with the place when the text is not TOML, or not gitleaks'. */
export function readGitleaks(text: string): Draft {
  const config = file.parse(parse(text));
  const notCarried: NotCarried[] = [];
  const headers = linesOfRules(text);
  const places = headers.length === config.rules.length ? headers : [];
  const note = (id: string | null, what: string) => notCarried.push({ rule: id, what });
  if (config.extend !== undefined) note(null, '`extend`: import the other file by itself');
  const everywhere = [...(config.allowlist ? [config.allowlist] : []), ...config.allowlists];
  noteUnread(config, READ_OF_FILE, (what) => note(null, what));
  exceptionsOf(everywhere, (what) => note(null, what));
  const rules = config.rules.flatMap((one) => {
    const common = everywhere.filter(({ targetRules }) => targetRules.length === 0 || targetRules.includes(one.id));
    return ruleOf(
      one,
      exceptionsOf(common, () => undefined),
      (what) => note(kebab(one.id), what),
    );
  });
  const lines = new Map(config.rules.map(({ id }, i) => [kebab(id), places[i]]));
  return { rules, notCarried, lines };
}

/** A header inside of a text would be counted as well: then none is told. */
function linesOfRules(text: string): readonly number[] {
  return text.split('\n').flatMap((line, i) => (/^\s*\[\[\s*rules\s*\]\]/.test(line) ? [i + 1] : []));
}

interface Exceptions {
  readonly regexes: readonly string[];
  readonly stopwords: readonly string[];
}

function ruleOf(one: z.output<typeof rule>, common: Exceptions, note: (what: string) => void): DraftRule[] {
  const { regex, entropy, path, secretGroup } = one;
  if (regex === undefined) {
    note('the rule: it looks at paths only');
    return [];
  }
  noteUnread(one, READ_OF_RULE, note);
  if (path !== undefined) note('`path`: the rule runs on every text');
  const own = exceptionsOf([...(one.allowlist ? [one.allowlist] : []), ...one.allowlists], note);
  const made: DraftRule = {
    id: kebab(one.id),
    description: (one.description || one.id).slice(0, 500),
    info_type: infoType(one.id),
    kind: 'secret',
    keywords: keywordsOf(one.keywords, note),
    regex,
    ...(entropy === undefined ? {} : { entropy }),
    allow: {
      regexes: withinLimits([...common.regexes, ...own.regexes], REGEXES, note),
      stopwords: withinLimits([...common.stopwords, ...own.stopwords], STOPWORDS, note),
    },
    likelihood: entropy === undefined || entropy < 3 ? 'POSSIBLE' : 'LIKELY',
  };
  // gitleaks takes the first group that holds anything where none is named, and 0 names none.
  return forEachGroup(made, secretGroup ? [secretGroup] : firstGroups(regex));
}

/** With none of these, or with some left out, the rule would run less often than it does there. */
function keywordsOf(words: readonly string[], note: (what: string) => void): readonly string[] {
  const kept = withinLimits(words, KEYWORDS, () => undefined);
  if (kept.length < words.length) note('`keywords`: the rule runs whatever words a text has');
  return kept.length < words.length ? [] : kept;
}

function exceptionsOf(lists: readonly z.output<typeof allowlist>[], note: (what: string) => void): Exceptions {
  const regexes: string[] = [];
  const stopwords: string[] = [];
  for (const one of lists) {
    if (one.paths.length > 0) note('`paths` of an allowlist: texts here have no path');
    if (one.commits.length > 0) note('`commits` of an allowlist: texts here have no commit');
    if (one.condition.toUpperCase() === 'AND') note('an allowlist whose conditions must all hold');
    else {
      stopwords.push(...one.stopwords);
      if (one.regexTarget === 'secret') regexes.push(...one.regexes);
      else if (one.regexes.length > 0)
        note(`${one.regexes.length} regexes of an allowlist on the ${one.regexTarget}, not on the secret`);
    }
  }
  return { regexes, stopwords };
}
