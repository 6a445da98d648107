/** A small server of the Model Context Protocol over Streamable HTTP, strict about what a client must send. */

import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface McpServer {
  readonly url: string;
  /** Methods as they came, with `DELETE` for the end of a session. */
  readonly heard: string[];
  readonly sessions: Set<string>;
  close(): Promise<void>;
}

interface Message {
  readonly id?: number;
  readonly method: string;
  readonly params?: { readonly name?: string; readonly arguments?: Record<string, unknown> };
}

/** @param style how `tools/call` is answered: as JSON, or as an event stream that stays open */
export async function mcpServer(style: 'json' | 'stream', answer: (args: unknown) => object): Promise<McpServer> {
  const heard: string[] = [];
  const sessions = new Set<string>();
  const server = createServer((request, response) => void serve(request, response));
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const session = String(request.headers['mcp-session-id'] ?? '');
    const refuse = (status: number) => response.writeHead(status).end();
    if (request.method === 'DELETE') {
      heard.push('DELETE');
      sessions.delete(session);
      return refuse(204);
    }
    const accept = request.headers.accept ?? '';
    if (!accept.includes('application/json') || !accept.includes('text/event-stream')) return refuse(406);
    const message = await messageIn(request);
    heard.push(message.method);
    if (message.method === 'initialize') return greet(message, response, sessions);
    if (!sessions.has(session)) return refuse(404);
    if (request.headers['mcp-protocol-version'] !== '2025-06-18') return refuse(400);
    return message.id === undefined ? refuse(202) : reply(response, style, replyText(message, answer(message.params)));
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    heard,
    sessions,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function messageIn(request: IncomingMessage): Promise<Message> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as Message;
}

function replyText({ id }: Message, result: object): string {
  return JSON.stringify({ jsonrpc: '2.0', id, result });
}

function greet(message: Message, response: ServerResponse, sessions: Set<string>): void {
  const made = randomUUID();
  sessions.add(made);
  response.writeHead(200, { 'content-type': 'application/json', 'mcp-session-id': made });
  response.end(replyText(message, { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: {} }));
}

function reply(response: ServerResponse, style: 'json' | 'stream', text: string): void {
  if (style === 'json') {
    response.writeHead(200, { 'content-type': 'application/json' }).end(text);
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(': hello\n\ndata: {"jsonrpc":"2.0","method":"notifications/progress","params":{}}\n\n');
  // It stays open: who waits for its end waits for ever.
  response.write(`event: message\r\ndata: ${text}\r\n\r\n`);
}
