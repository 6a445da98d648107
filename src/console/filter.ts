/**
 * The filter language of the live page. Words must all fit; `-` turns one round; `field:value` looks in one field, `|`
 * names alternatives, `*` stands for anything, quotes hold spaces: `effect:deny tenant:acme|globex -host:*.example`.
 */

export const FIELDS = [
  'effect',
  'reason',
  'tenant',
  'task',
  'host',
  'method',
  'path',
  'category',
  'capability',
  'door',
] as const;
export type Field = (typeof FIELDS)[number];

/** What is looked in: each field as the texts that it has. */
export type Filterable = Readonly<Record<Field, readonly string[]>>;

export interface Filter {
  readonly fits: (of: Filterable) => boolean;
  /** What is wrong with the text, null when nothing is. The wrong part is left out of `fits`. */
  readonly problem: string | null;
}

interface Term {
  readonly not: boolean;
  readonly field: Field | null;
  readonly values: readonly string[];
}

const WORD = /(-?)(?:([a-z]+):)?("[^"]*"?|[^\s"]+)/gi;

export function parseFilter(text: string): Filter {
  const terms: Term[] = [];
  let problem: string | null = null;
  for (const [, minus = '', name, value = ''] of text.matchAll(WORD)) {
    const field = FIELDS.find((known) => known === name?.toLowerCase()) ?? null;
    if (name !== undefined && field === null) {
      problem = `There is no field “${name}”. Fields: ${FIELDS.join(', ')}.`;
      continue;
    }
    const values = alternatives(value);
    if (values.length > 0) terms.push({ not: minus === '-', field, values });
  }
  return { problem, fits: (of) => terms.every((term) => fitsTerm(term, of) !== term.not) };
}

/** Puts a condition in, in place of another of the same field. */
export function withTerm(text: string, field: Field, value: string | null): string {
  const rest = text.replace(new RegExp(`(^|\\s)${field}:("[^"]*"|\\S+)`, 'gi'), ' ');
  const quoted = value !== null && /\s/.test(value) ? `"${value}"` : value;
  return `${rest} ${quoted === null ? '' : `${field}:${quoted}`}`.replace(/\s+/g, ' ').trim();
}

/** The value of a field in a text, null when it has none. */
export function termOf(text: string, field: Field): string | null {
  const found = new RegExp(`(?:^|\\s)${field}:("[^"]*"|\\S+)`, 'i').exec(text)?.[1];
  return found?.replaceAll('"', '') ?? null;
}

function alternatives(value: string): string[] {
  const bare = value.startsWith('"') ? [value.replaceAll('"', '')] : value.split('|');
  return bare.map((part) => part.toLowerCase()).filter((part) => part !== '');
}

function fitsTerm({ field, values }: Term, of: Filterable): boolean {
  const texts = field === null ? FIELDS.flatMap((name) => of[name]) : of[field];
  return values.some((value) => texts.some((text) => like(text.toLowerCase(), value)));
}

/** Somewhere in it; with `*`, all of it. Linear: no pattern of an operator can hang the page. */
function like(text: string, value: string): boolean {
  if (!value.includes('*')) return text.includes(value);
  const parts = value.split('*');
  const [first = '', last = ''] = [parts[0], parts.at(-1)];
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last)) return false;
  let at = first.length;
  const end = text.length - last.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
