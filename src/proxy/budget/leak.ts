/**
 * How much of a host name, path, query or field looks like carried data rather than a name: the measure behind the leak
 * budget (T-21, T-37). Pure. A residue always stays: short, natural-looking words pass at full rate.
 */

/** Labels up to this length cost nothing: names are made of words. */
const FREE_LABEL = 16;
const FREE_SEGMENT = 24;
/** No name that people gave has more before its domain. */
const FREE_LABELS = 6;

/** Bytes of unusual data in a host name. */
export function hostLeak(host: string): number {
  let sum = 0;
  // The two last labels are bought, not made up for each request.
  const labels = host.split('.').slice(0, -2);
  for (const [i, label] of labels.entries()) sum += i < FREE_LABELS ? unusual(label, FREE_LABEL) : label.length;
  return sum;
}

/** Short pieces cost nothing each, so a URL of many is counted for its length beyond this. */
const FREE_URL = 512;

/** Bytes of unusual data in a path and query. */
export function urlLeak(path: string, query: string): number {
  return Math.max(inPieces(path, query), path.length + query.length - FREE_URL, 0);
}

function inPieces(path: string, query: string): number {
  let sum = 0;
  for (const segment of path.split('/')) sum += unusual(segment, FREE_SEGMENT);
  if (query === '') return sum;
  for (const pair of query.split('&')) {
    const eq = pair.indexOf('=');
    sum +=
      eq < 0
        ? unusual(pair, FREE_SEGMENT)
        : unusual(pair.slice(0, eq), FREE_LABEL) + unusual(pair.slice(eq + 1), FREE_SEGMENT);
  }
  return sum;
}

/** Bytes of unusual data in the value of a field, of which `before` was said already: only what is new carries something. */
export function fieldLeak(value: string, before: string): number {
  if (value === before) return 0;
  const known = before === '' ? NOTHING : new Set(before.split(PIECES));
  let sum = 0;
  for (const piece of value.split(PIECES)) if (!known.has(piece)) sum += unusual(piece, FREE_SEGMENT);
  return sum;
}

const NOTHING: ReadonlySet<string> = new Set();
const PIECES = /[\s,;:=&/?"()]+/;

/** The piece's bytes when it is long or looks random, else nothing. */
function unusual(text: string, free: number): number {
  if (text.length <= 8) return 0;
  if (text.length > free * 4) return text.length;
  if (text.length <= free && !looksRandom(text)) return 0;
  return looksRandom(text) ? text.length : 0;
}

/** Digits among letters, or a spread of characters that words do not have. */
function looksRandom(text: string): boolean {
  const mixed = (text.match(/[0-9][a-zA-Z]|[a-zA-Z][0-9]/g) ?? []).length;
  return mixed >= 3 || (text.length >= 16 && entropy(text) >= 3.7 && !/[-_+%. ]/.test(text));
}

/** Shannon entropy in bits a character. */
export function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const c of text) counts.set(c, (counts.get(c) ?? 0) + 1);
  let bits = 0;
  for (const n of counts.values()) bits -= (n / text.length) * Math.log2(n / text.length);
  return bits;
}
