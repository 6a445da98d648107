/**
 * Chaining to a parent proxy, by HTTP CONNECT (in the clear or over TLS) or by SOCKS5. Our own checks were all done before:
 * the parent is told the addresses that were checked, one after another where it cannot reach the first.
 */

import type { Socket } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import { parseIp } from '../../core/ip-address.ts';
import type { Deadlines } from '../deadlines.ts';
import { Refusal } from '../refusal.ts';
import type { ParentProxy } from '../settings.ts';
import type { Cutoff } from './cutoff.ts';
import { dial } from './dial.ts';
import { httpConnect } from './parent-http.ts';
import { socksConnect } from './parent-socks.ts';
import type { Route } from './route.ts';
import { secure } from './secure.ts';

export interface ParentOptions {
  /** For all of it: the parent, its TLS, its answer, and what it may have to try. */
  readonly timeoutMs: number;
  readonly deadlines: Deadlines;
  readonly cutoff: Cutoff | null;
}

/** Of many addresses, so many are tried. */
const MOST_TRIED = 4;

export class Parent {
  readonly #proxy: ParentProxy;
  readonly #trust: SecureContext | null;

  constructor(proxy: ParentProxy) {
    this.#proxy = proxy;
    const ca = proxy.cas.length > 0 ? { ca: [...proxy.cas] } : {};
    this.#trust = proxy.kind === 'https' ? createSecureContext({ minVersion: 'TLSv1.2', ...ca }) : null;
  }

  /** A connection to the origin through the parent. Rejects with a `Refusal`. */
  async through(route: Route, options: ParentOptions): Promise<Socket> {
    const told = this.#told(route);
    const end = performance.now() + options.timeoutMs;
    for (let at = 0; ; at += 1) {
      const left = told.length - at;
      const timeoutMs = Math.max(1, (end - performance.now()) / left);
      try {
        return await this.#connect(told[at] ?? route.host.name, route.port, { ...options, timeoutMs });
      } catch (error) {
        if (left <= 1 || options.cutoff?.isCut || !mayFareBetter(error)) throw error;
      }
    }
  }

  /** The destination as the parent is told it: by default the very addresses that were checked. */
  #told({ host, addresses }: Route): readonly string[] {
    if (this.#proxy.destination === 'name' || addresses.length === 0) return [host.name];
    return addresses.slice(0, MOST_TRIED);
  }

  async #connect(name: string, port: number, options: ParentOptions): Promise<Socket> {
    const end = performance.now() + options.timeoutMs;
    let socket = await this.#dial(options);
    let isLate = false;
    const late = setTimeout(
      () => {
        isLate = true;
        socket.destroy();
      },
      Math.max(1, end - performance.now()),
    );
    options.cutoff?.tell(() => void socket.destroy());
    try {
      if (this.#trust !== null) socket = await this.#secure(socket, this.#trust, options.timeoutMs);
      if (this.#proxy.kind === 'socks5') await socksConnect(socket, this.#proxy, name, port);
      else await httpConnect(socket, this.#proxy, name, port);
      return socket;
    } catch (error) {
      socket.destroy();
      if (isLate) throw new Refusal('parent_timeout', 'answer');
      throw error instanceof Refusal ? error : new Refusal('parent_failed', 'handshake');
    } finally {
      clearTimeout(late);
      options.cutoff?.tell(null);
    }
  }

  async #dial(options: ParentOptions): Promise<Socket> {
    const { host, port } = this.#proxy;
    try {
      return await dial({ addresses: [host], port, ...options });
    } catch (error) {
      if (error instanceof Refusal && error.reason === 'lease_ended') throw error;
      if (error instanceof Refusal && error.reason === 'upstream_timeout')
        throw new Refusal('parent_timeout', 'connect');
      throw new Refusal('parent_failed', 'connect');
    }
  }

  async #secure(socket: Socket, trust: SecureContext, timeoutMs: number): Promise<Socket> {
    const { name } = this.#proxy;
    try {
      return await secure(socket, { name, isAddress: parseIp(name) !== null, alpn: ['http/1.1'], trust, timeoutMs });
    } catch (error) {
      const { reason, detail } = error instanceof Refusal ? error : { reason: null, detail: 'failed' };
      if (reason === 'upstream_timeout') throw new Refusal('parent_timeout', 'tls');
      throw new Refusal('parent_failed', `tls_${detail}`);
    }
  }
}

/** The parent spoke of this address; what it refused itself (a login, its own rules) it refuses for all. */
function mayFareBetter(error: unknown): boolean {
  if (!(error instanceof Refusal)) return false;
  const { reason, detail } = error;
  if (reason === 'upstream_refused') return true;
  if (reason === 'parent_timeout') return detail !== 'connect';
  return reason === 'parent_failed' && /^(?:status_5|reply_1$)/.test(detail ?? '');
}
