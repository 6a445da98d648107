/**
 * Asks DNS servers: A, AAAA and the CNAME chain, with their TTLs. Never the system's own resolver call: it has no TTLs,
 * does not say which aliases it followed, and appends search domains.
 */

import { promises as dns } from 'node:dns';
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
  const resolver = new dns.Resolver({ timeout: Math.ceil(timeoutMs / TRIES), tries: TRIES });
  if (servers.length > 0) resolver.setServers(servers);
  return (name) => withinTime(timeoutMs, () => ask(resolver, name));
}

async function ask(resolver: dns.Resolver, name: string): Promise<Answer> {
  const [{ records, isWhole }, cnames] = await Promise.all([
    eitherFamily([resolver.resolve4(name, { ttl: true }), resolver.resolve6(name, { ttl: true })]),
    aliases(resolver, name),
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
async function eitherFamily(asked: readonly Promise<readonly Record[]>[]): Promise<Families> {
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
      orNothing(answer).then(
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

async function aliases(resolver: dns.Resolver, name: string): Promise<string[]> {
  const chain: string[] = [];
  let at = name;
  for (;;) {
    const [next] = (await orNothing(resolver.resolveCname(at))) ?? [];
    if (next === undefined) return chain;
    at = next.toLowerCase().replace(/\.$/, '');
    if (chain.length >= MOST_ALIASES || chain.includes(at)) throw new Refusal('resolve_failed', 'alias_chain');
    chain.push(at);
  }
}

/** Null where the server answered that there is nothing; throws where it did not answer. */
async function orNothing<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (NOTHING_THERE.has(code)) return null;
    throw code === 'ETIMEOUT' ? new Refusal('resolve_timeout') : new Refusal('resolve_failed', 'server');
  }
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
