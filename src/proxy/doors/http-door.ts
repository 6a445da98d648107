/** The HTTP proxy door: requests are walked by the HTTP/1.x server, and a CONNECT goes straight on. */

import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Door } from '../../core/event.ts';
import type { Gate } from '../gate.ts';
import { certificateReader } from './client-certificate.ts';
import { relayConnect } from './connect.ts';
import type { ConnectAsk } from './connect-heads.ts';
import type { Walk } from './http1-connection.ts';
import type { Http1Server } from './http1-server.ts';
import type { InnerServers } from './inner.ts';
import { refuseSocket } from './last-words.ts';

export interface DoorParts {
  readonly gate: Gate;
  readonly walk: Walk;
  readonly http1: Http1Server;
  readonly inner: InnerServers;
}

/** Serves one accepted connection. */
export function serveHttp(parts: DoorParts, socket: Duplex, door: Door): void {
  parts.http1.serve(socket, door, null);
}

/** A CONNECT; the socket is paused, and holds what follows the head. */
export function serveConnect({ gate, walk, inner }: DoorParts, read: ConnectAsk, socket: Duplex, door: Door): void {
  const { ask, problem, credential, accept } = read;
  void walk({
    door,
    from: () => (socket as Partial<Socket>).remoteAddress,
    parent: null,
    principal: null,
    credential,
    certificate: certificateReader(gate, socket),
    problem,
    ask,
    // They go nowhere, so the guard has nothing to see.
    headers: [],
    kind: 'tunnel',
    relay: (exchange) => relayConnect(gate, exchange, { client: socket, door, accept: opened(socket), inner }),
    refuse: (denial) => refuseSocket(socket, denial, accept),
  });
}

function opened(socket: Duplex): (decision: string) => void {
  return (decision) => {
    socket.write(`HTTP/1.1 200 Connection Established\r\nLocktender-Decision: ${decision}\r\n\r\n`, 'latin1');
  };
}
