/** The generator: closed loops of raw sockets, so that it costs little beside what it measures. */

import { connect, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { BULK, clientHello, HOLD, PING, PING_BYTES, PONG_BYTES, PORTS, TUNNEL_HOST } from './world.ts';

export interface Way {
  /** Null: straight to the origin. */
  readonly proxyPort: number | null;
  /** `Proxy-Authorization` line with its line end; empty when the proxy wants none. */
  readonly credential: string;
  /** What inspected clients trust. */
  readonly ca: string | null;
}

const HELLO = clientHello(TUNNEL_HOST);

/** Runs `act` until it has been started `count` times, `width` at once. Resolves with each one's ms. */
export async function closedLoop(
  count: number,
  width: number,
  act: (n: number) => Promise<void>,
): Promise<Float64Array> {
  const times = new Float64Array(count);
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let n = next; n < count; n = next) {
      next += 1;
      const since = performance.now();
      await act(n);
      times[n] = performance.now() - since;
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, count) }, lane));
  return times;
}

function open(port: number, source: string | null): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true, ...(source ? { localAddress: source } : {}) });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

/** Resolves with what came once `enough` says so. */
function until(socket: Socket, enough: (held: Buffer) => boolean): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let held: Buffer | null = null;
    const done = (finish: () => void): void => {
      socket.off('data', onData).off('close', onClose).off('error', onClose);
      finish();
    };
    const onData = (chunk: Buffer): void => {
      held = held === null ? chunk : Buffer.concat([held, chunk]);
      const all = held;
      if (enough(all)) done(() => resolve(all));
    };
    const onClose = (): void =>
      done(() => reject(new Error(`closed early: ${held?.toString('latin1').slice(0, 300)}`)));
    socket.on('data', onData).once('close', onClose).once('error', onClose);
  });
}

/** A way to `host:port`: CONNECT through the proxy, or straight. */
export async function through(way: Way, to: string, source: string | null = null): Promise<Socket> {
  const port = Number(to.split(':')[1]);
  if (way.proxyPort === null) return open(port, source);
  const socket = await open(way.proxyPort, source);
  socket.write(`CONNECT ${to} HTTP/1.1\r\nHost: ${to}\r\n${way.credential}\r\n`);
  const head = await until(socket, (held) => held.includes('\r\n\r\n'));
  if (!head.toString('latin1').startsWith('HTTP/1.1 200') && !head.toString('latin1').startsWith('HTTP/1.0 200'))
    throw new Error(`refused: ${head.toString('latin1').slice(0, 400)}`);
  return socket;
}

/** An open tunnel whose origin has answered the first byte. */
export async function tunnel(way: Way, source: string | null = null, what: number = HOLD): Promise<Socket> {
  const socket = await through(way, `${TUNNEL_HOST}:${PORTS.raw}`, source);
  socket.write(Buffer.concat([HELLO, Buffer.from([what])]));
  await until(socket, (held) => held.length >= 1);
  return socket;
}

export function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve());
    socket.destroy();
  });
}

export function pingTunnel(way: Way): Promise<Socket> {
  return tunnel(way, null, PING);
}

const QUESTION = Buffer.alloc(PING_BYTES, 0x71);

/** One small request in a ping tunnel. */
export function ping(socket: Socket): Promise<void> {
  return takes(socket, QUESTION, PONG_BYTES);
}

/** Writes, and resolves once `bytes` have come back. */
export function takes(socket: Socket, question: Buffer | string, bytes: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = bytes;
    const onClose = (): void => reject(new Error('closed while waiting for an answer'));
    const onData = (chunk: Buffer): void => {
      left -= chunk.length;
      if (left > 0) return;
      socket.off('data', onData).off('close', onClose);
      resolve();
    };
    socket.on('data', onData).once('close', onClose);
    socket.write(question);
  });
}

/** Reads a bulk answer through a tunnel and throws the bytes away. */
export async function bulk(way: Way, bytes: number): Promise<void> {
  const socket = await through(way, `${TUNNEL_HOST}:${PORTS.raw}`);
  const order = Buffer.alloc(9);
  order[0] = BULK;
  order.writeBigUInt64BE(BigInt(bytes), 1);
  await takes(socket, Buffer.concat([HELLO, order]), bytes);
  await closed(socket);
}

/** One HTTP answer with a Content-Length. Throws when it is no 200. */
export async function answered(socket: Socket, question: string): Promise<void> {
  const whole = until(socket, complete);
  socket.write(question);
  const text = (await whole).toString('latin1', 0, 400);
  if (!text.startsWith('HTTP/1.1 200')) throw new Error(`refused: ${text}`);
}

function complete(held: Buffer): boolean {
  const end = held.indexOf('\r\n\r\n');
  if (end < 0) return false;
  const head = held.toString('latin1', 0, end);
  const length = /content-length: *(\d+)/i.exec(head);
  if (length) return held.length >= end + 4 + Number(length[1]);
  return held.subarray(-5).toString('latin1') === '0\r\n\r\n';
}

/** TLS to an inspected host through the proxy. */
export async function inspected(way: Way, name: string): Promise<TLSSocket> {
  const socket = await through(way, `${name}:${PORTS.tls}`);
  return new Promise((resolve, reject) => {
    const tls = connectTls({ socket, servername: name, ...(way.ca ? { ca: way.ca } : {}) });
    tls.once('error', reject);
    tls.once('secureConnect', () => {
      tls.off('error', reject);
      tls.on('error', () => undefined);
      resolve(tls);
    });
  });
}

/** A connection of plain HTTP to the proxy, or straight. */
export function plain(way: Way): Promise<Socket> {
  return open(way.proxyPort ?? PORTS.http, null);
}
