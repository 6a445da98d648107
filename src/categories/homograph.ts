/**
 * Names that are made to look like others (T-14): a label that mixes scripts as no language does, or one that is written
 * wholly in another script's letters that look Latin. After UTS 39 (section 5.2, "highly restrictive", and the single-script
 * confusables of section 4), on the U-label, which is decoded from the A-label that everything else is decided on.
 */

/** What makes a canonical name suspicious; null when nothing does. Cheap for names without A-labels. */
export function homographOf(name: string): 'mixed scripts' | 'letters of another script that look Latin' | null {
  if (!name.includes('xn--')) return null;
  for (const label of name.split('.')) {
    if (!label.startsWith('xn--')) continue;
    const text = punycodeDecode(label.slice(4));
    if (text === null || mixesScripts(text)) return 'mixed scripts';
    if (looksLatin(text)) return 'letters of another script that look Latin';
  }
  return null;
}

/** Scripts that go together in one label: Latin beside those of East Asia (UTS 39 section 5.2). */
const TOGETHER: readonly ReadonlySet<string>[] = [
  new Set(['Latin', 'Han', 'Hiragana', 'Katakana']),
  new Set(['Latin', 'Han', 'Bopomofo']),
  new Set(['Latin', 'Han', 'Hangul']),
];

const SCRIPTS = [
  'Latin',
  'Cyrillic',
  'Greek',
  'Armenian',
  'Hebrew',
  'Arabic',
  'Han',
  'Hiragana',
  'Katakana',
  'Hangul',
  'Bopomofo',
  'Thai',
  'Devanagari',
  'Georgian',
  'Cherokee',
].map((script) => [script, new RegExp(`\\p{Script=${script}}`, 'u')] as const);
/** Digits, hyphens, marks: of every script. */
const NEUTRAL = /^[\p{Script=Common}\p{Script=Inherited}]$/u;

function mixesScripts(text: string): boolean {
  const found = new Set<string>();
  for (const letter of text) {
    if (NEUTRAL.test(letter)) continue;
    found.add(SCRIPTS.find(([, shape]) => shape.test(letter))?.[0] ?? 'other');
  }
  return found.size > 1 && !TOGETHER.some((set) => [...found].every((script) => set.has(script)));
}

/** Lower-case letters of Cyrillic, Greek and Armenian that look like Latin ones (Unicode confusables.txt, class MA). */
const LATIN_LIKE = /^[аәеіјӏорсԁԛԝһухѕгпкьвνοαρυικτωεօսոցհեյզ0-9-]+$/u;
const ANY_LETTER = /[^0-9-]/;

function looksLatin(text: string): boolean {
  return ANY_LETTER.test(text) && LATIN_LIKE.test(text);
}

/** RFC 3492, decoding; null for what is malformed. */
function punycodeDecode(text: string): string | null {
  const dash = text.lastIndexOf('-');
  const out = [...(dash > 0 ? text.slice(0, dash) : '')].map((c) => c.codePointAt(0) ?? 0);
  let [n, i, bias] = [128, 0, 72];
  let at = dash > 0 ? dash + 1 : 0;
  while (at < text.length) {
    const from = i;
    const read = variableInteger(text, at, bias);
    if (read === null) return null;
    i += read.value;
    at = read.next;
    const length = out.length + 1;
    bias = adapt(i - from, length, from === 0);
    n += Math.floor(i / length);
    i %= length;
    if (n > 0x10_ffff) return null;
    out.splice(i, 0, n);
    i += 1;
  }
  return String.fromCodePoint(...out);
}

function variableInteger(text: string, from: number, bias: number): { value: number; next: number } | null {
  let [value, weight, next] = [0, 1, from];
  for (let k = 36; ; k += 36) {
    const digit = digitOf(text.charCodeAt(next));
    if (digit < 0 || weight > 0x7fff_ffff) return null;
    next += 1;
    value += digit * weight;
    const threshold = Math.min(Math.max(k - bias, 1), 26);
    if (digit < threshold) return { value, next };
    weight *= 36 - threshold;
  }
}

function adapt(delta: number, length: number, first: boolean): number {
  let rest = first ? Math.floor(delta / 700) : delta >> 1;
  rest += Math.floor(rest / length);
  let k = 0;
  for (; rest > 455; k += 36) rest = Math.floor(rest / 35);
  return k + Math.floor((36 * rest) / (rest + 38));
}

/** 0–25 for letters, 26–35 for digits; -1 for the rest and past the end. */
function digitOf(code: number): number {
  if (code >= 0x61 && code <= 0x7a) return code - 0x61;
  return code >= 0x30 && code <= 0x39 ? code - 0x30 + 26 : -1;
}
