/**
 * Host names and addresses, canonical once, at the door: what is decided on is what is resolved and dialled.
 *
 * Grammar: WHATWG URL host parsing with UTS-46 for what is not ASCII, made stricter: no percent, no empty label,
 * labels of 1–63 bytes, at most 253 in all, one trailing dot is dropped and two are refused, brackets hold exactly
 * one IPv6 address without a zone. (T-10, T-12, T-13, T-14, T-16, T-17)
 */

import { type IpAddress, ipText, parseIpv4, parseIpv6 } from './ip-address.ts';
import { ownText } from './own-text.ts';
import { decodePunycode } from './punycode.ts';
import { err, ok, type Result } from './result.ts';

export interface Host {
  readonly kind: 'name' | 'ipv4' | 'ipv6';
  /** Lower-case A-label form without trailing dot, dotted decimal, or RFC 5952 without brackets. */
  readonly name: string;
  /** Null for names. */
  readonly ip: IpAddress | null;
}

export type HostProblem =
  | 'empty'
  | 'too_long'
  | 'bad_character'
  | 'bad_label'
  | 'bad_brackets'
  | 'bad_address'
  | 'bad_idna';

/** The usual case, canonical as it stands: lower-case ASCII labels without A-labels, a last one that is no number. */
const PLAIN = /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** Parses a host as it stands in a request target, `Host` field, SNI or SOCKS5 request. */
export function parseHost(text: string): Result<Host, HostProblem> {
  if (text === '') return err('empty');
  if (text.length > 1024) return err('too_long');
  if (text.length <= 253 && PLAIN.test(text) && !text.includes('xn--')) return ok(named(text));
  if (text.startsWith('[') || text.endsWith(']')) return parseBracketed(text);
  if (text.includes(':')) return err('bad_brackets');
  const ascii = toAscii(text);
  if (!ascii.ok) return ascii;
  const name = ascii.value.endsWith('.') ? ascii.value.slice(0, -1) : ascii.value;
  if (name === '') return err('empty');
  if (name.length > 253) return err('too_long');
  const labels = name.split('.');
  if (endsInNumber(labels)) return parseNumeric(name);
  if (!labels.every((label) => LABEL.test(label))) return err('bad_label');
  return ok(named(name));
}

/** Caches go by it, and would keep the head that it stood in (T-48). */
function named(text: string): Host {
  return { kind: 'name', name: ownText(text), ip: null };
}

/** The host of an address that was dialled or reported, never null for what a resolver returns. */
export function hostOfIp(ip: IpAddress): Host {
  return { kind: ip.family === 4 ? 'ipv4' : 'ipv6', name: ipText(ip), ip };
}

function parseBracketed(text: string): Result<Host, HostProblem> {
  if (!/^\[[^[\]]*\]$/.test(text)) return err('bad_brackets');
  const ip = parseIpv6(text.slice(1, -1));
  return ip ? ok(hostOfIp(ip)) : err('bad_address');
}

function parseNumeric(name: string): Result<Host, HostProblem> {
  const ip = parseIpv4(name);
  return ip ? ok(hostOfIp(ip)) : err('bad_address');
}

/** WHATWG "ends in a number": then it is an IPv4 address or it is refused, never a name. */
function endsInNumber(labels: readonly string[]): boolean {
  const last = labels.at(-1) ?? '';
  return /^[0-9]+$/.test(last) || /^0x[0-9a-f]*$/.test(last);
}

function toAscii(text: string): Result<string, HostProblem> {
  for (let i = 0; i < text.length; i += 1) {
    const c = text.charCodeAt(i);
    if (c <= 0x20 || c === 0x7f || FORBIDDEN.has(c)) return err('bad_character');
  }
  const lower = text.toLowerCase();
  // Plain ASCII without A-labels needs no UTS-46; A-labels do, so that a malformed one is refused.
  if (/^[\x21-\x7e]+$/.test(lower) && !/(^|\.)xn--/.test(lower)) return ok(lower);
  const parsed = URL.parse(`http://${text}/`);
  if (!parsed || parsed.hostname === '') return err('bad_idna');
  return parsed.hostname.split('.').every(isWholeLabel) ? ok(parsed.hostname) : err('bad_idna');
}

/** An A-label must be what UTS-46 makes of the name that it stands for; the platform's parser lets others pass. */
function isWholeLabel(label: string): boolean {
  if (!label.startsWith('xn--')) return true;
  const decoded = decodePunycode(label.slice(4));
  return decoded !== null && URL.parse(`http://${decoded}/`)?.hostname === label;
}

/** WHATWG forbidden domain code points that are printable ASCII, and characters that only attacks put there. */
const FORBIDDEN = new Set([...'"#$%&\'()*+,/;<=>?@[\\]^`{|}~!'].map((c) => c.charCodeAt(0)));
