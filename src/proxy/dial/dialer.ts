/** Ways to an origin: direct to a checked address, or through a parent proxy, always after our own checks. */

import type { Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { Deadlines } from '../deadlines.ts';
import { letGo } from '../let-go.ts';
import { Refusal } from '../refusal.ts';
import type { ProxySettings } from '../settings.ts';
import type { Cutoff } from './cutoff.ts';
import { dial } from './dial.ts';
import { throughParent } from './parent.ts';
import type { Route } from './route.ts';

export interface DialOptions {
  readonly cutoff: Cutoff | null;
  /** See `DialOrder.pumped`; a parent proxy's sockets are never pumped. */
  readonly pumped?: boolean;
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
  const tcp = (route: Route, options: DialOptions): Promise<Socket> => {
    const timeoutMs = settings.connectTimeoutMs;
    if (settings.parent) return throughParent(settings.parent, route, { timeoutMs, deadlines, cutoff: options.cutoff });
    return dial({ ...options, addresses: route.addresses, port: route.port, timeoutMs, deadlines });
  };
  return {
    tcp,
    tls: async (route, options) =>
      secure(await tcp(route, { cutoff: options.cutoff }), route, { ...options, trust, settings }),
  };
}

type SecureOptions = TlsOptions & { readonly trust: SecureContext; readonly settings: ProxySettings };

function secure(socket: Socket, route: Route, options: SecureOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const { host } = route;
    const tls = connectTls({
      socket,
      host: host.name,
      servername: host.kind === 'name' ? host.name : '',
      ALPNProtocols: [...options.alpn],
      rejectUnauthorized: true,
      secureContext: options.trust,
      ...(options.session ? { session: options.session } : {}),
    });
    letGo(tls);
    const late = setTimeout(
      () => tls.destroy(new Refusal('upstream_timeout', 'tls')),
      options.settings.connectTimeoutMs,
    );
    const failed = (error: Error): void => {
      clearTimeout(late);
      socket.destroy();
      reject(error instanceof Refusal ? error : new Refusal('upstream_tls_invalid', tlsWord(error)));
    };
    tls.once('error', failed);
    tls.on('session', options.onSession);
    tls.once('secureConnect', () => {
      clearTimeout(late);
      tls.off('error', failed);
      resolve(tls);
    });
  });
}

/** A fixed word for the record, from OpenSSL's and Node's codes. */
function tlsWord(error: NodeJS.ErrnoException): string {
  const code = error.code ?? '';
  if (/^[A-Z0-9_]{3,60}$/.test(code)) return code.toLowerCase();
  return 'handshake';
}
