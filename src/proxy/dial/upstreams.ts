/**
 * Transports to origins for what is seen as HTTP: pools, each for one pass and one origin, so that a connection never
 * serves two identities or two hosts (T-25). HTTP/1.1 is our own, h2 and upgrades are undici's. The connector dials only addresses that were checked for the
 * exchange at hand; a pooled connection was checked when it was made.
 */

import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { LRUCache } from 'lru-cache';
import { type Dispatcher, Pool } from 'undici';
import type { Host } from '../../core/host.ts';
import { Deadlines } from '../deadlines.ts';
import type { ProxySettings } from '../settings.ts';
import type { Cutoff } from './cutoff.ts';
import type { Dialer } from './dialer.ts';
import { OriginPool } from './origin-pool.ts';
import type { Route } from './route.ts';
import { mustEndWhole } from './tls-end.ts';
import { watchStreams } from './whole-streams.ts';

export interface Origin extends Route {
  readonly pass: string;
  readonly scheme: 'http' | 'https';
  /** Offer h2 to the origin: the client speaks it. */
  readonly h2: boolean;
}

interface Entry<P> {
  readonly pool: P;
  addresses: readonly string[];
}

export class Upstreams {
  readonly #entries: LRUCache<string, Entry<OriginPool | Pool>>;
  readonly #dialer: Dialer;
  readonly #settings: ProxySettings;
  readonly #deadlines = new Deadlines();
  readonly #h2 = new WeakSet<Dispatcher>();

  constructor(dialer: Dialer, settings: ProxySettings) {
    this.#dialer = dialer;
    this.#settings = settings;
    watchStreams();
    this.#entries = new LRUCache({
      max: settings.maxPools,
      dispose: ({ pool }, _, why) => {
        // Graceful: exchanges in flight finish on it.
        if (why === 'evict') void Promise.resolve(pool.close()).catch(() => undefined);
      },
    });
  }

  /** Deadlines of connections on their way to an origin. */
  get deadlines(): Deadlines {
    return this.#deadlines;
  }

  get dialer(): Dialer {
    return this.#dialer;
  }

  /** HTTP/1.1 to this origin for this pass; new connections go to these addresses. */
  h1(origin: Origin): OriginPool {
    return this.#entry(origin, 'h1', (addresses) => this.#makeH1(origin, addresses)) as OriginPool;
  }

  /** The same through undici: h2 where it is offered, and upgrades. */
  pool(origin: Origin): Dispatcher {
    return this.#entry(origin, origin.h2 ? 'h2' : 'up', (addresses) => this.#make(origin, addresses)) as Pool;
  }

  /**
   * Gives up a pool that was handed a request which it does not take. INVARIANT: it is used no more, because it waits for a
   * connection of its own to be free again that is not busy, and what comes next waits with it, for ever.
   */
  discard(pool: Dispatcher): void {
    for (const [key, entry] of this.#entries) if (entry.pool === pool) this.#entries.delete(key);
    pool.close().catch(() => undefined);
  }

  /** Whether the origin of this pool has chosen h2. */
  speaksH2(pool: Dispatcher): boolean {
    return this.#h2.has(pool);
  }

  #entry(
    { pass, scheme, host, port, addresses }: Origin,
    kind: string,
    make: (addresses: () => readonly string[]) => OriginPool | Pool,
  ): OriginPool | Pool {
    const key = `${pass} ${scheme}://${host.name}:${port} ${kind}`;
    const held = this.#entries.get(key);
    if (held) {
      held.addresses = addresses;
      return held.pool;
    }
    const entry: Entry<OriginPool | Pool> = { pool: make(() => entry.addresses), addresses };
    this.#entries.set(key, entry);
    return entry.pool;
  }

  get size(): number {
    return this.#entries.size;
  }

  async close(): Promise<void> {
    const pools = [...this.#entries.values()].map((entry) => entry.pool.destroy());
    this.#entries.clear();
    await Promise.all(pools);
  }

  #makeH1(origin: Origin, addresses: () => readonly string[]): OriginPool {
    const { responseTimeoutMs, idleMs } = this.#settings;
    const dial = this.#dial(origin, addresses, ['http/1.1']);
    return new OriginPool({ times: { responseTimeoutMs, idleMs }, deadlines: this.#deadlines, dial });
  }

  /** Connections of one pool share what one of them learns to resume its TLS session, and no other pool does (T-07). */
  #dial(
    { scheme, host, port }: Origin,
    addresses: () => readonly string[],
    alpn: readonly string[],
  ): (cutoff: Cutoff | null) => Promise<Socket> {
    let session: Buffer | null = null;
    const onSession = (ticket: Buffer): void => {
      // In memory of its own: a piece of Node's pool would hold all that the pool gave out beside it.
      session = Buffer.allocUnsafeSlow(ticket.length);
      ticket.copy(session);
    };
    return (cutoff) => {
      const route: Route = { host, port, addresses: addresses() };
      if (scheme === 'http') return this.#dialer.tcp(route, { cutoff });
      return this.#dialer.tls(route, { cutoff, alpn, session, onSession });
    };
  }

  #make(origin: Origin, addresses: () => readonly string[]): Pool {
    const { host, port, scheme, h2 } = origin;
    const dial = this.#dial(origin, addresses, h2 ? ['h2', 'http/1.1'] : ['http/1.1']);
    const pool: Pool = new Pool(`${scheme}://${urlHost(host)}:${port}`, {
      allowH2: h2,
      // Over h2 undici goes by the streams that the origin takes; over HTTP/1.1 nothing waits behind a slow answer.
      pipelining: 1,
      keepAliveTimeout: 15_000,
      keepAliveMaxTimeout: 60_000,
      maxHeaderSize: 64 * 1024,
      headersTimeout: this.#settings.responseTimeoutMs,
      bodyTimeout: this.#settings.idleMs,
      connect: (_options, callback) => {
        dial(null).then(
          (made) => {
            if ((made as Partial<TLSSocket>).alpnProtocol === 'h2') this.#h2.add(pool);
            // Over HTTP/1.1, undici takes what an end of the connection leaves for a whole answer.
            else mustEndWhole(made);
            callback(null, made);
          },
          (error: Error) => callback(error, null),
        );
      },
    });
    return pool;
  }
}

/** A host as it stands in a URL. */
export function urlHost(host: Host): string {
  return host.kind === 'ipv6' ? `[${host.name}]` : host.name;
}
