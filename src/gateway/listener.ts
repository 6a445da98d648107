/** The gateway's HTTP server, in the clear or over TLS, and what it says to those who speak no HTTP. */

import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { type Fault, fault, faultDocument, faultStatus } from './fault.ts';

const { createServer: createHttpServer } = process.getBuiltinModule('node:http');

/** PEM texts; with `clientCa`, callers may present certificates. */
export interface ListenerTls {
  readonly cert: string;
  readonly key: string;
  readonly clientCa?: string;
}

const HEADERS_MS = 15_000;
const REQUEST_MS = 300_000;
const HEAD_BYTES = 32 * 1024;
/** How long a caller may go on sending what was answered already, so that it comes to read the answer (RFC 9112, section 9.6). */
const LINGER_MS = 2000;

export function createListener(tls: ListenerTls | undefined, handler: RequestListener): Server {
  /** The answer that a connection is about. */
  const answers = new WeakMap<Duplex, ServerResponse>();
  const noted: RequestListener = (request, response) => {
    answers.set(request.socket, response);
    response.once('finish', () => request.complete || endSoon(request));
    handler(request, response);
  };
  const limits = { headersTimeout: HEADERS_MS, requestTimeout: REQUEST_MS, maxHeaderSize: HEAD_BYTES };
  const server = tls ? createHttpsServer({ ...limits, ...secured(tls) }, noted) : createHttpServer(limits, noted);
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const answer = answers.get(socket);
    // Behind the beginning of an answer there is no place for another.
    const isBegun = answer?.headersSent === true && !answer.writableFinished;
    if (error.code === 'ECONNRESET' || !socket.writable || isBegun) socket.destroy();
    else socket.end(rawAnswer(notHttp(error.code)), () => socket.destroy());
  });
  return server;
}

/** Nobody reads the rest of a request whose answer is out, a body that was too large: it does not hold its connection. */
function endSoon(request: IncomingMessage): void {
  const timer = setTimeout(() => request.socket.destroy(), LINGER_MS);
  request.once('close', () => clearTimeout(timer));
}

function secured({ cert, key, clientCa }: ListenerTls) {
  const asking = clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: false };
  return { cert, key, minVersion: 'TLSv1.2', ...asking } as const;
}

function notHttp(code: string | undefined): Fault {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return fault('too_slow', 'the request did not come in time; send it at once');
  if (code === 'HPE_HEADER_OVERFLOW')
    return fault('head_too_large', `send at most ${HEAD_BYTES} bytes of header fields`);
  return fault('bad_request', 'this is not valid HTTP/1.1');
}

const PHRASES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};

function rawAnswer(of: Fault): string {
  const status = faultStatus(of);
  const text = JSON.stringify(faultDocument(of));
  const head = [
    `HTTP/1.1 ${status} ${PHRASES[status] ?? ''}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(text)}`,
    'cache-control: no-store',
    'connection: close',
  ];
  return `${head.join('\r\n')}\r\n\r\n${text}`;
}
