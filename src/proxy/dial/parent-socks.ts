/** Asks a parent proxy for a connection by SOCKS5 (RFC 1928, RFC 1929). */

import type { Socket } from 'node:net';
import { parseIp } from '../../core/ip-address.ts';
import { Refusal } from '../refusal.ts';
import type { ParentProxy } from '../settings.ts';
import { readUntil } from './read-until.ts';

/** `name` and `port` as the parent is told them. Throws a `Refusal`. */
export async function socksConnect(socket: Socket, parent: ParentProxy, name: string, port: number): Promise<void> {
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
  socket.write(Buffer.concat([Buffer.from([5, 1, 0]), addressBytes(name), Buffer.from([port >> 8, port & 255])]));
  const reply = await readUntil(socket, replyLength);
  const code = reply[0] === 5 ? (reply[1] ?? 1) : 1;
  if (code !== 0) throw refusalOf(code);
}

/** RFC 1928 section 6: what a parent says of the origin is the origin's, the rest is the parent's own. */
function refusalOf(code: number): Refusal {
  if (code === 3 || code === 4) return new Refusal('upstream_refused', 'unreachable');
  if (code === 5) return new Refusal('upstream_refused', 'connect');
  if (code === 6) return new Refusal('parent_timeout', 'reply_6');
  return new Refusal('parent_failed', code < 9 ? `reply_${code}` : 'reply');
}

function addressBytes(name: string): Buffer {
  const ip = parseIp(name);
  if (ip) return Buffer.from([ip.family === 4 ? 1 : 4, ...ip.bytes]);
  return Buffer.concat([Buffer.from([3, name.length]), Buffer.from(name, 'latin1')]);
}

function exactly(length: number): (bytes: Buffer) => number | null {
  return (bytes) => (bytes.length >= length ? length : null);
}

function replyLength(bytes: Buffer): number | null {
  if (bytes.length < 5) return null;
  const sizes: Record<number, number> = { 1: 4, 4: 16, 3: 1 + (bytes[4] ?? 0) };
  const size = sizes[bytes[3] ?? 0];
  if (size === undefined) throw new Refusal('parent_failed', 'reply');
  return bytes.length >= 6 + size ? 6 + size : null;
}
