/**
 * Host patterns of grants: an exact canonical host, or `*.` and a name, which means every name below it (and not the
 * name itself). A wildcard never stands on a public suffix, so it never crosses from one owner to another (T-38).
 */

import { getPublicSuffix } from 'tldts';
import { parseHost } from '../../core/host.ts';
import { err, ok, type Result } from '../../core/result.ts';

export interface HostPattern {
  readonly kind: 'exact' | 'below';
  /** Canonical name, without `*.`. */
  readonly name: string;
}

/** The error is a clause for a message, with the fix last. */
export function parseHostPattern(text: string): Result<HostPattern, string> {
  const below = text.startsWith('*.');
  const bare = below ? text.slice(2) : text;
  if (bare.includes('*')) return err(`host \`${text}\` has a wildcard inside; write \`*.\` and a whole name`);
  const host = parseHost(bare);
  if (!host.ok) return err(`host \`${text}\` is not valid (${host.error}); use a plain host name or address`);
  if (host.value.name !== bare)
    return err(`host \`${text}\` is not canonical; use \`${below ? '*.' : ''}${host.value.name}\``);
  if (!below) return ok({ kind: 'exact', name: bare });
  if (host.value.kind !== 'name') return err(`host \`${text}\` is a wildcard on an address; name the address`);
  if (getPublicSuffix(bare, { allowPrivateDomains: true }) === bare) {
    return err(`host \`${text}\` is a wildcard on a public suffix; name what stands below it`);
  }
  return ok({ kind: 'below', name: bare });
}

export function hostMatches(pattern: HostPattern, host: string): boolean {
  if (pattern.kind === 'exact') return pattern.name === host;
  return (
    host.length > pattern.name.length + 1 &&
    host.endsWith(`.${pattern.name}`) &&
    pattern.name.length > suffixLength(host)
  );
}

/**
 * Length of the public suffix of a host, private section included. A wildcard covers a host only when its name is longer:
 * `*.amazonaws.com` covers `ec2.amazonaws.com` and nobody's bucket, because `s3.amazonaws.com` is a public suffix (T-38).
 */
export function suffixLength(host: string): number {
  return getPublicSuffix(host, { allowPrivateDomains: true })?.length ?? 0;
}
