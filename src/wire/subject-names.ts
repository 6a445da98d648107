/**
 * The subject alternative names of a certificate, in the text that OpenSSL and Node make of them:
 * `DNS:a.example, URI:spiffe://b/c, IP Address:10.0.0.1`. A value with a comma, a quote or the like stands in JSON quotes
 * (CVE-2021-44532), so that no value can look like a further name.
 */

/** Kinds are letters and blanks; a value is quoted, or has no comma and no quote. */
const ENTRY = /([A-Za-z][A-Za-z ]*):("(?:[^"\\]|\\.)*"|[^",]*)(?:, |$)/y;

/** DNS and URI names, each with its kind in front. None at all where the text is not wholly understood. */
export function subjectNames(text: string): string[] {
  const names: string[] = [];
  ENTRY.lastIndex = 0;
  for (let at = 0; at < text.length; at = ENTRY.lastIndex) {
    const found = ENTRY.exec(text);
    if (found === null) return [];
    const [, kind = '', value = ''] = found;
    // What had to be quoted is no name that anybody is configured by.
    if ((kind === 'DNS' || kind === 'URI') && value !== '' && !value.startsWith('"')) names.push(`${kind}:${value}`);
  }
  return names;
}
