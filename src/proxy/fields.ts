/** Header fields across the gate: rebuilt from parsed parts, never copied through (T-32). */

import { OVERRIDE_FIELDS } from '../policy/bundle/disguised-writes.ts';
import type { HeaderList } from './exchange.ts';

/** RFC 9110 section 7.6.1 and what a proxy consumes itself. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/** Set by us from what was decided. */
const OURS = new Set(['host', 'expect', 'content-length']);

/** Fields that a `Connection` field may never take out: naming them is an attack (T-32). */
const NOT_REMOVABLE = new Set(['host', 'authorization', 'cookie', 'content-length', 'content-type', 'x-forwarded-for']);

/** `Connection` options, lower case. */
function connectionOptions(headers: HeaderList): ReadonlySet<string> {
  const options = new Set<string>();
  for (const [name, value] of headers) {
    if (!isNamed(name, 'connection')) continue;
    for (const option of value.split(',')) {
      const word = option.trim().toLowerCase();
      if (!NOT_REMOVABLE.has(word)) options.add(word);
    }
  }
  return options;
}

export interface RequestFields {
  /** The guard must be able to decode what comes back. */
  readonly narrowEncodings: boolean;
}

/** Fields of the request as they go to the origin, flat name-value list, without Host and Content-Length. */
export function upstreamFields(headers: HeaderList, options: RequestFields): string[] {
  const named = connectionOptions(headers);
  const out: string[] = [];
  for (const [name, value] of headers) {
    const lower = canonicalField(name);
    if (HOP_BY_HOP.has(lower) || OURS.has(lower) || OVERRIDE_FIELDS.has(lower) || named.has(lower)) continue;
    if (lower.startsWith(':') || lower.startsWith('locktender-')) continue;
    if (options.narrowEncodings && lower === 'accept-encoding') out.push(name, decodable(value));
    else out.push(name, value);
  }
  return out;
}

const DECODABLE = /^(?:gzip|x-gzip|deflate|br|zstd|identity)(?:\s*;\s*q=[0-9.]+)?$/i;

function decodable(acceptEncoding: string): string {
  const kept = acceptEncoding
    .split(',')
    .map((part) => part.trim())
    .filter((part) => DECODABLE.test(part));
  return kept.length > 0 ? kept.join(', ') : 'identity';
}

/** Fields of an origin's response as they go to the client. An origin cannot speak in our name, nor move the client. */
export function clientFields(headers: HeaderList, dropLength: boolean): [string, string][] {
  const named = connectionOptions(headers);
  const out: [string, string][] = [];
  let typed = false;
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    if (HOP_BY_HOP.has(lower) || named.has(lower) || isForged(lower, value)) continue;
    if (dropLength && lower === 'content-length') continue;
    if (lower === 'content-type') {
      // The guard went by the first; a client must not go by another.
      if (typed) continue;
      typed = true;
    }
    out.push([name, value]);
  }
  return out;
}

/** Fields behind a body (RFC 9110 section 6.5.1): none that says where it goes, what it is or who may have it (T-23). */
export function trailerFields(headers: HeaderList): [string, string][] {
  return clientFields(headers, true).filter(([name]) => !OF_THE_HEAD.test(name));
}

const OF_THE_HEAD =
  /^(?:host|set-cookie2?|cookie|location|refresh|link|date|expires|age|vary|pragma|range|retry-after|warning|allow|accept-ranges|cache-control|clear-site-data|strict-transport-security|content-(?:type|encoding|length|range|location|disposition|language)|(?:content-security|permissions|referrer|cross-origin-[a-z]+)-policy.*|x-.*-options|access-control-.*|(?:www-)?authenticat.*|authorization|max-forwards|expect|if-.*)$/i;

/** What would let an origin move the client off this gate (Alt-Svc, T-44) or dress as it. */
const FORGEABLE = new Set(['alt-svc', 'locktender-decision']);

function isForged(lower: string, value: string): boolean {
  const name = canonicalField(lower);
  return FORGEABLE.has(name) || (name === 'proxy-status' && /locktender/i.test(value));
}

/** Lower case; underscores as hyphens, because CGI and its heirs cannot tell the two apart. */
export function canonicalField(name: string): string {
  const lower = name.toLowerCase();
  return lower.includes('_') ? lower.replaceAll('_', '-') : lower;
}

/** All values of a field that is a list, as one (RFC 9110 section 5.3); empty when absent. */
export function joined(headers: HeaderList, name: string): string {
  let out = '';
  for (const [key, value] of headers)
    if (key.length === name.length && key.toLowerCase() === name) out = out === '' ? value : `${out}, ${value}`;
  return out;
}

/** First value of a field; empty when absent. */
export function field(headers: HeaderList, name: string): string {
  for (const [key, value] of headers) if (isNamed(key, name)) return value;
  return '';
}

export function countField(headers: HeaderList, name: string): number {
  let count = 0;
  for (const [key] of headers) if (isNamed(key, name)) count += 1;
  return count;
}

/** `name` in lower case. Most names differ in length already. */
function isNamed(key: string, name: string): boolean {
  return key.length === name.length && (key === name || key.toLowerCase() === name);
}

/** Node's flat raw list as pairs. */
export function pairs(flat: readonly string[]): [string, string][] {
  const out: [string, string][] = [];
  for (let i = 0; i + 1 < flat.length; i += 2) out.push([flat[i] ?? '', flat[i + 1] ?? '']);
  return out;
}

/** Whether the client goes on with its connection after this exchange (RFC 9112 section 9.3). */
export function staysOpen(headers: HeaderList, version: '1.0' | '1.1'): boolean {
  let open = version === '1.1';
  for (const [name, value] of headers) {
    if (name.length !== 10 || name.toLowerCase() !== 'connection') continue;
    if (/(?:^|,)\s*close\s*(?:,|$)/i.test(value)) return false;
    if (/(?:^|,)\s*keep-alive\s*(?:,|$)/i.test(value)) open = true;
  }
  return open;
}
