/**
 * One TLS server that is every host: endless downloads, event streams and WebSockets that get bytes at each tick. A
 * process of its own, so that its work is not in the clients' times. Argument: the directory of the origins' CA. Prints
 * one line of JSON when ready.
 */

import { createHash } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Writable } from 'node:stream';
import { parseHost } from '../../src/core/host.ts';
import { type CertificateAuthority, openCertificateAuthority } from '../../src/pki/certificate-authority.ts';
import { systemClock } from '../../src/telemetry/system-clock.ts';
import { encodeFrame, OPCODES } from '../../src/wire/websocket.ts';
import { TICK_MS } from './world.ts';

const MAGIC = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const TEXT = 'a line of text that goes on and on and holds nothing of note; '.repeat(3);
const FRAME = encodeFrame({ opcode: OPCODES.text, payload: Buffer.from(TEXT) }, null);

const authority = openCertificateAuthority({
  ...{ dir: process.argv[2] ?? '', name: 'origin', commonName: 'Bench CA', clock: systemClock },
});
const origins = await startOrigins(authority);
process.stdout.write(`${JSON.stringify({ port: origins.port })}\n`);
for (const end of ['SIGTERM', 'disconnect'] as const) process.once(end, () => process.exit(0));

async function startOrigins(authority: CertificateAuthority): Promise<{ port: number }> {
  const open = new Map<Writable, string | Buffer>();
  const stream = (to: Writable, piece: string | Buffer): void => {
    open.set(to, piece);
    to.once('close', () => open.delete(to)).on('error', () => undefined);
    to.write(piece);
  };
  const server = createServer({
    SNICallback: (name, done) => {
      const host = parseHost(name);
      if (host.ok) done(null, authority.contextFor(host.value));
      else done(new Error('not a host'));
    },
  });
  server.on('request', (request, response) => {
    if (request.url === '/once') return void response.end('once');
    const events = request.url === '/events';
    response.writeHead(200, { 'content-type': events ? 'text/event-stream' : 'text/plain' });
    stream(response, events ? `data: ${TEXT}\n\n` : `${TEXT}\n`);
  });
  server.on('upgrade', (request, socket) => {
    const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}${MAGIC}`).digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    stream(socket, FRAME);
  });
  // A quarter of the flows at a time, so that bytes are always under way.
  let turn = 0;
  setInterval(() => {
    turn += 1;
    let n = 0;
    for (const [to, piece] of open) if ((n++ + turn) % 4 === 0) to.write(piece);
  }, TICK_MS / 4);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port };
}
