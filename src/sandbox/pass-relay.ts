/** Carries a sandbox's connections to the gate, and to nothing else; each request goes with the pass that is held outside. */

import { connect, createServer, type Server, type Socket } from 'node:net';
import { GrowingBytes } from '../core/growing-bytes.ts';
import { HeadScan } from '../wire/http-head.ts';
import { stampHead } from './stamp-head.ts';

export interface Gate {
  readonly host: string;
  readonly port: number;
}

/** How long a connection may take to send its first head, and how much of it is held meanwhile. */
const HEAD_MS = 30_000;
const HEAD_BYTES = 65_536;

/** Resolves once it listens: on a unix socket by its path, or on an address. */
export function startPassRelay(
  listen: { readonly path: string } | { readonly host: string; readonly port: number },
  gate: Gate,
  credentials: () => string,
): Promise<Server> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (inside) => carry(inside, gate, credentials));
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(listen, () => {
      server.off('error', reject);
      server.on('error', () => undefined);
      resolve(server);
    });
  });
}

function carry(inside: Socket, gate: Gate, credentials: () => string): void {
  const held = new GrowingBytes();
  const scan = new HeadScan();
  inside.on('error', () => inside.destroy());
  inside.setTimeout(HEAD_MS, () => inside.destroy());
  const more = (chunk: Buffer) => {
    held.append(chunk);
    const stamped = held.length > HEAD_BYTES ? held.bytes : stampHead(held.bytes, credentials(), scan);
    if (stamped === null) return;
    inside.off('data', more);
    inside.off('end', gone);
    inside.pause();
    inside.setTimeout(0);
    relay(inside, gate, stamped);
  };
  const gone = () => inside.destroy();
  inside.on('data', more);
  inside.on('end', gone);
}

function relay(inside: Socket, gate: Gate, first: Buffer): void {
  const outside = connect({ ...gate, allowHalfOpen: true, noDelay: true });
  const drop = () => {
    inside.destroy();
    outside.destroy();
  };
  inside.on('error', drop);
  outside.on('error', drop);
  inside.on('close', drop);
  outside.write(first);
  inside.pipe(outside);
  outside.pipe(inside);
}
