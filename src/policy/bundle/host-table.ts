/** Values by host pattern. A lookup costs one hash per label of the host, whatever the number of patterns. */

import { type HostPattern, suffixLength } from './host-pattern.ts';

export interface HostTable<T> {
  readonly exact: ReadonlyMap<string, readonly T[]>;
  readonly below: ReadonlyMap<string, readonly T[]>;
}

const NONE: readonly never[] = Object.freeze([]);

export function hostTable<T>(rows: Iterable<readonly [HostPattern, T]>): HostTable<T> {
  const exact = new Map<string, T[]>();
  const below = new Map<string, T[]>();
  for (const [pattern, value] of rows) {
    const map = pattern.kind === 'exact' ? exact : below;
    const list = map.get(pattern.name);
    if (list) list.push(value);
    else map.set(pattern.name, [value]);
  }
  return { exact, below };
}

/** Everything whose pattern covers the host: exact first, then wildcards from the nearest name up to its public suffix. */
export function lookupHost<T>(table: HostTable<T>, host: string): readonly T[] {
  const exact = table.exact.get(host);
  if (table.below.size === 0) return exact ?? NONE;
  let out: T[] | null = null;
  let suffix = -1;
  for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
    const found = table.below.get(host.slice(dot + 1));
    if (!found) continue;
    // Asked only of hosts below some wildcard: it costs as much as the rest of the lookup.
    if (suffix < 0) suffix = suffixLength(host);
    if (host.length - dot - 1 <= suffix) break;
    out ??= exact ? [...exact] : [];
    out.push(...found);
  }
  return out ?? exact ?? NONE;
}
