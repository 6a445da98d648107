/** Starts the doors of the egress gate, and stops them. */

import { constants } from 'node:crypto';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { Bag } from '../core/bag.ts';
import type { Door } from '../core/event.ts';
import { H2Server } from './doors/h2-server.ts';
import { type DoorParts, serveConnect, serveHttp } from './doors/http-door.ts';
import { Http1Server } from './doors/http1-server.ts';
import type { DoorAddress } from './doors/own-doors.ts';
import { serveSocks } from './doors/socks-door.ts';
import type { Order } from './exchange.ts';
import type { Gate } from './gate.ts';
import { handle } from './handle.ts';
import { letGo } from './let-go.ts';

export interface DoorListen {
  readonly kind: Extract<Door, 'http' | 'https' | 'socks5'>;
  /** Address to bind. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Others listen there too, each taking its share of the connections. */
  readonly shared?: boolean;
  /** For `https`: the door's own certificate. With `ca`, only clients with a certificate of it are let in. */
  readonly tls?: Pick<TlsOptions, 'cert' | 'key' | 'ca'>;
}

export interface OpenDoor extends DoorAddress {
  readonly kind: DoorListen['kind'];
}

export interface RunningProxy {
  readonly doors: readonly OpenDoor[];
  /** Exchanges in progress. */
  inFlight(): number;
  /** Stops accepting, lets what runs finish for `drainMs`, then ends it. */
  close(options: { readonly drainMs: number }): Promise<void>;
}

export async function startProxy(gate: Gate, listen: readonly DoorListen[]): Promise<RunningProxy> {
  const running = new Bag<Promise<void>>();
  const sockets = new Bag<Duplex>();
  const walk = (order: Order): Promise<void> => {
    const done: Promise<void> = handle(gate, order).then(() => running.remove(seat));
    const seat = running.add(done);
    return done;
  };
  const parts = doorParts(gate, walk);
  const servers: Server[] = [];
  const doors: OpenDoor[] = [];
  for (const door of listen) {
    const server = openDoor(parts, door, sockets);
    await bind(server, door);
    servers.push(server);
    const { address, port } = server.address() as AddressInfo;
    doors.push({ kind: door.kind, host: address, port });
    gate.ownDoors.add({ host: address, port });
  }
  // A sandbox that reached the parent by itself would have a way out that nobody decides about.
  if (gate.settings.parent) gate.ownDoors.add(gate.settings.parent);
  return {
    doors,
    inFlight: () => running.size,
    close: async ({ drainMs }) => {
      for (const server of servers) server.close();
      await settled(running.items(), drainMs);
      for (const socket of sockets.items()) socket.destroy();
      await Promise.allSettled(running.items());
      parts.http1.close();
      await gate.upstreams.close();
    },
  };
}

function doorParts(gate: Gate, walk: DoorParts['walk']): DoorParts {
  const h2 = new H2Server(gate, walk);
  const http1: Http1Server = new Http1Server({
    gate,
    walk,
    onConnect: (read, socket, door) => serveConnect(parts, read, socket, door),
  });
  const inner: DoorParts['inner'] = {
    serveH1: (socket, within) => http1.serve(socket, within.door, within),
    serveH2: (socket, within) => h2.serve(socket, within),
  };
  const parts: DoorParts = { gate, walk, http1, inner };
  return parts;
}

function openDoor(parts: DoorParts, door: DoorListen, sockets: Bag<Duplex>): Server {
  const accept = (socket: Socket): void => {
    if (sockets.size >= parts.gate.settings.maxConnections) {
      parts.gate.meter.count('locktender_connections_refused_total');
      socket.destroy();
      return;
    }
    const seat = sockets.add(socket);
    letGo(socket);
    socket.on('close', () => sockets.remove(seat));
    if (door.kind === 'socks5') void serveSocks(parts, socket);
    else serveHttp(parts, socket, door.kind);
  };
  const options = { noDelay: true, allowHalfOpen: true };
  if (door.kind !== 'https') return createServer(options, accept);
  const server = createTlsServer(
    {
      ...options,
      ...door.tls,
      requestCert: door.tls?.ca !== undefined,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
      // A second handshake on one connection could present another certificate than the one that was let in.
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
      ALPNProtocols: ['http/1.1'],
    },
    accept,
  );
  server.on('tlsClientError', () => undefined);
  return server;
}

function bind(server: Server, door: DoorListen): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: door.host, port: door.port, backlog: 1024, reusePort: door.shared === true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function settled(running: readonly Promise<void>[], within: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, within);
  });
  await Promise.race([Promise.allSettled(running), late]);
  clearTimeout(timer);
}
