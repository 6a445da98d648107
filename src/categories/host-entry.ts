/**
 * One entry of a list: which hosts it speaks of, and whether it puts them in or takes them out.
 *
 *   example.com      the host and every name under it
 *   =example.com     the host alone
 *   *.example.com    every name under it, not the host itself
 *   192.0.2.7        an address (IPv6 without brackets); always exact
 *   !…               any of these as an exception: this list does not say so of it
 *
 * Of one list, the entry with the longest name decides; at the same name the exception does. Nothing crosses a public
 * suffix: see `public-suffix.ts`.
 */

import { type Host, parseHost } from '../core/host.ts';
import { parseIpv6 } from '../core/ip-address.ts';
import { err, ok, type Result } from '../core/result.ts';
import { addressForm } from './address-form.ts';
import { isIcannSuffix } from './public-suffix.ts';

/** What of a name an entry covers. The numbers are part of the index format. */
export const REACH = { cover: 0, exact: 1, under: 2, platform: 3 } as const;
export type Reach = (typeof REACH)[keyof typeof REACH];

export interface HostEntry {
  /** Canonical host. */
  readonly name: string;
  readonly reach: Reach;
  readonly except: boolean;
}

/** A host entry, where it stands and what it says; what importers give and the compiler takes. */
export interface ListEntry extends HostEntry {
  readonly category: string;
  /** 1-based. */
  readonly line: number;
}

const FORM = /^(!?)(=|\*\.)?(.+)$/;
// The usual case in lists of millions: plain lower-case ASCII labels, no A-label, a last label that is no number.
const PLAIN = /^(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/;

/** Reads one entry. Names need not be canonical (lists of others); compare `entryText` where they must be. */
export function parseHostEntry(text: string): Result<HostEntry, string> {
  const parts = FORM.exec(text);
  const [, bang = '', prefix = '', rest = ''] = parts ?? [];
  const name = canonicalName(rest);
  if (name === null) return err(`\`${clip(text)}\` is not a host; write a name such as \`example.com\``);
  const address = name.includes(':') || /^[0-9.]+$/.test(name);
  if (address && prefix === '*.') return err(`\`${clip(text)}\`: nothing is under an address; write the address alone`);
  const reach = address || prefix === '=' ? REACH.exact : prefix === '*.' ? REACH.under : REACH.cover;
  if (reach === REACH.cover && isIcannSuffix(name)) {
    return err(`\`${clip(text)}\` is a public suffix, which nobody owns; write \`*.${name}\` if you mean all under it`);
  }
  return ok({ name, reach, except: bang === '!' });
}

/** The canonical text of an entry. */
export function entryText(entry: HostEntry): string {
  const address = entry.name.includes(':') || /^[0-9.]+$/.test(entry.name);
  const prefix = address ? '' : entry.reach === REACH.exact ? '=' : entry.reach === REACH.under ? '*.' : '';
  return `${entry.except ? '!' : ''}${prefix}${entry.name}`;
}

/** Canonical name of a host as lists write it (IPv6 without brackets); null when it is none. */
export function canonicalName(text: string): string | null {
  if (PLAIN.test(text) && !text.includes('xn--')) return text;
  if (text.includes(':')) {
    const inner = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
    if (!parseIpv6(inner)) return null;
    const host = parseHost(`[${inner}]`);
    return nameOf(host);
  }
  return nameOf(parseHost(text));
}

function nameOf(host: Result<Host, unknown>): string | null {
  return host.ok ? addressForm(host.value).name : null;
}

/** At most 80 characters of what a list holds, for messages; control characters replaced. */
export function clip(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not reach a terminal
  const safe = text.replace(/[\u0000-\u001f\u007f-\u009f`\u2028\u2029]/g, '?');
  return safe.length > 80 ? `${safe.slice(0, 79)}…` : safe;
}
