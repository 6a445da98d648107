/**
 * Answers an HTTP/1.x request on its socket. What is said in one turn leaves in one write: the head waits for the first
 * piece of the body, or for the end of the turn.
 */

import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { Refusal } from '../refusal.ts';
import type { FieldList, Reply } from './reply.ts';

const { STATUS_CODES } = process.getBuiltinModule('node:http');

export interface ReplyTo {
  readonly socket: Duplex;
  /** The connection below TLS that was ended here; null where the socket is the connection. */
  readonly carrier: Duplex | null;
  readonly method: string;
  readonly version: '1.0' | '1.1';
  /** The client would use the connection again, and can: its request has come whole. Asked when the answer begins. */
  readonly keep: () => boolean;
  /** What kept connections are told. */
  readonly keepLine: string;
  /** How long a client may take nothing of what was sent (T-45). */
  readonly idleMs: number;
}

/** Up to here, pieces are copied into one buffer with what stands around them: cheaper than a write of several. */
const COPIED = 16 * 1024;

export class Http1Reply implements Reply {
  readonly #to: ReplyTo;
  #head: string | null = null;
  #begun = false;
  #ended = false;
  #framing: 'none' | 'plain' | 'chunked' = 'plain';
  /** Its body ends with the connection, so that an orderly close would make a part look whole. */
  #untilClose = false;
  #keep = false;
  #drained: (() => void) | null = null;
  #gone: (() => void) | null = null;
  #stalled: NodeJS.Timeout | undefined;

  constructor(to: ReplyTo) {
    this.#to = to;
  }

  get begun(): boolean {
    return this.#begun;
  }

  get gone(): boolean {
    return !this.#ended && this.#to.socket.destroyed;
  }

  get queued(): number {
    return this.#head === null ? this.#to.socket.writableLength : Number.POSITIVE_INFINITY;
  }

  /** The answer is whole, and the connection may carry another. */
  get reusable(): boolean {
    return this.#ended && this.#keep;
  }

  head(status: number, fields: FieldList): void {
    const { method, version, keep, keepLine } = this.#to;
    const { text, sized } = headText(status, fields);
    const bodiless = method === 'HEAD' || status === 204 || status === 304;
    this.#framing = bodiless ? 'none' : sized || version === '1.0' ? 'plain' : 'chunked';
    // HTTP/1.0 knows no chunks: what has no length ends with the connection.
    this.#untilClose = version === '1.0' && !sized && !bodiless;
    this.#keep = !this.#untilClose && keep();
    const coding = this.#framing === 'chunked' ? 'Transfer-Encoding: chunked\r\n' : '';
    this.#begun = true;
    this.#head = `${text}${coding}${this.#keep ? keepLine : 'Connection: close\r\n'}\r\n`;
    process.nextTick(() => this.#flush());
  }

  write(chunk: Uint8Array): boolean {
    if (this.#framing === 'none' || this.#ended) return true;
    const chunked = this.#framing === 'chunked';
    if (chunk.length === 0) return true;
    const room = this.#put(chunked ? `${chunk.length.toString(16)}\r\n` : '', chunk, chunked ? '\r\n' : '');
    if (!room) this.#stalled ??= setTimeout(() => this.destroy(), this.#to.idleMs);
    return room;
  }

  onDrain(resume: () => void): void {
    this.#drained = resume;
  }

  onGone(gone: () => void): void {
    if (this.gone) gone();
    else this.#gone = gone;
  }

  end(trailers: FieldList): void {
    if (this.#ended) return;
    if (this.#framing === 'chunked') this.#put(`0\r\n${trailerLines(trailers)}\r\n`, null, '');
    else this.#flush();
    this.#ended = true;
    this.#moves();
  }

  destroy(): void {
    const { carrier, socket } = this.#to;
    // No byte passes a carrier that is destroyed, and its close ends TLS and response later: a cut of many flows does
    // not wait for either.
    if (carrier?.destroyed) return;
    this.#head = null;
    // Inside TLS it is the missing `close_notify` that says so.
    const mayReset = socket instanceof Socket && !(socket instanceof TLSSocket) && !socket.destroyed;
    if (this.#untilClose && !this.#ended && mayReset) socket.resetAndDestroy();
    else socket.destroy();
  }

  /** The socket takes more. */
  drain(): void {
    this.#moves();
    if (!this.#ended) this.#drained?.();
  }

  /** The socket is closed. */
  close(): void {
    this.#moves();
    if (!this.#ended) this.#gone?.();
  }

  #moves(): void {
    clearTimeout(this.#stalled);
    this.#stalled = undefined;
  }

  #flush(): void {
    const head = this.#head;
    this.#head = null;
    if (head !== null && !this.#to.socket.destroyed) this.#to.socket.write(head, 'latin1');
  }

  #put(before: string, chunk: Uint8Array | null, after: string): boolean {
    const { socket } = this.#to;
    const text = `${this.#head ?? ''}${before}`;
    this.#head = null;
    if (socket.destroyed || !socket.writable) return true;
    if (chunk === null) return socket.write(text, 'latin1');
    if (text === '' && after === '') return socket.write(chunk);
    if (chunk.length <= COPIED) return socket.write(joined(text, chunk, after));
    socket.cork();
    socket.write(text, 'latin1');
    let room = socket.write(chunk);
    if (after !== '') room = socket.write(after, 'latin1');
    socket.uncork();
    return room;
  }
}

function headText(status: number, fields: FieldList): { readonly text: string; readonly sized: boolean } {
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`;
  let sized = false;
  for (const [name, value] of fields) {
    // No field ends its line early (T-33); origins' heads were read strictly, and values may have been put in since.
    if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) throw new Refusal('upstream_protocol', 'field');
    text += `${name}: ${value}\r\n`;
    if (name.length === 14 && name.toLowerCase() === 'content-length') sized = true;
  }
  return { text, sized };
}

function joined(before: string, chunk: Uint8Array, after: string): Buffer {
  const out = Buffer.allocUnsafe(before.length + chunk.length + after.length);
  out.write(before, 0, 'latin1');
  out.set(chunk, before.length);
  if (after !== '') out.write(after, before.length + chunk.length, 'latin1');
  return out;
}

function trailerLines(trailers: FieldList): string {
  let text = '';
  for (const [name, value] of trailers) if (!/[^\t\x20-\x7e\x80-\xff]/.test(value)) text += `${name}: ${value}\r\n`;
  return text;
}
