/**
 * Transports to origins for what is seen as HTTP: undici pools, each for one pass and one origin, so that a connection
 * never serves two identities or two hosts (T-25). The connector dials only addresses that were checked for the
 * exchange at hand; a pooled connection was checked when it was made.
 */

import { type Dispatcher, Pool } from 'undici';
import type { Host } from '../core/host.ts';
import type { Dialer } from './dialer.ts';
import type { Route } from './route.ts';
import type { ProxySettings } from './settings.ts';

export interface Origin extends Route {
  readonly pass: string;
  readonly scheme: 'http' | 'https';
  /** Offer h2 to the origin: the client speaks it. */
  readonly h2: boolean;
}

interface Entry {
  readonly pool: Pool;
  addresses: readonly string[];
}

export class Upstreams {
  readonly #entries = new Map<string, Entry>();
  readonly #dialer: Dialer;
  readonly #settings: ProxySettings;

  constructor(dialer: Dialer, settings: ProxySettings) {
    this.#dialer = dialer;
    this.#settings = settings;
  }

  get dialer(): Dialer {
    return this.#dialer;
  }

  /** The pool of this pass and origin; new connections of it go to these addresses. */
  pool(origin: Origin): Dispatcher {
    const key = `${origin.pass} ${origin.scheme}://${origin.host.name}:${origin.port} ${origin.h2 ? 'h2' : 'h1'}`;
    const held = this.#entries.get(key);
    if (held) {
      held.addresses = origin.addresses;
      this.#entries.delete(key);
      this.#entries.set(key, held);
      return held.pool;
    }
    const entry: Entry = { pool: this.#make(origin, () => entry.addresses), addresses: origin.addresses };
    this.#entries.set(key, entry);
    this.#evict();
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

  #evict(): void {
    if (this.#entries.size <= this.#settings.maxPools) return;
    const oldest = this.#entries.entries().next().value;
    if (!oldest) return;
    this.#entries.delete(oldest[0]);
    // Graceful: exchanges in flight finish on it.
    void oldest[1].pool.close().catch(() => undefined);
  }

  #make(origin: Origin, addresses: () => readonly string[]): Pool {
    let session: Buffer | null = null;
    const { host, port, scheme, h2 } = origin;
    const dialer = this.#dialer;
    return new Pool(`${scheme}://${urlHost(host)}:${port}`, {
      allowH2: h2,
      pipelining: h2 ? 100 : 1,
      keepAliveTimeout: 15_000,
      keepAliveMaxTimeout: 60_000,
      maxHeaderSize: 64 * 1024,
      headersTimeout: this.#settings.responseTimeoutMs,
      bodyTimeout: this.#settings.idleMs,
      connect: (_options, callback) => {
        const route: Route = { host, port, addresses: addresses() };
        const socket =
          scheme === 'http'
            ? dialer.tcp(route, { cutoff: null })
            : dialer.tls(route, {
                cutoff: null,
                alpn: h2 ? ['h2', 'http/1.1'] : ['http/1.1'],
                session,
                onSession: (ticket) => {
                  session = ticket;
                },
              });
        socket.then(
          (made) => callback(null, made),
          (error: Error) => callback(error, null),
        );
      },
    });
  }
}

/** A host as it stands in a URL. */
export function urlHost(host: Host): string {
  return host.kind === 'ipv6' ? `[${host.name}]` : host.name;
}
