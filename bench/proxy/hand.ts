/**
 * The least that a CONNECT can cost with Node's public sockets: the line taken apart by hand, one dial, bytes handed on.
 * No identity, no policy, no record, no limit on anything: no proxy to use, but the floor under ours.
 */

import { connect, createServer, type Socket } from 'node:net';

const [port = '0'] = process.argv.slice(2);
const ESTABLISHED = Buffer.from('HTTP/1.1 200 Connection Established\r\n\r\n');
const HEAD_END = '\r\n\r\n';
/** All tunnels read into it: what is read is copied before it is written. */
const shared = Buffer.alloc(64 * 1024);

const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
  let upstream: Socket | null = null;
  let head = '';
  client.on('data', (bytes: Buffer) => {
    if (upstream !== null) return void upstream.write(bytes);
    head += bytes.toString('latin1');
    if (head.endsWith(HEAD_END)) upstream = dial(client, head);
  });
  client.on('end', () => (upstream ?? client).end());
  client.on('error', () => upstream?.destroy());
});

function dial(client: Socket, head: string): Socket {
  const from = head.indexOf(' ') + 1;
  const target = head.slice(from, head.indexOf(' ', from));
  const onread = {
    buffer: shared,
    callback(length: number, buffer: Uint8Array): boolean {
      client.write(Buffer.from(buffer.subarray(0, length)));
      return true;
    },
  };
  const to = { host: '127.0.0.1', port: Number(target.slice(target.lastIndexOf(':') + 1)) };
  const upstream = connect({ ...to, noDelay: true, allowHalfOpen: true, onread }, () => client.write(ESTABLISHED));
  upstream.on('end', () => client.end());
  upstream.on('error', () => client.destroy());
  upstream.on('close', () => client.destroy());
  return upstream;
}

server.listen({ host: '127.0.0.1', port: Number(port), backlog: 4096 }, () => process.stdout.write('ready\n'));
