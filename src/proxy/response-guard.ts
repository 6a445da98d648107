/**
 * A response body through the guard. The response head waits for the guard's first word, so that a body that is
 * blocked at its start becomes a denial; later, the connection is broken instead. An idle stream is flushed.
 */

import { liveScrubs } from './brokering.ts';
import type { Exchange, HeaderList } from './exchange.ts';
import { field, joined } from './fields.ts';
import type { Gate } from './gate.ts';
import type { BodyFilter } from './guarding.ts';
import { Refusal } from './refusal.ts';
import type { FieldList, Reply } from './reply.ts';
import { guardContext, recordVerdict } from './scan-outbound.ts';

/** DESIGN section 10: an idle stream is flushed within 20 ms. */
const IDLE_MS = 15;

interface Begin {
  readonly status: number;
  readonly fields: FieldList;
  readonly pause: () => void;
  readonly abort: (error: Error) => void;
}

export class ResponseGuard {
  readonly #gate: Gate;
  readonly #exchange: Exchange;
  readonly #filter: BodyFilter;
  #reply: Reply | null = null;
  #begin: Begin | null = null;
  #bytes = 0;
  #idle: NodeJS.Timeout | undefined;
  #stopped = false;

  /** Null when nothing guards. */
  static of(gate: Gate, exchange: Exchange, headers: HeaderList): ResponseGuard | null {
    const guard = gate.guard();
    const context = guardContext(exchange, 'result', {
      contentType: field(headers, 'content-type').toLowerCase(),
      contentEncoding: joined(headers, 'content-encoding').toLowerCase(),
    });
    return guard === null || context === null
      ? null
      : new ResponseGuard(gate, exchange, guard.filter({ ...context, scrubs: liveScrubs(gate, exchange) }));
  }

  constructor(gate: Gate, exchange: Exchange, filter: BodyFilter) {
    this.#gate = gate;
    this.#exchange = exchange;
    this.#filter = filter;
  }

  begin(reply: Reply, begin: Begin): void {
    this.#reply = reply;
    this.#begin = begin;
    this.#wait();
  }

  push(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    this.#send(this.#filter.push(chunk));
    this.#wait();
  }

  async end(trailers: FieldList): Promise<void> {
    this.stop();
    const last = this.#filter.end();
    const verdict = this.#filter.verdict();
    if (verdict.findings.length > 0 || verdict.action !== 'pass')
      await recordVerdict(this.#gate, this.#exchange, { direction: 'result', verdict, bytes: this.#bytes });
    if (this.#filter.blocked) throw new Refusal('guard_blocked', 'response_body');
    // Nothing is out yet: then the length of what the guard left can be said.
    if (!this.#reply?.begun && trailers.length === 0) this.#head([['content-length', String(lengthOf(last))]]);
    this.#send(last);
    if (!this.#reply?.begun) this.#head([]);
    this.#reply?.end(trailers);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#idle);
  }

  #wait(): void {
    if (this.#stopped) return;
    if (this.#idle === undefined) this.#idle = setTimeout(() => this.#send(this.#filter.idle()), IDLE_MS);
    else this.#idle.refresh();
  }

  #send(out: readonly Uint8Array[]): void {
    if (this.#filter.blocked) {
      this.stop();
      const verdict = this.#filter.verdict();
      const outcome = { direction: 'result', verdict, bytes: this.#bytes } as const;
      void recordVerdict(this.#gate, this.#exchange, outcome).catch(() => undefined);
      this.#begin?.abort(new Refusal('guard_blocked', 'response_body'));
      return;
    }
    for (const piece of out) {
      if (piece.length === 0) continue;
      if (!this.#reply?.begun) this.#head([]);
      if (this.#reply?.write(piece) === false) this.#begin?.pause();
    }
  }

  #head(more: FieldList): void {
    if (this.#begin) this.#reply?.head(this.#begin.status, [...this.#begin.fields, ...more]);
  }
}

function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, piece) => sum + piece.length, 0);
}
