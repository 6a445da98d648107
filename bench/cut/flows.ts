/** Flows of four kinds through the gate, as a client sees them: when the last byte came, and whether they still live. */

import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { hostOf, type Kind, type Side } from './world.ts';

export interface Gate {
  readonly proxy: string;
  readonly admin: string;
  readonly adminToken: string;
  /** `task:token` of each side's tenant. */
  readonly passes: Readonly<Record<Side, string>>;
  /** PEM. */
  readonly ca: string;
}

export interface Way {
  readonly gate: Gate;
  /** PEM of the CA of the origins, which tunnels see. */
  readonly originCa: string;
  readonly originPort: number;
}

export interface ClientFlow {
  readonly kind: Kind;
  readonly side: Side;
  bytes: number;
  /** `performance.now()` of the last byte. */
  last: number;
  /** `performance.now()` of the end; infinite while it lives. */
  end: number;
  open: boolean;
  readonly socket: Socket;
}

const KEY = Buffer.alloc(16, 1).toString('base64');
const ASK: Readonly<Record<Kind, (host: string) => string>> = {
  tunnel: (host) => `GET /endless HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
  inspected: (host) => `GET /endless HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
  sse: (host) => `GET /events HTTP/1.1\r\nHost: ${host}\r\nAccept: text/event-stream\r\n\r\n`,
  websocket: (host) =>
    `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\n\r\n`,
};

/** Resolves when it lives: its answer has begun. */
export async function openFlow(kind: Kind, side: Side, way: Way): Promise<ClientFlow> {
  const host = hostOf(kind, side);
  const authority = `${host}:${way.originPort}`;
  const socket = await inTls(await throughGate(authority, side, way), host, way);
  const flow: ClientFlow = { kind, side, bytes: 0, last: 0, end: Number.POSITIVE_INFINITY, open: true, socket };
  const begun = new Promise<void>((resolve, reject) => {
    socket.once('data', (chunk: Buffer) => {
      if (/^HTTP\/1\.1 (200|101) /.test(chunk.toString('latin1', 0, 20))) resolve();
      else reject(new Error(`refused: ${chunk.toString('latin1', 0, 400)}`));
    });
    socket.once('close', () => reject(new Error(`${kind} ended before it began`)));
  });
  socket.on('data', (chunk: Buffer) => {
    flow.bytes += chunk.length;
    flow.last = performance.now();
  });
  for (const event of ['end', 'error', 'close'] as const) {
    socket.once(event, () => {
      flow.end = Math.min(flow.end, performance.now());
      flow.open = false;
    });
  }
  socket.write(ASK[kind](authority));
  await begun;
  return flow;
}

/** Milliseconds of one inspected request after another on one connection, until told to stop. */
export async function requestLoop(way: Way, until: () => boolean): Promise<{ at: number; ms: number }[]> {
  const host = hostOf('inspected', 'kept');
  const authority = `${host}:${way.originPort}`;
  const socket = await inTls(await throughGate(authority, 'kept', way), host, way);
  const out: { at: number; ms: number }[] = [];
  while (!until()) {
    const at = performance.now();
    const answer = new Promise<void>((resolve, reject) => {
      let held = '';
      const onData = (chunk: Buffer): void => {
        held += chunk.toString('latin1');
        if (!held.endsWith('once') && !held.endsWith('once\r\n0\r\n\r\n')) return;
        socket.off('data', onData).off('close', onClose);
        resolve();
      };
      const onClose = (): void => reject(new Error('a request of the other side was cut'));
      socket.on('data', onData).once('close', onClose);
    });
    socket.write(`GET /once HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
    await answer;
    out.push({ at, ms: performance.now() - at });
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  socket.destroy();
  return out;
}

function throughGate(authority: string, side: Side, { gate }: Way): Promise<Socket> {
  const [host = '', port = ''] = gate.proxy.split(':');
  const credential = Buffer.from(gate.passes[side]).toString('base64');
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), host);
    socket.once('error', reject);
    socket.once('data', (head: Buffer) => {
      socket.off('error', reject).on('error', () => undefined);
      if (/^HTTP\/1\.1 200 /.test(head.toString('latin1', 0, 20))) resolve(socket);
      else reject(new Error(`refused: ${head.toString('latin1', 0, 400)}`));
    });
    socket.write(
      `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\nProxy-Authorization: Basic ${credential}\r\n\r\n`,
    );
  });
}

function inTls(socket: Socket, servername: string, { gate, originCa }: Way): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const tls = connectTls({ socket, servername, ca: [gate.ca, originCa] });
    tls.once('error', reject);
    tls.once('secureConnect', () => {
      tls.off('error', reject).on('error', () => undefined);
      resolve(tls);
    });
  });
}
