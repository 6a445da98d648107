/** Answers an HTTP/1.x request through Node's server. */

import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FieldList, Reply } from './reply.ts';

export class Http1Reply implements Reply {
  readonly #res: ServerResponse;
  readonly #carrier: Duplex | null;

  /** `carrier`: the connection below TLS that was ended here; null where the response's own socket is the connection. */
  constructor(res: ServerResponse, carrier: Duplex | null) {
    this.#res = res;
    this.#carrier = carrier;
    res.sendDate = false;
    res.on('error', () => undefined);
  }

  get begun(): boolean {
    return this.#res.headersSent;
  }

  get gone(): boolean {
    return this.#res.destroyed || (this.#res.closed && !this.#res.writableFinished);
  }

  head(status: number, fields: FieldList): void {
    const { socket } = this.#res;
    // What comes in this turn leaves as one write: small answers are head and body together.
    if (socket) {
      socket.cork();
      process.nextTick(uncork, socket);
    }
    this.#res.writeHead(status, flat(fields));
    this.#res.flushHeaders();
  }

  write(chunk: Uint8Array): boolean {
    return this.#res.write(chunk);
  }

  onDrain(resume: () => void): void {
    this.#res.on('drain', resume);
  }

  onGone(gone: () => void): void {
    if (this.gone) gone();
    this.#res.once('close', () => {
      if (!this.#res.writableFinished) gone();
    });
  }

  end(trailers: FieldList): void {
    if (trailers.length > 0 && !this.#res.hasHeader('content-length')) {
      this.#res.addTrailers(trailers.map(([name, value]) => [name, value] as [string, string]));
    }
    this.#res.end();
  }

  destroy(): void {
    // No byte passes a carrier that is destroyed, and its close ends TLS and response later: a cut of many flows does
    // not wait for either.
    if (this.#carrier?.destroyed) return;
    this.#res.destroy();
  }
}

function uncork(socket: Socket): void {
  socket.uncork();
}

function flat(fields: FieldList): string[] {
  const out: string[] = [];
  for (const [name, value] of fields) out.push(name, value);
  return out;
}
