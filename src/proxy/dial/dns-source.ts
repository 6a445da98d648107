/**
 * Asks DNS servers: A, AAAA and the CNAME chain, with their TTLs. Never the system's own resolver call: it has no TTLs,
 * does not say which aliases it followed, and appends search domains.
 */

import { promises as dns, type ResolverOptions } from 'node:dns';
import { Refusal } from '../refusal.ts';
import type { Answer, NameSource } from './resolver.ts';

export interface DnsOptions {
  /** `address` or `address:port`; empty for the system's. */
  readonly servers: readonly string[];
  readonly timeoutMs: number;
}

const TRIES = 2;
/** Aliases followed; longer chains are refused like loops. */
const MOST_ALIASES = 8;
const NOTHING_THERE = new Set(['ENODATA', 'ENOTFOUND']);

interface Record {
  readonly address: string;
  readonly ttl: number;
}

export function dnsSource({ servers, timeoutMs }: DnsOptions): NameSource {
  const from = resolversOf(servers, { timeout: Math.ceil(timeoutMs / TRIES), tries: TRIES });
  return (name) => withinTime(timeoutMs, () => ask(from, name));
}

/**
 * One resolver for each server, with that server first. Each goes on to its next where one keeps silent, but takes the word
 * of one that fails, refuses or does not understand.
 */
function resolversOf(servers: readonly string[], options: ResolverOptions): readonly dns.Resolver[] {
  const first = new dns.Resolver(options);
  if (servers.length > 0) first.setServers(servers);
  const all = first.getServers();
  const others = all.slice(1).map((_, i) => {
    const resolver = new dns.Resolver(options);
    resolver.setServers([...all.slice(i + 1), ...all.slice(0, i + 1)]);
    return resolver;
  });
  return [first, ...others];
}

async function ask(from: readonly dns.Resolver[], name: string): Promise<Answer> {
  const [{ records, isWhole }, cnames] = await Promise.all([
    eitherFamily([
      orNothing(from, (resolver) => resolver.resolve4(name, { ttl: true })),
      orNothing(from, (resolver) => resolver.resolve6(name, { ttl: true })),
    ]),
    aliases(from, name),
  ]);
  const ttl = Math.min(isWhole ? Number.POSITIVE_INFINITY : PART_TTL, ...records.map((record) => record.ttl));
  return { addresses: records.map((r) => r.address), cnames, ttlMs: Number.isFinite(ttl) ? ttl * 1000 : 0 };
}

/** Once one family has addresses, the other is waited for no longer than this (RFC 8305 section 3). */
const OTHER_FAMILY_MS = 250;
/** Seconds for which the addresses of one family are believed to be all there are. */
const PART_TTL = 30;

interface Families {
  readonly records: readonly Record[];
  /** Both families answered. */
  readonly isWhole: boolean;
}

/**
 * The addresses of both families, or of one where the server fails or keeps silent on the other, as many do on AAAA. Nothing
 * is dialled but what was answered and checked, so what is left out opens nothing.
 */
async function eitherFamily(asked: readonly Promise<readonly Record[] | null>[]): Promise<Families> {
  const records: Record[] = [];
  let failure: unknown;
  let left = asked.length;
  await new Promise<void>((resolve) => {
    let patience: NodeJS.Timeout | undefined;
    const came = (found: readonly Record[]): void => {
      left -= 1;
      records.push(...found);
      if (left === 0) {
        clearTimeout(patience);
        resolve();
      } else if (found.length > 0) patience = setTimeout(resolve, OTHER_FAMILY_MS);
    };
    for (const answer of asked) {
      answer.then(
        (found) => came(found ?? []),
        (error: unknown) => {
          failure = error;
          came([]);
        },
      );
    }
  });
  if (records.length === 0 && failure !== undefined) throw failure;
  return { records: [...records], isWhole: left === 0 && failure === undefined };
}

async function aliases(from: readonly dns.Resolver[], name: string): Promise<string[]> {
  const chain: string[] = [];
  let at = name;
  for (;;) {
    const [next] = (await orNothing(from, (resolver) => resolver.resolveCname(at))) ?? [];
    if (next === undefined) return chain;
    at = next.toLowerCase().replace(/\.$/, '');
    if (chain.length >= MOST_ALIASES || chain.includes(at)) throw new Refusal('resolve_failed', 'alias_chain');
    chain.push(at);
  }
}

/** Null where a server answered that there is nothing; throws where none answered. */
async function orNothing<T>(
  from: readonly dns.Resolver[],
  question: (resolver: dns.Resolver) => Promise<T>,
): Promise<T | null> {
  for (const resolver of from) {
    try {
      return await question(resolver);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      if (NOTHING_THERE.has(code)) return null;
      // By then it has asked every server.
      if (code === 'ETIMEOUT') throw new Refusal('resolve_timeout');
    }
  }
  throw new Refusal('resolve_failed', 'server');
}

async function withinTime<T>(ms: number, act: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Refusal('resolve_timeout')), ms);
  });
  try {
    return await Promise.race([act(), late]);
  } finally {
    clearTimeout(timer);
  }
}
