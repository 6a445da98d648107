/**
 * Public-suffix boundaries: where one owner's names end and another's begin, private suffixes (github.io,
 * s3.amazonaws.com) included. A category said of one owner is never taken to be said of another.
 *
 *   An entry `n` speaks of host `h` under it only when `n` lies below h's public suffix, that is, when both belong to
 *   the same registrable domain. `amazonaws.com` therefore says nothing of `bucket.s3.amazonaws.com`.
 *   `*.n` may also stand at the public suffix itself: whoever writes `*.github.io` means its customers.
 *   `n` that is itself a public suffix means the suffix host alone, unless its category has scope `platform`: then it
 *   means everything below, suffixes below it (`us-east-1.linodeobjects.com`) included.
 */

import { getPublicSuffix, parse } from 'tldts';

const FAST = { allowPrivateDomains: true, extractHostname: false, validateHostname: false, detectIp: false } as const;

/** Length of the public suffix of a canonical name, private suffixes included. */
export function suffixLength(name: string): number {
  return getPublicSuffix(name, FAST)?.length ?? 0;
}

/** The name is a public suffix, such as `co.uk` or `github.io`; an unknown last label counts as one. */
export function isPublicSuffix(name: string): boolean {
  return suffixLength(name) === name.length;
}

/** A public suffix of a registry (`com`, `co.uk`), not of a platform (`github.io`); any single label is one. */
export function isIcannSuffix(name: string): boolean {
  if (!isPublicSuffix(name)) return false;
  return parse(name, FAST).isPrivate !== true;
}
