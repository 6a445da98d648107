/**
 * Members that a JSON text names twice in one object. RFC 8259, section 4, leaves open which of them counts, and readers differ:
 * what one of them checked, another may not act on. I-JSON (RFC 7493, section 2.3) forbids them, and so do we where we act on a
 * text.
 */

/**
 * The first name that stands twice in one object of a valid JSON text, as it is written there; null when there is none. Objects
 * that are nested deeper than `levels` are not looked into: 1 is the outermost alone.
 */
export function twiceNamed(text: string, levels: number = Number.POSITIVE_INFINITY): string | null {
  /** Names of each object that is open; null for what is not looked into, such as an array. */
  const open: (Set<string> | null)[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (char === '{') open.push(open.length < levels ? new Set() : null);
    else if (char === '[') open.push(null);
    else if (char === '}' || char === ']') open.pop();
    if (char !== '"') continue;
    const end = stringEnd(text, at);
    if (!isNewName(open.at(-1), text, [at, end])) return text.slice(at + 1, end - 1);
    at = end - 1;
  }
  return null;
}

/** False for a name that the object has already; a string that is no name says nothing. */
function isNewName(names: Set<string> | null | undefined, text: string, [at, end]: [number, number]): boolean {
  if (!names || !isName(text, end)) return true;
  const name = nameOf(text, at, end);
  if (names.has(name)) return false;
  names.add(name);
  return true;
}

/** A string is a name when a colon follows it. */
function isName(text: string, end: number): boolean {
  let at = end;
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at += 1;
  return text[at] === ':';
}

/** `"\u0061"` and `"a"` are the same name. */
function nameOf(text: string, at: number, end: number): string {
  const written = text.slice(at, end);
  return written.includes('\\') ? (JSON.parse(written) as string) : written.slice(1, -1);
}

/** Behind the quote that ends the string that begins at `at`. */
function stringEnd(text: string, at: number): number {
  for (let end = at + 1; end < text.length; end += 1) {
    const char = text[end];
    if (char === '\\') end += 1;
    else if (char === '"') return end + 1;
  }
  return text.length;
}
