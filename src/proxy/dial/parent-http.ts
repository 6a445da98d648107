/** Asks a parent proxy for a connection by HTTP CONNECT (RFC 9110 section 9.3.6). */

import type { Socket } from 'node:net';
import { parseIp } from '../../core/ip-address.ts';
import { authority } from '../../core/target.ts';
import { Refusal } from '../refusal.ts';
import type { ParentProxy } from '../settings.ts';
import { readUntil } from './read-until.ts';

/** `name` and `port` as the parent is told them. Throws a `Refusal`. */
export async function httpConnect(socket: Socket, parent: ParentProxy, name: string, port: number): Promise<void> {
  const ip = parseIp(name);
  const to = authority({ host: { kind: ip?.family === 6 ? 'ipv6' : 'name', name, ip }, port });
  const login = parent.username === null ? '' : `Proxy-Authorization: Basic ${basic(parent)}\r\n`;
  socket.write(`CONNECT ${to} HTTP/1.1\r\nHost: ${to}\r\n${login}\r\n`);
  const head = await readUntil(socket, (bytes) => {
    const end = bytes.indexOf('\r\n\r\n');
    return end < 0 ? null : end + 4;
  });
  const status = /^HTTP\/1\.[01] ([2-5][0-9][0-9])[ \r]/.exec(head.toString('latin1'))?.[1];
  if (status?.startsWith('2')) return;
  if (status === '504') throw new Refusal('parent_timeout', 'status_504');
  throw new Refusal('parent_failed', status === undefined ? 'reply' : `status_${status}`);
}

function basic(parent: ParentProxy): string {
  return Buffer.from(`${parent.username}:${parent.password ?? ''}`).toString('base64');
}
