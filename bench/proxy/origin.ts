/**
 * The origins of the bench, on the generator's core: raw tunnels (ping, bulk, hold), plain HTTP/1.1 and the same over
 * TLS. Answers are made once; requests are counted by their blank line, so that the origin costs as little as it can.
 */

import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type SecureContext } from 'node:tls';
import { BODY, BULK, PING, PING_BYTES, PONG_BYTES, PORTS } from './world.ts';

const ANSWER = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\nDate: Mon, 23 Nov 2026 00:00:00 GMT\r\nServer: bench\r\nCache-Control: no-store\r\n\r\n${BODY}`,
);
const PONG = Buffer.alloc(PONG_BYTES, 0x70);
const PIECE = Buffer.alloc(256 * 1024, 0x62);

export async function startOrigins(contextFor: (name: string) => SecureContext): Promise<void> {
  const fallback = contextFor('origin.bench.test');
  await Promise.all([
    listen(createServer({ noDelay: true, allowHalfOpen: false }, raw), PORTS.raw),
    listen(createServer({ noDelay: true }, http), PORTS.http),
    listen(
      createTlsServer(
        {
          noDelay: true,
          SNICallback: (name, done) => done(null, name === '' ? fallback : contextFor(name)),
          ALPNProtocols: ['http/1.1'],
        },
        http as never,
      ),
      PORTS.tls,
    ),
  ]);
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port, backlog: 4096 }, resolve);
  });
}

function http(socket: Socket): void {
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => {
    for (let at = chunk.indexOf('\r\n\r\n'); at >= 0; at = chunk.indexOf('\r\n\r\n', at + 4)) socket.write(ANSWER);
  });
}

/** The first record is the ClientHello; one command byte follows it. */
function raw(socket: Socket): void {
  let held = Buffer.alloc(0);
  socket.on('error', () => undefined);
  const onData = (chunk: Buffer): void => {
    held = Buffer.concat([held, chunk]);
    const length = held.length < 5 ? 5 : 5 + held.readUInt16BE(3);
    if (held.length <= length) return;
    socket.off('data', onData);
    command(socket, held[length] ?? 0, held.subarray(length + 1));
  };
  socket.on('data', onData);
}

function command(socket: Socket, what: number, rest: Buffer): void {
  if (what === PING) {
    let got = rest.length;
    socket.write('!');
    socket.on('data', (chunk: Buffer) => {
      got += chunk.length;
      for (; got >= PING_BYTES; got -= PING_BYTES) socket.write(PONG);
    });
  } else if (what === BULK) bulk(socket, Number(rest.readBigUInt64BE(0)));
  else socket.write('!');
}

function bulk(socket: Socket, bytes: number): void {
  let left = bytes;
  const more = (): void => {
    while (left > 0) {
      const piece = left < PIECE.length ? PIECE.subarray(0, left) : PIECE;
      left -= piece.length;
      if (!socket.write(piece)) return;
    }
  };
  socket.on('drain', more);
  more();
}
