/** How Node's own HTTP/1 parser (llhttp, strict) reads bytes, and how the servers behind the door take what it read. */

import { createServer, type IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import { setImmediate } from 'node:timers/promises';

export interface NodeRequest {
  readonly req: IncomingMessage;
  readonly body: Buffer;
  /** Its end was seen. */
  readonly complete: boolean;
}

export interface NodeReading {
  readonly requests: readonly NodeRequest[];
  /** The parser's code, or null while it could go on. */
  readonly error: string | null;
}

interface Seen {
  readonly requests: { req: IncomingMessage; chunks: Buffer[] }[];
  error: string | null;
}

const seenBy = new WeakMap<Duplex, Seen>();
const server = createServer({ insecureHTTPParser: false, requireHostHeader: false, maxHeaderSize: 32_768 });
server.maxHeadersCount = 0;
const note = (req: IncomingMessage): void => {
  const chunks: Buffer[] = [];
  seenBy.get(req.socket)?.requests.push({ req, chunks });
  req.on('error', () => undefined).on('data', (chunk: Buffer) => chunks.push(chunk));
};
for (const event of ['request', 'checkContinue', 'checkExpectation', 'connect'] as const) server.on(event, note);
server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
  const seen = seenBy.get(socket);
  if (seen) seen.error ??= error.code ?? 'error';
});

export async function readByNode(bytes: Buffer): Promise<NodeReading> {
  const socket = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  socket.on('error', () => undefined);
  const seen: Seen = { requests: [], error: null };
  seenBy.set(socket, seen);
  server.emit('connection', socket);
  socket.push(bytes);
  // All is in memory: one turn hands the bytes to the parser, the next one the bodies to their readers.
  await setImmediate();
  await setImmediate();
  const requests = seen.requests.map(({ req, chunks }) => ({
    req,
    body: Buffer.concat(chunks),
    complete: req.complete,
  }));
  socket.destroy();
  return { requests, error: seen.error };
}
