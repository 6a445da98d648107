/** Receivers of the record that are real sockets, and misbehave when a test asks for it. */

import { createServer as createHttp, type IncomingHttpHeaders } from 'node:http';
import { type AddressInfo, createServer as createTcp, type Server, type Socket } from 'node:net';
import { createServer as createTls } from 'node:tls';
import { gunzipSync } from 'node:zlib';

export interface SyslogReceiver {
  readonly port: number;
  /** Messages of connections that were read to the end. */
  readonly messages: string[];
  /** What the next connection does instead of reading. */
  misbehave: 'no' | 'reset' | 'hang' | 'close-early';
  /** Resolves when it holds; asked after each connection. */
  until(holds: () => boolean): Promise<void>;
  close(): Promise<void>;
}

/** `port` 0 takes a free one; `tls` gives it a certificate. */
export async function syslogReceiver(tls?: { cert: string; key: string }, port = 0): Promise<SyslogReceiver> {
  const waiting = new Waiting();
  const sockets = new Set<Socket>();
  const serve = (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    const { misbehave } = receiver;
    if (misbehave === 'hang') return;
    if (misbehave === 'close-early') return void socket.end();
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => {
      if (misbehave === 'reset') return void socket.resetAndDestroy();
      chunks.push(chunk);
    });
    socket.on('end', () => {
      receiver.messages.push(...octetCounted(Buffer.concat(chunks)));
      waiting.changed();
    });
  };
  const server = tls === undefined ? createTcp(serve) : createTls({ ...tls }, serve);
  server.on('tlsClientError', () => undefined);
  await listening(server, port);
  const receiver: SyslogReceiver = {
    port: (server.address() as AddressInfo).port,
    messages: [],
    misbehave: 'no',
    until: (holds) => waiting.until(holds),
    close: () => closing(server, sockets),
  };
  return receiver;
}

/** RFC 6587 3.4.1; throws for anything else. */
export function octetCounted(bytes: Buffer): string[] {
  const messages: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const length = bytes.toString('latin1', at, space);
    if (!/^[1-9][0-9]{0,8}$/.test(length)) throw new Error(`no octet count at ${at}`);
    const end = space + 1 + Number(length);
    if (end > bytes.length) throw new Error('the last message is cut off');
    messages.push(bytes.toString('utf8', space + 1, end));
    at = end;
  }
  return messages;
}

export interface HttpRequest {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface HttpReceiver {
  readonly url: string;
  readonly requests: HttpRequest[];
  /** Bodies that were answered with a 2xx. */
  readonly accepted: string[];
  /** What the next requests are answered; `undefined` is 200. */
  answer: (request: HttpRequest) => { status: number; headers?: Record<string, string>; body?: string } | undefined;
  /** Resolves when it holds; asked after each request. */
  until(holds: () => boolean): Promise<void>;
  close(): Promise<void>;
}

export async function httpReceiver(): Promise<HttpReceiver> {
  const waiting = new Waiting();
  const sockets = new Set<Socket>();
  const server = createHttp((message, response) => {
    const chunks: Buffer[] = [];
    message.on('data', (chunk: Buffer) => chunks.push(chunk));
    message.on('end', () => {
      const raw = Buffer.concat(chunks);
      const body = (message.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw).toString('utf8');
      const request = { url: message.url ?? '', headers: message.headers, body };
      receiver.requests.push(request);
      const { status, headers = {}, body: said = '{}' } = receiver.answer(request) ?? { status: 200 };
      if (status < 300) receiver.accepted.push(body);
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(said);
      waiting.changed();
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await listening(server, 0);
  const receiver: HttpReceiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    accepted: [],
    answer: () => undefined,
    until: (holds) => waiting.until(holds),
    close: () => closing(server, sockets),
  };
  return receiver;
}

/** Those who wait for something to hold. */
class Waiting {
  readonly #waiters = new Set<{ readonly holds: () => boolean; readonly resolve: () => void }>();

  until(holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.add({ holds, resolve }));
  }

  changed(): void {
    for (const waiter of this.#waiters) {
      if (!waiter.holds()) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve());
  });
}

function closing(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  for (const socket of sockets) socket.destroy();
  return new Promise((resolve) => server.close(() => resolve()));
}
