/** A name server for tests, on UDP and TCP of one loopback port, whose every answer a script writes byte by byte. */

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

export interface Query {
  readonly name: string;
  /** As it was written, upper case too. */
  readonly spelt: string;
  readonly type: 'A' | 'AAAA' | 'CNAME' | string;
  readonly over: 'udp' | 'tcp';
  /** How often this very question came over this transport, this one included. */
  readonly times: number;
  readonly id: number;
  /** The question as it stands in the message. */
  readonly question: Buffer;
}

/** Messages to send, each after so many ms; none for silence. */
export type Reply = readonly (Buffer | { readonly message: Buffer; readonly afterMs: number })[];

export interface BlackHole {
  /** `address:port`. */
  readonly address: string;
  readonly queries: Query[];
  close(): void;
}

const TYPES: Readonly<Record<number, string>> = { 1: 'A', 5: 'CNAME', 6: 'SOA', 28: 'AAAA' };

export async function blackHoleDns(script: (query: Query) => Reply): Promise<BlackHole> {
  const queries: Query[] = [];
  const udp = createSocket('udp4');
  const sockets = new Set<Socket>();
  const seen = new Map<string, number>();
  const asked = (bytes: Buffer, over: 'udp' | 'tcp', send: (message: Buffer) => void): void => {
    const query = read(bytes, over, seen);
    queries.push(query);
    for (const one of script(query)) {
      const { message, afterMs } = Buffer.isBuffer(one) ? { message: one, afterMs: 0 } : one;
      if (afterMs === 0) send(message);
      else setTimeout(() => send(message), afterMs).unref();
    }
  };
  let open = true;
  udp.on('message', (bytes, { address, port }) =>
    asked(bytes, 'udp', (message) => void (open && udp.send(message, port, address))),
  );
  const tcp = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    let held = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      held = Buffer.concat([held, chunk]);
      while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
        const end = 2 + held.readUInt16BE(0);
        const bytes = held.subarray(2, end);
        held = held.subarray(end);
        asked(bytes, 'tcp', (message) => {
          const size = Buffer.alloc(2);
          size.writeUInt16BE(message.length);
          if (socket.writable) socket.write(Buffer.concat([size, message]));
        });
      }
    });
  });
  const port = await bothOn(udp, tcp);
  return {
    address: `127.0.0.1:${port}`,
    queries,
    close: () => {
      open = false;
      udp.close();
      tcp.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** The port that the one was given may be taken for the other. */
async function bothOn(udp: ReturnType<typeof createSocket>, tcp: ReturnType<typeof createServer>): Promise<number> {
  for (;;) {
    tcp.listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    const { port } = tcp.address() as AddressInfo;
    try {
      udp.bind(port, '127.0.0.1');
      await once(udp, 'listening');
      return port;
    } catch {
      tcp.close();
      await once(tcp, 'close');
    }
  }
}

function read(bytes: Buffer, over: 'udp' | 'tcp', seen: Map<string, number>): Query {
  const labels: string[] = [];
  let at = 12;
  for (let size = bytes[at] ?? 0; size > 0; size = bytes[at] ?? 0) {
    labels.push(bytes.toString('latin1', at + 1, at + 1 + size));
    at += 1 + size;
  }
  const spelt = labels.join('.');
  const number = bytes.readUInt16BE(at + 1);
  const type = TYPES[number] ?? String(number);
  const key = `${spelt.toLowerCase()}/${type}/${over}`;
  const times = (seen.get(key) ?? 0) + 1;
  seen.set(key, times);
  const question = Buffer.from(bytes.subarray(12, at + 5));
  return { name: spelt.toLowerCase(), spelt, type, over, times, id: bytes.readUInt16BE(0), question };
}

export interface Message {
  readonly id?: number;
  readonly rcode?: number;
  /** Truncated. */
  readonly tc?: boolean;
  readonly question?: Buffer;
  readonly answers?: readonly Buffer[];
  readonly authority?: readonly Buffer[];
  readonly additional?: readonly Buffer[];
}

/** An answer to `query`; what `message` says takes the place of what would be right. */
export function reply(query: Query, message: Message = {}): Buffer {
  const { answers = [], authority = [], additional = [] } = message;
  const head = Buffer.alloc(12);
  head.writeUInt16BE(message.id ?? query.id, 0);
  head.writeUInt16BE(0x8180 | (message.tc ? 0x0200 : 0) | (message.rcode ?? 0), 2);
  for (const [at, count] of [
    [4, 1],
    [6, answers.length],
    [8, authority.length],
    [10, additional.length],
  ] as const)
    head.writeUInt16BE(count, at);
  return Buffer.concat([head, message.question ?? query.question, ...answers, ...authority, ...additional]);
}
