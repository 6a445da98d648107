/**
 * The one resolver path: hosts file, bounded cache that honours TTLs, then the configured source. Names reach it only
 * after they were allowed (T-21); what it answers is checked and dialled as it is (T-20).
 */

import { LRUCache } from 'lru-cache';
import type { Resolution } from '../../core/decision.ts';
import { classifyAddress, parseIp } from '../../core/ip-address.ts';
import type { Clock } from '../../core/ports.ts';
import { Refusal } from '../refusal.ts';
import type { HostsFile } from './hosts-file.ts';

/** What a source answers: addresses, the chain that led there, and how long that holds. */
export interface Answer extends Resolution {
  readonly ttlMs: number;
}

/** Asks the network. Throws a `Refusal` with `resolve_failed` or `resolve_timeout`. */
export type NameSource = (name: string) => Promise<Answer>;

export interface Resolver {
  /** `name` is canonical. Throws a `Refusal`, or rejects with one. What is known is answered at once. */
  resolve(name: string): Resolution | Promise<Resolution>;
}

/** An answer is believed for at least this long, so that a TTL of zero cannot turn each request into a query … */
const SHORTEST_MS = 1_000;
/** … and at most this long. */
const LONGEST_MS = 3_600_000;
/** A name that does not resolve is not asked again for this long: how long the zone would have it, nobody tells us. */
const FAILURE_MS = 2_000;
const KEPT = 20_000;
/** They stand in the record of each decision. */
const MOST_ADDRESSES = 32;

export function createResolver(hosts: HostsFile, source: NameSource, clock: Clock): Resolver {
  const cache = new LRUCache<string, { readonly answer: Resolution | Refusal; readonly until: number }>({ max: KEPT });
  const asking = new Map<string, Promise<Resolution>>();

  const ask = async (name: string): Promise<Resolution> => {
    try {
      const { addresses, cnames, ttlMs } = await source(name);
      if (addresses.length === 0) throw new Refusal('resolve_failed', 'no_address');
      const answer = { addresses: worstOf(addresses), cnames };
      const held = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, ttlMs));
      cache.set(name, { answer, until: clock.monotonic() + held });
      return answer;
    } catch (error) {
      if (error instanceof Refusal) cache.set(name, { answer: error, until: clock.monotonic() + FAILURE_MS });
      throw error;
    } finally {
      asking.delete(name);
    }
  };

  return {
    resolve: (name) => {
      const now = clock.monotonic();
      const pinned = hosts.lookup(name, now) ?? localhost(name);
      if (pinned) return { addresses: pinned, cnames: [] };
      const held = cache.get(name);
      if (held && held.until > now) {
        if (held.answer instanceof Refusal) throw held.answer;
        return held.answer;
      }
      const asked = asking.get(name) ?? ask(name);
      asking.set(name, asked);
      return asked;
    },
  };
}

/** Of a very long answer, too, one bad address spoils all (T-20): what is left out is good. */
function worstOf(addresses: readonly string[]): readonly string[] {
  if (addresses.length <= MOST_ADDRESSES) return addresses;
  const isPublic = (text: string): boolean => {
    const ip = parseIp(text);
    return ip !== null && classifyAddress(ip) === 'public';
  };
  const bad = addresses.filter((text) => !isPublic(text));
  return [...bad, ...addresses.filter(isPublic)].slice(0, MOST_ADDRESSES);
}

/** RFC 6761: `localhost` and names under it are loopback, and never asked for. */
function localhost(name: string): readonly string[] | null {
  return name === 'localhost' || name.endsWith('.localhost') ? ['127.0.0.1', '::1'] : null;
}
