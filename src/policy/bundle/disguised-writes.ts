/**
 * Requests that write although their method reads (T-30): with a body, which another server may act on, or with a member of
 * the query by which frameworks let a request change its method. They are writes, and are granted and recorded as such.
 */

/** Fields by which frameworks let a request change its method; never relayed. Lower case, with hyphens. */
export const OVERRIDE_FIELDS: ReadonlySet<string> = new Set([
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
]);

/** Names of the predicates, as they stand in records. */
export const BODY_ON_READ = 'body-on-read';
export const METHOD_IN_QUERY = 'method-in-query';

/** Members of a query by which frameworks let it change its method, in the spellings that decode to them. */
const OVERRIDE_MEMBERS = new Set([
  '_method',
  '_httpmethod',
  ...[...OVERRIDE_FIELDS].map((name) => name.replaceAll('-', '_')),
]);

/** As PHP reads names, which is the widest: blanks before them go, dots and blanks are underscores, `a[]` is `a`. */
export function namesMethod(query: string): boolean {
  if (query === '' || !/method|%/i.test(query)) return false;
  return query.split(/[&;]/).some((pair) => {
    const [raw = ''] = pair.split('=', 1);
    const name = decoded(raw)
      .toLowerCase()
      .replace(/^ +/, '')
      .replace(/(?!^)\[.*$/, '')
      .replace(/[-. [+]/g, '_');
    return OVERRIDE_MEMBERS.has(name);
  });
}

function decoded(text: string): string {
  const spaced = text.replaceAll('+', ' ');
  try {
    return decodeURIComponent(spaced);
  } catch {
    // Not UTF-8: byte by byte, as servers do that do not care.
    return spaced.replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  }
}
