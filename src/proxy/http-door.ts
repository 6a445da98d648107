/**
 * The HTTP proxy door. The first head of each connection is read by our own strict reader: CONNECT goes straight on,
 * everything else is handed to Node's server with its bytes put back.
 */

import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Door } from '../core/event.ts';
import { type HeadProblem, readRequestHead } from '../wire/http-head.ts';
import { relayConnect } from './connect.ts';
import type { HeaderList } from './exchange.ts';
import { field } from './fields.ts';
import type { Gate } from './gate.ts';
import { type RawRequest, type ReadRequest, rawOf, readAsk, unreadable } from './http-ask.ts';
import { type Http1Server, refuseSocket, type Walk } from './http1-server.ts';
import type { InnerServers } from './inner.ts';

export interface DoorParts {
  readonly gate: Gate;
  readonly walk: Walk;
  readonly http1: Http1Server;
  readonly inner: InnerServers;
}

/** Serves one accepted connection. */
export function serveHttp(parts: DoorParts, socket: Duplex, door: Door): void {
  const { settings } = parts.gate;
  const limits = { maxBytes: settings.maxHeadBytes, maxFields: settings.maxHeaderCount };
  let held: Buffer | null = null;
  const stop = (): void => {
    clearTimeout(late);
    socket.off('data', onData).off('end', onEnd).off('close', onEnd);
  };
  const refuse = (read: ReadRequest): void => {
    stop();
    refuseHead(parts, { socket, door, read });
  };
  const onData = (chunk: Buffer): void => {
    held = held === null ? chunk : Buffer.concat([held, chunk]);
    const head = readRequestHead(held, limits, latin1);
    if (head === null) return;
    if (!head.ok) {
      refuse(headProblem(head.error));
      return;
    }
    stop();
    socket.pause();
    const { method, target, version, headers, length } = head.value;
    if (method !== 'CONNECT') {
      socket.unshift(held);
      parts.http1.serve(socket, door, null);
      return;
    }
    if (held.length > length) socket.unshift(held.subarray(length));
    connect(parts, { socket, door, raw: { method, target, version, headers } });
  };
  const onEnd = (): void => {
    if (held === null) {
      stop();
      socket.destroy();
    } else refuse(unreadable('request_malformed', 'cut_short'));
  };
  const late = setTimeout(() => {
    if (held === null) socket.destroy();
    else refuse(unreadable('request_timeout', 'head'));
  }, settings.headTimeoutMs);
  socket.on('error', () => undefined);
  socket.on('data', onData).once('end', onEnd).once('close', onEnd);
}

/** A CONNECT on a connection that Node's server already read from. */
export function connectAgain(
  parts: DoorParts,
  req: IncomingMessage,
  from: { socket: Duplex; door: Door; rest: Buffer },
): void {
  const { socket, door, rest } = from;
  socket.on('error', () => undefined);
  socket.pause();
  if (rest.length > 0) socket.unshift(rest);
  connect(parts, { socket, door, raw: rawOf(req) });
}

function latin1(bytes: Uint8Array, end: number): string {
  return (bytes as Buffer).toString('latin1', 0, end);
}

interface Connecting {
  readonly socket: Duplex;
  readonly door: Door;
  readonly raw: RawRequest;
}

function connect(parts: DoorParts, { socket, door, raw }: Connecting): void {
  const { gate, walk, inner } = parts;
  const read = readAsk(raw, null, gate.settings.maxHeaderCount);
  void walk({
    ...common({ socket, door }, read, raw.headers),
    kind: 'tunnel',
    relay: (exchange) => relayConnect(gate, exchange, { client: socket, door, accept: accept(socket), inner }),
    refuse: (denial) => refuseSocket(socket, denial, field(raw.headers, 'accept')),
  });
}

function accept(socket: Duplex): (decision: string) => void {
  return (decision) => {
    socket.write(`HTTP/1.1 200 Connection Established\r\nLocktender-Decision: ${decision}\r\n\r\n`);
  };
}

function refuseHead(
  { walk }: DoorParts,
  { socket, door, read }: { socket: Duplex; door: Door; read: ReadRequest },
): void {
  void walk({
    ...common({ socket, door }, read, []),
    kind: 'exchange',
    relay: () => Promise.resolve(),
    refuse: (denial) => refuseSocket(socket, denial, ''),
  });
}

function common({ socket, door }: { socket: Duplex; door: Door }, read: ReadRequest, headers: HeaderList) {
  const { ask, problem, credential } = read;
  const from = (socket as Partial<Socket>).remoteAddress;
  return { door, from, parent: null, principal: null, credential, problem, ask, headers };
}

function headProblem(problem: HeadProblem): ReadRequest {
  const large = problem === 'too_large' || problem === 'too_many_fields';
  return unreadable(large ? 'headers_too_large' : 'request_malformed', problem);
}
