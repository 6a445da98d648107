/**
 * What the clients ask for: one HTTPS origin that speaks git, npm, pip, apt, cargo, server-sent events and WebSocket, and one
 * HTTP/2 origin that speaks gRPC. Packages are made here, of a few bytes.
 */

import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createSecureServer, type ServerHttp2Stream } from 'node:http2';
import { createServer } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import { dirname, join } from 'node:path';
import type { SecureContext } from 'node:tls';
import { encodeFrame, MessageReader, OPCODES } from '../../src/wire/websocket.ts';

/** What every client must have received in the end. */
export const GREETING = 'locktender-origin-greets';

export interface ClientOrigin {
  readonly port: number;
  readonly grpcPort: number;
  close(): void;
}

export async function startClientOrigin(
  dir: string,
  contextOf: (name: string) => SecureContext,
): Promise<ClientOrigin> {
  const SNICallback = (name: string, done: (error: Error | null, context: SecureContext) => void) =>
    done(null, contextOf(name));
  const web = createServer({ SNICallback }, (request, response) => serve(dir, request, response));
  web.on('upgrade', (request: IncomingMessage, socket: Socket) => echo(request, socket));
  const grpc = createSecureServer({ SNICallback });
  grpc.on('stream', unary);
  return {
    port: await listening(web),
    grpcPort: await listening(grpc),
    close: () => {
      web.close();
      web.closeAllConnections();
      grpc.close();
    },
  };
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function serve(dir: string, request: IncomingMessage, response: ServerResponse): void {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  if (path.startsWith('/git/')) gitBackend(join(dir, 'git'), request, response);
  else if (path === '/') response.end(`${GREETING}\n`);
  else if (path === '/events') {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(`id: 1\ndata: one\n\nid: 2\ndata: ${GREETING}\n\n`);
  } else file(join(dir, 'files'), path, { host: String(request.headers.host), response });
}

/** A file; in the two that name this origin, `ORIGIN` stands for it. */
function file(root: string, path: string, to: { readonly host: string; readonly response: ServerResponse }): void {
  const name = join(root, path.endsWith('/') ? `${path}index.html` : path);
  if (!existsSync(name) || statSync(name).isDirectory()) {
    to.response.writeHead(404).end();
    return;
  }
  const json = /^\/(npm\/lab-probe|cargo\/config\.json)$/.test(path);
  const body = readFileSync(name);
  const page = path.endsWith('/') ? 'text/html' : 'application/octet-stream';
  to.response.writeHead(200, { 'content-type': json ? 'application/json' : page });
  to.response.end(json ? body.toString('utf8').replaceAll('ORIGIN', `https://${to.host}`) : body);
}

/** CGI (RFC 3875) as far as git http-backend needs it. */
function gitBackend(root: string, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, search } = new URL(request.url ?? '/', 'https://origin');
  const backend = spawn('/usr/lib/git-core/git-http-backend', {
    env: {
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: pathname.slice('/git'.length),
      QUERY_STRING: search.slice(1),
      REQUEST_METHOD: request.method ?? 'GET',
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: String(request.headers['content-encoding'] ?? ''),
      HTTP_GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      REMOTE_USER: 'anyone',
      PATH: process.env['PATH'] ?? '',
    },
  });
  request.pipe(backend.stdin);
  const chunks: Buffer[] = [];
  backend.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  backend.once('close', () => {
    const whole = Buffer.concat(chunks);
    const end = whole.indexOf('\r\n\r\n');
    const fields = whole.toString('latin1', 0, end).split('\r\n');
    let status = 200;
    for (const [name = '', value = ''] of fields.map((line) => line.split(': ', 2))) {
      if (name === 'Status') status = Number.parseInt(value, 10);
      else response.setHeader(name, value);
    }
    response.writeHead(status).end(whole.subarray(end + 4));
  });
}

/** Says back each message, and closes when told to. */
function echo(request: IncomingMessage, socket: Socket): void {
  socket.on('error', () => undefined);
  const key = String(request.headers['sec-websocket-key']);
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  const fields = `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}`;
  socket.write(`HTTP/1.1 101 Switching Protocols\r\n${fields}\r\n\r\n`);
  const reader = new MessageReader(true);
  socket.on('data', (chunk: Buffer) => {
    for (const { opcode, payload } of reader.push(chunk)) {
      const frame = encodeFrame({ opcode, payload }, null);
      if (opcode === OPCODES.close) socket.end(frame);
      else socket.write(frame);
    }
  });
}

/** A unary call that answers with the message that it was sent. */
function unary(stream: ServerHttp2Stream): void {
  stream.on('error', () => undefined);
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.pipe(stream);
}

