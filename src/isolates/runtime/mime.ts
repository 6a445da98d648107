/** MIME types, parsed and written as the MIME Sniffing standard has it (sections 4.4 and 4.5). */

export interface MimeType {
  readonly essence: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const QUOTABLE = /^[\t\x20-\x7e\x80-\xff]*$/;
const trim = (text: string): string => text.replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, '');

/** Null when it is none. */
export function parseMime(input: string): MimeType | null {
  const text = trim(input);
  const slash = text.indexOf('/');
  if (slash < 0) return null;
  const end = text.indexOf(';', slash);
  const type = text.slice(0, slash);
  const subtype = text.slice(slash + 1, end < 0 ? undefined : end).replace(/[\t\n\r ]+$/, '');
  if (!TOKEN.test(type) || !TOKEN.test(subtype)) return null;
  return {
    essence: `${type}/${subtype}`.toLowerCase(),
    parameters: end < 0 ? new Map() : parametersOf(text, end + 1),
  };
}

/** One parameter at a time: `name=value`, `name="quoted"`, or something that is passed over. */
const PARAMETER = /[\t\n\r ]*([^;=]*)(?:=(?:"((?:[^"\\]|\\[\s\S])*)(\\?)(?:"[^;]*|$)|([^;]*)))?(?:;|$)/y;

function parametersOf(text: string, from: number): Map<string, string> {
  const out = new Map<string, string>();
  PARAMETER.lastIndex = from;
  while (PARAMETER.lastIndex < text.length) {
    const [, name = '', quoted, slash = '', plain] = PARAMETER.exec(text) ?? [];
    const value =
      quoted === undefined ? plain?.replace(/[\t\n\r ]+$/, '') : quoted.replace(/\\([\s\S])/g, '$1') + slash;
    keep(out, name.toLowerCase(), value, quoted !== undefined);
  }
  return out;
}

function keep(out: Map<string, string>, name: string, value: string | undefined, quoted: boolean): void {
  if (value === undefined || (value === '' && !quoted) || out.has(name)) return;
  if (TOKEN.test(name) && QUOTABLE.test(value)) out.set(name, value);
}

export function mimeText({ essence, parameters }: MimeType): string {
  let out = essence;
  for (const [name, value] of parameters) {
    out += `;${name}=${TOKEN.test(value) ? value : `"${value.replace(/["\\]/g, '\\$&')}"`}`;
  }
  return out;
}

/** Fetch, section 2.2.2 "extract a MIME type": of all values, the last that is one; its charset may come from before. */
export function headerMime(value: string | null): MimeType | null {
  if (value === null) return null;
  let found = null as MimeType | null;
  let charset: string | null = null;
  for (const each of splitValues(value)) {
    const mime = parseMime(each);
    if (!mime || mime.essence === '*/*') continue;
    if (mime.essence !== found?.essence) {
      charset = mime.parameters.get('charset') ?? null;
      found = mime;
    } else {
      const parameters = new Map(mime.parameters);
      if (!parameters.has('charset') && charset !== null) parameters.set('charset', charset);
      found = { essence: mime.essence, parameters };
    }
  }
  return found;
}

/** At commas outside of quoted strings. */
function splitValues(text: string): string[] {
  return text.match(/(?:[^,"]|"(?:[^"\\]|\\.)*(?:"|$))+/g)?.map(trim) ?? [];
}
