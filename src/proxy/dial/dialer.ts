/** Ways to an origin: direct to a checked address, or through a parent proxy, always after our own checks. */

import type { Socket } from 'node:net';
import { createSecureContext, type TLSSocket } from 'node:tls';
import { Deadlines } from '../deadlines.ts';
import type { Pump } from '../relay/pump.ts';
import type { ProxySettings } from '../settings.ts';
import type { Cutoff } from './cutoff.ts';
import { dial } from './dial.ts';
import { Parent } from './parent.ts';
import type { Route } from './route.ts';
import { secure } from './secure.ts';

export interface DialOptions {
  readonly cutoff: Cutoff | null;
  /** See `DialOrder.pumped`; a parent proxy's sockets are never pumped. */
  readonly pumped?: (pump: Pump) => void;
}

export interface Dialer {
  tcp(route: Route, options: DialOptions): Promise<Socket>;
  /** Verified strictly for the host that was asked for. */
  tls(route: Route, options: DialOptions & TlsOptions): Promise<TLSSocket>;
}

export interface TlsOptions {
  readonly alpn: readonly string[];
  /** A ticket of the same host and pass, never of another (T-07). */
  readonly session: Buffer | null;
  readonly onSession: (session: Buffer) => void;
}

export function createDialer(settings: ProxySettings): Dialer {
  // One context for all origins: what differs between them (name, ALPN, session) is said for each connection, and making a
  // context reads the whole root store.
  const trust = createSecureContext({
    minVersion: 'TLSv1.2',
    ...(settings.upstreamCas.length > 0 ? { ca: [...settings.upstreamCas] } : {}),
  });
  const deadlines = new Deadlines();
  const timeoutMs = settings.connectTimeoutMs;
  const parent = settings.parent && new Parent(settings.parent);
  const tcp = (route: Route, options: DialOptions): Promise<Socket> => {
    if (parent) return parent.through(route, { timeoutMs, deadlines, cutoff: options.cutoff });
    return dial({ ...options, addresses: route.addresses, port: route.port, timeoutMs, deadlines });
  };
  return {
    tcp,
    tls: async (route, { cutoff, alpn, session, onSession }) => {
      const socket = await tcp(route, { cutoff });
      const { name, kind } = route.host;
      return secure(socket, { name, isAddress: kind !== 'name', alpn, trust, timeoutMs, session, onSession });
    },
  };
}
