/** `integrity` of a request: whether bytes are those that were asked for (Subresource Integrity, section 3.3). */

import { btoa } from './base64.ts';
import { bridge } from './bridge.ts';
import { latin1, ownBuffer } from './buffer-source.ts';

/** Weakest first. */
const HASHES = ['SHA-256', 'SHA-384', 'SHA-512'] as const;
const ITEM = /^sha(256|384|512)-([^?]*)/i;

interface Wanted {
  readonly strength: number;
  readonly digest: string;
}

/** True as well where nothing is said that is understood, as the standard has it. */
export function fitsIntegrity(bytes: Uint8Array, metadata: string): boolean {
  const wanted = metadata.split(/[\t\n\f\r ]+/).flatMap(wantedOf);
  const strongest = Math.max(-1, ...wanted.map(({ strength }) => strength));
  if (strongest < 0) return true;
  const made = bridge.current.serve('digest', HASHES[strongest], ownBuffer(bytes));
  if (!(made instanceof ArrayBuffer)) return false;
  const digest = plain(btoa(latin1(new Uint8Array(made))));
  return wanted.some((each) => each.strength === strongest && each.digest === digest);
}

function wantedOf(item: string): readonly Wanted[] {
  const [, bits, value = ''] = ITEM.exec(item) ?? [];
  return bits === undefined
    ? []
    : [{ strength: HASHES.findIndex((hash) => hash.endsWith(bits)), digest: plain(value) }];
}

/** Base64 of either alphabet, padded or not, as one. */
function plain(base64: string): string {
  return base64.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '');
}
