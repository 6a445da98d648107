/** What is known of everything inside one CONNECT, and the servers that read it. */

import type { Duplex } from 'node:stream';
import type { Door } from '../../core/event.ts';
import type { Principal } from '../../core/principal.ts';
import type { Target } from '../../core/target.ts';
import type { Exchange } from '../exchange.ts';

export interface Inner {
  /** What CONNECT named and SNI confirmed; each inner request must name the same. */
  readonly target: Target;
  readonly principal: Principal | null;
  /** The CONNECT. */
  readonly within: Exchange;
  readonly door: Door;
  /** The connection that carries the TLS that was ended here. */
  readonly carrier: Duplex;
}

export interface InnerServers {
  serveH1(socket: Duplex, inner: Inner): void;
  serveH2(socket: Duplex, inner: Inner): void;
}
