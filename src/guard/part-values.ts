/** Parts of a request beside its body, as they are scanned: path, query, fields. */

import type { NamedValue } from '../dlp/layers/chains.ts';

/** One thing beside the body: `url.path`, `url.query`, or a header name. */
export interface GuardPart {
  readonly name: string;
  readonly text: string;
}

/** The text as it stands, and percent-decoded where that makes a difference (T-35). */
export function viewsOf(part: GuardPart): Buffer[] {
  const plain = Buffer.from(part.text, 'utf8');
  if (!part.text.includes('%') && !part.text.includes('+')) return [plain];
  const decoded = Buffer.from(percentDecode(part.text), 'utf8');
  return decoded.equals(plain) ? [plain] : [decoded];
}

function percentDecode(text: string): string {
  return text
    .replaceAll('+', ' ')
    .replace(/(?:%[0-9a-fA-F]{2})+/g, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'));
}

/** Fields of every request, which say nothing that a task made up. */
const USUAL = new Set([
  ...['accept', 'accept-encoding', 'accept-language', 'cache-control', 'content-type', 'date', 'pragma', 'range'],
  ...['sec-websocket-key', 'sec-websocket-version', 'upgrade', 'user-agent'],
]);
const TOKEN = /^[\w+/=.~:@!$-]{1,512}$/;

/** Words that could be parts of a key: values of the query, the last step of the path, and fields that are one word. */
export function partValues(parts: readonly GuardPart[]): NamedValue[] {
  const out: NamedValue[] = [];
  const take = (name: string, text: string) => {
    if (TOKEN.test(text)) out.push({ name, value: Buffer.from(text) });
  };
  for (const { name, text } of parts) {
    if (name === 'url.path') take(name, percentDecode(text.slice(text.lastIndexOf('/') + 1)));
    else if (name === 'url.query') {
      for (const pair of text.split('&')) {
        const equals = pair.indexOf('=');
        take(`?${pair.slice(0, equals + 1)}`, percentDecode(pair.slice(equals + 1)));
      }
    } else if (!USUAL.has(name)) take(name, text);
  }
  return out;
}
