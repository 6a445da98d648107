/** A bare Node proxy: what everyone writes first. No identity, no policy, no record; the peer that shows our own cost. */

import { Agent, createServer, request } from 'node:http';
import { connect } from 'node:net';

const agent = new Agent({ keepAlive: true });
const [port = '0'] = process.argv.slice(2);

const server = createServer((req, res) => {
  const url = new URL(req.url ?? '');
  const { 'proxy-authorization': _, 'proxy-connection': __, ...headers } = req.headers;
  const out = request(
    { agent, host: '127.0.0.1', port: url.port, method: req.method, path: url.pathname + url.search, headers },
    (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(res);
    },
  );
  out.on('error', () => res.destroy());
  req.pipe(out);
});

server.on('connect', (req, client, head) => {
  const upstream = connect({ host: '127.0.0.1', port: Number(req.url?.split(':')[1]), noDelay: true }, () => {
    client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    if (head.length > 0) upstream.write(head);
    upstream.pipe(client);
    client.pipe(upstream);
  });
  upstream.on('error', () => client.destroy());
  client.on('error', () => upstream.destroy());
});

server.listen({ host: '127.0.0.1', port: Number(port), backlog: 4096 }, () => process.stdout.write('ready\n'));
