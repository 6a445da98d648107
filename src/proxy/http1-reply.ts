/** Answers an HTTP/1.x request through Node's server. */

import type { ServerResponse } from 'node:http';
import type { FieldList, Reply } from './reply.ts';

export class Http1Reply implements Reply {
  readonly #res: ServerResponse;

  constructor(res: ServerResponse) {
    this.#res = res;
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
    this.#res.writeHead(status, fields.flat() as string[]);
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
    this.#res.destroy();
  }
}
