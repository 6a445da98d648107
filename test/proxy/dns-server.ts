/** A name server for tests, on loopback: answers from a table, and keeps what it was asked. */

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { addressRecord, aliasRecord } from './dns-records.ts';

export interface Zone {
  /** An alias, or IPv4 addresses. */
  readonly [name: string]: string | readonly string[];
}

export interface DnsServer {
  /** `address:port`. */
  readonly address: string;
  /** Names that were asked for, each once. */
  readonly asked: Set<string>;
  close(): void;
}

const [A, CNAME] = [1, 5];
const TYPES: Readonly<Record<number, string>> = { [A]: 'A', [CNAME]: 'CNAME', 28: 'AAAA' };

/** By `name/type`: no answer at all, or one with this response code and nothing in it. */
export type Mishaps = Readonly<Record<string, 'silent' | number>>;

/** `ttl` in seconds. What `zone` holds when it is asked is what is answered. */
export async function dnsServer(zone: Zone, ttl = 60, mishaps: Mishaps = {}): Promise<DnsServer> {
  const asked = new Set<string>();
  const socket = createSocket('udp4');
  socket.on('message', (query, { address, port }) => {
    const { name, type, end } = questionOf(query);
    asked.add(name);
    const found = zone[name];
    const mishap = mishaps[`${name}/${TYPES[type]}`];
    if (mishap === 'silent') return;
    const answers = mishap === undefined ? answersTo(zone, { name, type }, ttl) : [];
    const head = Buffer.from(query.subarray(0, 12));
    head.writeUInt16BE(0x8180 | (mishap ?? (found === undefined ? 3 : 0)), 2);
    for (const [at, count] of [
      [4, 1],
      [6, answers.length],
      [8, 0],
      [10, 0],
    ] as const)
      head.writeUInt16BE(count, at);
    socket.send(Buffer.concat([head, query.subarray(12, end), ...answers]), port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { address: `127.0.0.1:${socket.address().port}`, asked, close: () => socket.close() };
}

interface Question {
  readonly name: string;
  readonly type: number;
}

function answersTo(zone: Zone, { name, type }: Question, ttl: number): Buffer[] {
  const found = zone[name] ?? [];
  if (typeof found !== 'string') return type === A ? found.map((one) => addressRecord(name, one, ttl)) : [];
  const alias = aliasRecord(name, found, ttl);
  return type === A ? [alias, ...addressesOf(zone, found).map((one) => addressRecord(found, one, ttl))] : [alias];
}

/** None where aliases go round. */
function addressesOf(zone: Zone, name: string, steps = 20): readonly string[] {
  const found = zone[name] ?? [];
  if (typeof found !== 'string') return found;
  return steps === 0 ? [] : addressesOf(zone, found, steps - 1);
}

function questionOf(query: Buffer): { readonly name: string; readonly type: number; readonly end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let size = query[at] ?? 0; size > 0; size = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + size));
    at += 1 + size;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}
