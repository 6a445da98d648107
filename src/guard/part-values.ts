/** Parts of a request beside its body, as they are scanned: path, query, fields. */

import type { NamedValue } from '../dlp/layers/chains.ts';

/** One thing beside the body: `url.path`, `url.query`, or a header name. */
export interface GuardPart {
  readonly name: string;
  readonly text: string;
}

const QUERY = 'url.query';

/**
 * The text as a form and as a URL say it, and as it stands where that makes a difference (T-35): only in a query may a plus
 * stand for a blank, and there too it may be a sign of the secret.
 */
export function viewsOf({ name, text }: GuardPart): Buffer[] {
  const plain = Buffer.from(text, 'utf8');
  const isForm = name === QUERY && text.includes('+');
  if (!isForm && !text.includes('%')) return [plain];
  const decoded = Buffer.from(isForm ? formDecode(text) : percentDecode(text), 'utf8');
  return decoded.equals(plain) ? [plain] : [decoded, plain];
}

function formDecode(text: string): string {
  return percentDecode(text.replaceAll('+', ' '));
}

function percentDecode(text: string): string {
  return text.replace(/(?:%[0-9a-fA-F]{2})+/g, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'));
}

/** Fields of every request, which say nothing that a task made up. */
const USUAL = new Set([
  ...['accept', 'accept-encoding', 'accept-language', 'cache-control', 'content-type', 'date', 'pragma', 'range'],
  ...['sec-websocket-key', 'sec-websocket-version', 'upgrade', 'user-agent'],
]);
const TOKEN = /^[\w+/=.~:@!$-]{1,512}$/;

/** A value of a part; `isPassing`: it is joined with those beside it, and not remembered for the next request. */
export interface PartValue extends NamedValue {
  readonly isPassing?: true;
}

/** In the order in which a reader has them. */
export interface PartValues {
  /** Each by itself. */
  readonly words: readonly PartValue[];
  /** Items of lists. */
  readonly listed: readonly PartValue[];
}

/** Values of one field that is a list, or of cookies. */
const MOST_ITEMS = 64;

/**
 * Words that could be parts of a key, those that are read one after the other side by side: values of the query, the last step
 * of the path and fields that are one word, then steps of the path, names of the query, and each list of a field.
 */
export function partValues(parts: readonly GuardPart[]): PartValues {
  const words: PartValue[] = [];
  const runs: string[][] = [];
  const take = (name: string, text: string) => {
    if (TOKEN.test(text)) words.push({ name, value: Buffer.from(text) });
  };
  for (const { name, text } of parts) {
    if (name === 'url.path') {
      take(name, percentDecode(text.slice(text.lastIndexOf('/') + 1)));
      runs.push(percentDecode(text).split(/[/;]/));
    } else if (name === 'url.query') {
      const pairs = text.split('&').map(halves);
      for (const [key, value] of pairs) take(`?${key}`, formDecode(value));
      runs.push(pairs.map(([key]) => formDecode(key.replace(/=$/, ''))));
    } else if (!USUAL.has(name)) {
      take(name, text);
      runs.push(listOf(name, text));
    }
  }
  return { words, listed: runs.filter(couldHoldKey).flatMap(passing) };
}

/** Of a field that is no single word. */
function listOf(name: string, text: string): string[] {
  if (name === 'cookie') return text.split(/; */).map((pair) => halves(pair)[1]);
  return text.includes(',') ? text.split(/ *, */) : [];
}

function passing(texts: readonly string[]): PartValue[] {
  const words = texts.filter((text) => TOKEN.test(text)).slice(0, MOST_ITEMS);
  return words.length < 2 ? [] : words.map((text) => ({ name: '', value: Buffer.from(text), isPassing: true }));
}

/** Keys hold digits or capitals; most paths and names hold few, and to put them together costs more than all else here. */
function couldHoldKey(texts: readonly string[]): boolean {
  if (texts.length < 2) return false;
  let signs = 0;
  for (const text of texts) {
    for (let i = 0; i < text.length; i += 1) {
      const code = text.charCodeAt(i);
      if (code < 0x5b && (code > 0x40 || (code > 0x2f && code < 0x3a))) signs += 1;
    }
    if (signs >= LEAST_SIGNS) return true;
  }
  return false;
}

const LEAST_SIGNS = 6;

/** With its sign of equality, and what stands behind it. */
function halves(pair: string): readonly [key: string, value: string] {
  const equals = pair.indexOf('=');
  return [pair.slice(0, equals + 1), pair.slice(equals + 1)];
}
