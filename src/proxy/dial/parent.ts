/** Chaining to a parent proxy by HTTP CONNECT or SOCKS5 (RFC 1928, RFC 1929). Our own checks were all done before. */

import type { Socket } from 'node:net';
import { parseIp } from '../../core/ip-address.ts';
import { authority } from '../../core/target.ts';
import type { Deadlines } from '../deadlines.ts';
import { Refusal } from '../refusal.ts';
import type { ParentProxy } from '../settings.ts';
import type { Cutoff } from './cutoff.ts';
import { dial } from './dial.ts';
import type { Route } from './route.ts';

export interface ParentOptions {
  readonly timeoutMs: number;
  readonly deadlines: Deadlines;
  readonly cutoff: Cutoff | null;
}

export async function throughParent(parent: ParentProxy, route: Route, options: ParentOptions): Promise<Socket> {
  const socket = await dialParent(parent, options);
  const late = setTimeout(() => socket.destroy(new Error('late')), options.timeoutMs);
  options.cutoff?.tell(() => void socket.destroy());
  try {
    if (parent.kind === 'http') await httpConnect(socket, parent, route);
    else await socksConnect(socket, parent, route);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error instanceof Refusal ? error : new Refusal('parent_failed', 'handshake');
  } finally {
    clearTimeout(late);
    options.cutoff?.tell(null);
  }
}

async function dialParent(parent: ParentProxy, options: ParentOptions): Promise<Socket> {
  try {
    return await dial({ addresses: [parent.host], port: parent.port, ...options });
  } catch {
    throw new Refusal('parent_failed', 'connect');
  }
}

/** The destination as the parent is told it: by default the very address that was checked. */
function destination(parent: ParentProxy, route: Route): string {
  return parent.destination === 'name' ? route.host.name : (route.addresses[0] ?? route.host.name);
}

async function httpConnect(socket: Socket, parent: ParentProxy, route: Route): Promise<void> {
  const name = destination(parent, route);
  const ip = parseIp(name);
  const to = authority({ host: { kind: ip?.family === 6 ? 'ipv6' : 'name', name, ip }, port: route.port });
  const login = parent.username === null ? '' : `Proxy-Authorization: Basic ${basic(parent)}\r\n`;
  socket.write(`CONNECT ${to} HTTP/1.1\r\nHost: ${to}\r\n${login}\r\n`);
  const head = await readUntil(socket, (bytes) => {
    const end = bytes.indexOf('\r\n\r\n');
    return end < 0 ? null : end + 4;
  });
  if (!/^HTTP\/1\.[01] 2[0-9][0-9] /.test(head.toString('latin1'))) throw new Refusal('parent_failed', 'refused');
}

function basic(parent: ParentProxy): string {
  return Buffer.from(`${parent.username}:${parent.password ?? ''}`).toString('base64');
}

async function socksConnect(socket: Socket, parent: ParentProxy, route: Route): Promise<void> {
  const login = parent.username !== null;
  socket.write(Buffer.from(login ? [5, 1, 2] : [5, 1, 0]));
  const chosen = await readUntil(socket, exactly(2));
  if (chosen[0] !== 5 || chosen[1] !== (login ? 2 : 0)) throw new Refusal('parent_failed', 'method');
  if (login) {
    const user = Buffer.from(parent.username ?? '');
    const password = Buffer.from(parent.password ?? '');
    socket.write(Buffer.concat([Buffer.from([1, user.length]), user, Buffer.from([password.length]), password]));
    if ((await readUntil(socket, exactly(2)))[1] !== 0) throw new Refusal('parent_failed', 'login');
  }
  socket.write(Buffer.concat([Buffer.from([5, 1, 0]), socksAddress(destination(parent, route)), port(route.port)]));
  const reply = await readUntil(socket, socksReplyLength);
  if (reply[1] !== 0) throw new Refusal('parent_failed', 'refused');
}

function socksAddress(name: string): Buffer {
  const ip = parseIp(name);
  if (ip) return Buffer.from([ip.family === 4 ? 1 : 4, ...ip.bytes]);
  return Buffer.concat([Buffer.from([3, name.length]), Buffer.from(name, 'latin1')]);
}

function port(n: number): Buffer {
  return Buffer.from([n >> 8, n & 255]);
}

function exactly(length: number): (bytes: Buffer) => number | null {
  return (bytes) => (bytes.length >= length ? length : null);
}

function socksReplyLength(bytes: Buffer): number | null {
  if (bytes.length < 5) return null;
  const sizes: Record<number, number> = { 1: 4, 4: 16, 3: 1 + (bytes[4] ?? 0) };
  const size = sizes[bytes[3] ?? 0];
  if (size === undefined) throw new Refusal('parent_failed', 'reply');
  return bytes.length >= 6 + size ? 6 + size : null;
}

const LONGEST_REPLY = 16 * 1024;

/** Reads until `complete` names a length; what follows it goes back to the socket. */
function readUntil(socket: Socket, complete: (bytes: Buffer) => number | null): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let held: Buffer = Buffer.alloc(0);
    const done = (finish: () => void): void => {
      socket.pause();
      socket.off('data', onData).off('error', failed).off('close', failed);
      finish();
    };
    const failed = (): void => done(() => reject(new Refusal('parent_failed', 'closed')));
    const onData = (chunk: Buffer): void => {
      held = Buffer.concat([held, chunk]);
      let length: number | null = null;
      try {
        length = complete(held);
      } catch (error) {
        done(() => reject(error));
        return;
      }
      if (length === null) {
        if (held.length > LONGEST_REPLY) failed();
        return;
      }
      const [mine, rest] = [held.subarray(0, length), held.subarray(length)];
      done(() => {
        if (rest.length > 0) socket.unshift(rest);
        resolve(mine);
      });
    };
    // Paused by the answer before this one: a listener alone does not start it again.
    socket.on('data', onData).once('error', failed).once('close', failed).resume();
  });
}