/** Makes the repository and the packages that `serve` gives out. */
export function makePackages(dir: string): void {
  const put = (path: string, content: string | Buffer) => {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), content);
  };
  const run = (command: string) => {
    const ran = spawnSync('sh', ['-ec', command], { cwd: dir, encoding: 'utf8' });
    if (ran.status !== 0) throw new Error(`${command}: ${ran.stderr}`);
  };
  put('author/readme.txt', `${GREETING}\n`);
  run(`git init -q --bare -b main git/project.git; git -C git/project.git config http.receivepack true
cd author; git init -q -b main; git add readme.txt
git -c user.name=a -c user.email=a@lab.test commit -q -m first; git push -q ../git/project.git main`);
  put('npm/package/package.json', JSON.stringify({ name: 'lab-probe', version: '1.0.0', main: 'index.js' }));
  put('npm/package/index.js', `module.exports = '${GREETING}';\n`);
  run('mkdir -p files/npm; tar -C npm -czf files/npm/lab-probe-1.0.0.tgz package');
  const sha1 = createHash('sha1')
    .update(readFileSync(join(dir, 'files/npm/lab-probe-1.0.0.tgz')))
    .digest('hex');
  const dist = { tarball: 'ORIGIN/npm/lab-probe-1.0.0.tgz', shasum: sha1 };
  const versions = { '1.0.0': { name: 'lab-probe', version: '1.0.0', main: 'index.js', dist } };
  put('files/npm/lab-probe', JSON.stringify({ name: 'lab-probe', 'dist-tags': { latest: '1.0.0' }, versions }));
  wheel(put, run);
  put('deb/DEBIAN/control', 'Package: lab-probe\nVersion: 1.0\nArchitecture: all\nMaintainer: lab\nDescription: lab\n');
  put('deb/usr/share/lab-probe/greeting', `${GREETING}\n`);
  run(`mkdir -p files/apt; dpkg-deb -b --root-owner-group deb files/apt/lab-probe_1.0_all.deb >/dev/null
cd files/apt; size=$(stat -c %s lab-probe_1.0_all.deb); sum=$(sha256sum lab-probe_1.0_all.deb | cut -d' ' -f1)
{ cat ../../deb/DEBIAN/control; echo "Filename: ./lab-probe_1.0_all.deb"; echo "Size: $size"; echo "SHA256: $sum"; } > Packages`);
  crate(put, run, dir);
}

type Put = (path: string, content: string) => void;

function wheel(put: Put, run: (command: string) => void): void {
  const info = 'wheel/lab_probe-1.0.0.dist-info';
  put('wheel/lab_probe.py', `GREETING = '${GREETING}'\n`);
  put(`${info}/METADATA`, 'Metadata-Version: 2.1\nName: lab-probe\nVersion: 1.0.0\n');
  put(`${info}/WHEEL`, 'Wheel-Version: 1.0\nGenerator: lab\nRoot-Is-Purelib: true\nTag: py3-none-any\n');
  put(`${info}/RECORD`, 'lab_probe.py,,\nlab_probe-1.0.0.dist-info/RECORD,,\n');
  const name = 'lab_probe-1.0.0-py3-none-any.whl';
  run(`mkdir -p files/simple/lab-probe; cd wheel
python3 -m zipfile -c ../files/simple/lab-probe/${name} lab_probe.py lab_probe-1.0.0.dist-info`);
  put('files/simple/lab-probe/index.html', `<!doctype html><html><body><a href="${name}">${name}</a></body></html>`);
}

/** A sparse index (RFC 2789) with one crate. */
function crate(put: Put, run: (command: string) => void, dir: string): void {
  put('crate/lab-probe-1.0.0/Cargo.toml', '[package]\nname = "lab-probe"\nversion = "1.0.0"\nedition = "2018"\n');
  put('crate/lab-probe-1.0.0/src/lib.rs', `pub const GREETING: &str = "${GREETING}";\n`);
  run('mkdir -p files/cargo/la/b-; tar -C crate -czf files/cargo/lab-probe-1.0.0.crate lab-probe-1.0.0');
  const cksum = createHash('sha256')
    .update(readFileSync(join(dir, 'files/cargo/lab-probe-1.0.0.crate')))
    .digest('hex');
  put('files/cargo/config.json', JSON.stringify({ dl: 'ORIGIN/cargo/{crate}-{version}.crate' }));
  const entry = { name: 'lab-probe', vers: '1.0.0', deps: [], cksum, features: {}, yanked: false };
  put('files/cargo/la/b-/lab-probe', `${JSON.stringify(entry)}\n`);
}
