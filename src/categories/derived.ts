/**
 * Categories that need no list: they follow from the host itself. They hold even when the index is empty, because what
 * they name (cloud metadata above all) must never depend on a file being there.
 */

import type { Host } from '../core/host.ts';
import { classifyAddress } from '../core/ip-address.ts';
import { addressForm } from './address-form.ts';
import { homographOf } from './homograph.ts';

export interface DerivedCategory {
  readonly category: 'ip-literal' | 'single-label' | 'special-use' | 'cloud-metadata' | 'phishing';
  /** For explanations: what made it so. */
  readonly why: string;
}

const NONE: readonly DerivedCategory[] = Object.freeze([]);
const IP_LITERAL = one('ip-literal', 'the target is an address');
const METADATA_ADDRESS = Object.freeze([...IP_LITERAL, ...one('cloud-metadata', 'a metadata service answers there')]);
const METADATA_NAME = one('cloud-metadata', 'a metadata service answers to this name');
const SPECIAL = one('special-use', 'its last label is not in the public DNS');
const MIXED = one('phishing', 'a label mixes scripts as no language does');
const LATIN_LIKE = one('phishing', 'a label is written in letters of another script that look Latin');
const SINGLE_LABEL = one('single-label', 'the name has no dot');

/**
 * Last labels that the public DNS does not hold: RFC 6761 and the IANA registry of special-use domain names, and
 * suffixes that ICANN set apart or routers commonly use for private networks. `example.com` and its kin are left out:
 * they are names like any other.
 */
const SPECIAL_USE = new Set([
  'alt', // RFC 9476
  'arpa', // infrastructure and reverse names, home.arpa (RFC 8375)
  'corp', // ICANN: indefinitely deferred
  'example', // RFC 6761
  'home', // ICANN: indefinitely deferred
  'i2p',
  'internal', // ICANN 2024, for private use
  'intranet',
  'invalid', // RFC 6761
  'lan',
  'local', // RFC 6762
  'localdomain',
  'localhost', // RFC 6761
  'mail', // ICANN: indefinitely deferred
  'onion', // RFC 7686
  'private',
  'test', // RFC 6761
]);

const SPECIAL_SHAPES = new Uint8Array(128 * 64);
for (const label of SPECIAL_USE) SPECIAL_SHAPES[label.charCodeAt(0) * 64 + label.length] = 1;

/** Names of metadata services, and the addresses of them that `core/ip-address.ts` knows only as link-local. */
const METADATA = new Set([
  '169.254.42.42', // Scaleway
  'fd00:42::42', // Scaleway
  '169.254.0.23', // Tencent Cloud
  'metadata',
  'metadata.google.internal',
  'metadata.goog',
  'instance-data',
  'instance-data.ec2.internal',
  'metadata.tencentyun.com',
  'metadata.platformequinix.com',
]);

const METADATA_START = [...new Set([...METADATA].map((name) => name.charAt(0)))].join('');

/** Derived categories of a canonical host. */
export function derivedCategories(host: Host): readonly DerivedCategory[] {
  if (host.ip !== null) {
    const metadata = classifyAddress(host.ip) === 'metadata' || METADATA.has(addressForm(host).name);
    return metadata ? METADATA_ADDRESS : IP_LITERAL;
  }
  const dot = host.name.lastIndexOf('.');
  const base = dot < 0 ? SINGLE_LABEL : NONE;
  const special = isSpecialUse(host.name, dot + 1) ? SPECIAL : NONE;
  const metadata = METADATA_START.includes(host.name.charAt(0)) && METADATA.has(host.name) ? METADATA_NAME : NONE;
  const homograph = homographCategory(host.name);
  if (special === NONE && metadata === NONE && homograph === NONE) return base;
  return [...base, ...special, ...metadata, ...homograph];
}

function homographCategory(name: string): readonly DerivedCategory[] {
  const why = homographOf(name);
  if (why === null) return NONE;
  return why === 'mixed scripts' ? MIXED : LATIN_LIKE;
}

/** Sized up by its first character and length before a string is made: most hosts end in `com`, and lookups are many. */
function isSpecialUse(name: string, from: number): boolean {
  const shape = name.charCodeAt(from) * 64 + (name.length - from);
  return SPECIAL_SHAPES[shape] === 1 && SPECIAL_USE.has(name.slice(from));
}

function one(category: DerivedCategory['category'], why: string): readonly DerivedCategory[] {
  return Object.freeze([{ category, why }]);
}
