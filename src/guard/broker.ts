/**
 * Puts values back on their way out, and takes them out of what comes back. A sandbox holds only tokens, which the guard
 * made of what it found in results, and placeholders of credentials that an operator stored. The gate exchanges both in what
 * it sends, after the guard has looked, towards the hosts that were named for them and only under TLS.
 */

import { hostMatches } from '../dlp/host-list.ts';
import type { Scrubs } from './scrubs.ts';
import type { Owner, Vault } from './vault.ts';

/** A credential that sandboxes use and never see. */
export interface Credential {
  readonly name: string;
  readonly value: Buffer;
  readonly hosts: readonly string[];
  /** Empty: every tenant. */
  readonly tenants: readonly string[];
  /** What becomes of credentials that a sandbox brings for these hosts itself. */
  readonly own: 'refuse' | 'allow';
}

export interface Destination extends Owner {
  readonly host: string;
}

/** A value that went out, and what stands for it. */
export interface Exchanged {
  readonly placeholder: string;
  readonly value: Buffer;
}

/** How a value is written where it goes. */
export type Written = 'field' | 'url' | 'json' | 'plain';

export interface Exchanging {
  readonly written: Written;
  /** Takes what was exchanged. */
  readonly exchanged: Exchanged[];
  /** The text is bytes, a character each; what is put in is then UTF-8. */
  readonly latin1?: boolean;
}

export interface Broker {
  /** Whether a stored credential stands for this destination, so that the sandbox may bring none of its own. */
  stands(to: Destination): boolean;
  /** Whether a text holds a token or placeholder of ours, alone or as a password in base64. */
  isExchanged(text: string): boolean;
  /** Whether anything could be exchanged for this destination. */
  serves(to: Destination): boolean;
  /** Whether a secret that the guard sees is only a placeholder of a stored credential, alone or as a password in base64. */
  isPlaceholder(secret: Buffer): boolean;
  /** The text with values in place; what was exchanged is added to `exchanged`. */
  exchange(text: string, to: Destination, how: Exchanging): string;
}

/** What sandboxes are given in place of the credential `name`. */
export const placeholderOf = (name: string): string => `lt_credential_${name}`;

const PLACEHOLDER =
  /(?:\[|%5b)TOKEN(?::|%3a)[A-Z][A-Z0-9_]*(?::|%3a)([0-9a-f]{20})(?:\]|%5d)|lt_credential_([a-z0-9]+(?:-[a-z0-9]+)*)/gi;
const BASIC = /^(Basic )([A-Za-z0-9+/]+={0,2})$/i;
/** Longer than any token or placeholder. */
export const LONGEST_PLACEHOLDER = 160;

export function createBroker(vault: Vault, credentials: () => readonly Credential[]): Broker {
  const credentialFor = ({ tenant, host }: Destination, name: string) =>
    credentials().find(
      (one) =>
        one.name === name && hostMatches(one.hosts, host) && (one.tenants.length === 0 || one.tenants.includes(tenant)),
    );
  const standsFor = (to: Destination, id: string | undefined, name: string | undefined): Buffer | null =>
    id !== undefined ? vault.take(to, id.toLowerCase(), to.host) : (credentialFor(to, name ?? '')?.value ?? null);

  const replaced: Broker['exchange'] = (text, to, { written, exchanged, latin1 }) =>
    text.replace(PLACEHOLDER, (whole, id?: string, name?: string) => {
      const value = standsFor(to, id, name);
      const out = value === null ? null : write(value, written);
      if (value === null || out === null) return whole;
      exchanged.push({ placeholder: decoded(whole), value });
      return latin1 ? Buffer.from(out, 'utf8').toString('latin1') : out;
    });
  const names = () => new Set(credentials().map(({ name }) => placeholderOf(name)));
  return {
    isPlaceholder: (secret) => isPlaceholderOf(names())(secret),
    stands: ({ tenant, host }) =>
      credentials().some(
        (one) =>
          one.own === 'refuse' &&
          hostMatches(one.hosts, host) &&
          (one.tenants.length === 0 || one.tenants.includes(tenant)),
      ),
    isExchanged(text) {
      const inner = BASIC.exec(text)?.[2];
      const plain = inner === undefined ? text : Buffer.from(inner, 'base64').toString('utf8');
      const known = names();
      return [...plain.matchAll(PLACEHOLDER)].some(([whole]) => known.has(whole) || /^(?:\[|%5b)TOKEN/i.test(whole));
    },
    serves: (to) => vault.holds(to) || credentials().some((one) => hostMatches(one.hosts, to.host)),
    exchange(text, to, how) {
      const basic = how.written === 'field' ? BASIC.exec(text) : null;
      if (!basic) return replaced(text, to, how);
      // User and password travel in base64 (RFC 7617).
      const inner = Buffer.from(basic[2] ?? '', 'base64').toString('utf8');
      const next = replaced(inner, to, how);
      return next === inner ? text : `${basic[1]}${Buffer.from(next, 'utf8').toString('base64')}`;
    },
  };
}

/** Whether a secret is only one of these placeholders, alone or as a password in base64. */
export function isPlaceholderOf(known: ReadonlySet<string>): (secret: Buffer) => boolean {
  return (secret) => {
    const text = secret.toString('latin1').replace(/^(?:Bearer|Basic|token) /i, '');
    const password = /^[A-Za-z0-9+/]{8,}={0,2}$/.test(text) ? Buffer.from(text, 'base64').toString('utf8') : '';
    return known.has(text) || known.has(password.slice(password.indexOf(':') + 1));
  };
}

function decoded(placeholder: string): string {
  return placeholder.replace(/%[0-9a-f]{2}/gi, (code) => decodeURIComponent(code));
}

/** Null where a value cannot stand: a line end in a field would be a field of its own. */
function write(value: Buffer, written: Written): string | null {
  const text = value.toString('utf8');
  switch (written) {
    case 'field':
      return /\p{Cc}/u.test(text) ? null : text;
    case 'url':
      return encodeURIComponent(text);
    case 'json':
      return JSON.stringify(text).slice(1, -1);
    case 'plain':
      return text;
  }
}

/** A value as an answer may repeat it: as it is, escaped for JSON and for URLs, and in base64, alone or within more. */
export function scrubs(exchanged: readonly Exchanged[]): Scrubs {
  const out = new Map<string, string>();
  for (const { value, placeholder } of exchanged) {
    const text = value.toString('utf8');
    for (const form of [text, JSON.stringify(text).slice(1, -1), encodeURIComponent(text), ...inBase64(value)]) {
      if (form.length >= SHORTEST_SCRUBBED) out.set(form, placeholder);
    }
  }
  // The longest first: one may hold another.
  return [...out].sort(([a], [b]) => b.length - a.length).map(([form, put]) => [Buffer.from(form), put]);
}

/** Shorter values would be found everywhere. */
const SHORTEST_SCRUBBED = 6;

/** Alone, and what of it is the same whatever stands around it, such as the user of a password (RFC 7617); for URLs too. */
function inBase64(value: Buffer): readonly string[] {
  const alone = value.toString('base64').replace(/=+$/, '');
  const within = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), value]).toString('base64');
    return text.slice(before === 0 ? 0 : before + 1, Math.floor((8 * (before + value.length)) / 6));
  });
  return [alone, ...within].flatMap((text) => [text, text.replaceAll('+', '-').replaceAll('/', '_')]);
}

export function scrubText(text: string, found: Scrubs): string {
  return found.reduce((rest, [value, put]) => rest.replaceAll(value.toString('utf8'), put), text);
}
