/**
 * The least that a Node proxy does which looks into TLS: no identity, no policy, no record, no guard; requests are told by their
 * blank line, and origins are verified and kept connected to. What an inspected connection costs in this runtime at all.
 *
 * Arguments: scratch directory, CA of the origins, port. Prints one line of JSON when ready.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect, createSecureContext, TLSSocket } from 'node:tls';
import { parseHost } from '../../src/core/host.ts';
import { openCertificateAuthority } from '../../src/pki/certificate-authority.ts';
import { systemClock } from '../../src/telemetry/system-clock.ts';

const [dir = '', originCa = '', port = '0'] = process.argv.slice(2);

const authority = openCertificateAuthority({ dir, name: 'bare', commonName: 'bare', clock: systemClock });
const trust = createSecureContext({ ca: readFileSync(originCa) });
const kept = new Map<string, TLSSocket[]>();

createServer({ noDelay: true }, (client) => {
  client.on('error', () => undefined);
  client.once('data', (head: Buffer) => {
    const [name = '', originPort = ''] = head.toString('latin1').split(' ')[1]?.split(':') ?? [];
    client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    inspect(client, name, Number(originPort));
  });
}).listen({ host: '127.0.0.1', port: Number(port), backlog: 4096 }, () => {
  writeFileSync(join(dir, 'bare-ca.pem'), authority.pem);
  process.stdout.write(`${JSON.stringify({ ca: join(dir, 'bare-ca.pem') })}\n`);
});

function inspect(client: Socket, name: string, originPort: number): void {
  const host = parseHost(name);
  if (!host.ok) throw new Error(`\`${name}\` is no host`);
  const secureContext = authority.contextFor(host.value);
  const tls = new TLSSocket(client, { isServer: true, secureContext, ALPNProtocols: ['http/1.1'] });
  tls.on('error', () => undefined);
  tls.on('data', (chunk: Buffer) => {
    if (chunk.includes('\r\n\r\n')) ask(tls, chunk, { name, port: originPort });
  });
}

function ask(tls: TLSSocket, question: Buffer, { name, port }: { readonly name: string; readonly port: number }): void {
  const free = kept.get(name) ?? [];
  kept.set(name, free);
  const origin = free.pop() ?? connect({ host: '127.0.0.1', port, servername: name, secureContext: trust });
  let left = -1;
  const onData = (chunk: Buffer): void => {
    if (left < 0) left = lengthOf(chunk);
    left -= chunk.length;
    tls.write(chunk);
    if (left > 0) return;
    origin.off('data', onData);
    free.push(origin);
  };
  origin.on('data', onData);
  origin.write(question);
}

/** Of the whole answer; its head comes in one piece here. */
function lengthOf(answer: Buffer): number {
  const end = answer.indexOf('\r\n\r\n');
  return end + 4 + Number(/content-length: *(\d+)/i.exec(answer.toString('latin1', 0, end))?.[1]);
}
