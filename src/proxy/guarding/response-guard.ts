/**
 * A response body through the guard. The response head waits for the guard's first word, so that a body that is
 * blocked at its start becomes a denial; later, the connection is broken instead. It does not wait for long: a body may
 * begin much later than its head, and whoever asked goes by that. A stream is let go on when it pauses, and
 * now and then while it does not. While another thread looks at a piece, the origin is paused, and what still comes waits its turn.
 */

import { GrowingBytes } from '../../core/growing-bytes.ts';
import { isRemarkable } from '../../guard/judge.ts';
import { QUIET_MS, STEADY_MS } from '../../guard/quiet-end.ts';
import type { FieldList, Reply } from '../doors/reply.ts';
import type { Exchange, HeaderList } from '../exchange.ts';
import { field, joined } from '../fields.ts';
import type { Gate } from '../gate.ts';
import { type Refusal, refusalOf, stopped } from '../refusal.ts';
import { liveScrubs } from './brokering.ts';
import { type BodyStream, blockedBy, unlooked } from './guarding.ts';
import { guardContext, recordVerdict } from './scan-outbound.ts';

/** How long a head waits for its body to begin; where events or lines are to come, only until the origin is quiet. */
export const HEAD_MS = 1000;

interface Begin {
  readonly status: number;
  readonly fields: FieldList;
  readonly pause: () => void;
  readonly resume: () => void;
  readonly abort: (error: Error) => void;
}

interface Guarded {
  readonly filter: BodyStream;
  readonly isSized: boolean;
  readonly isLive: boolean;
}

export class ResponseGuard {
  readonly #gate: Gate;
  readonly #exchange: Exchange;
  readonly #filter: BodyStream;
  #reply: Reply | null = null;
  #begin: Begin | null = null;
  #bytes = 0;
  #idle: NodeJS.Timeout | undefined;
  #waits = false;
  #stopped = false;
  #recorded = false;
  /** `performance.now()` from which on something may be held back; infinite where nobody waits for single pieces. */
  #heldSince: number;
  /** How long the head waits at most. */
  readonly #patience: number;
  /** `performance.now()` from which on it does not. */
  #headBy = Number.POSITIVE_INFINITY;
  #late: NodeJS.Timeout | undefined;
  /** What came while another thread looks. */
  readonly #waiting = new GrowingBytes();
  /** Until that thread, and whatever came since, is done with. */
  #looking: Promise<void> | null = null;
  /** The client takes no more for now. */
  #full = false;
  /** Why nothing more goes on. */
  #failure: Refusal | null = null;

  /** Null when nothing guards. */
  static of(gate: Gate, exchange: Exchange, headers: HeaderList): ResponseGuard | null {
    const guard = gate.guard();
    const contentType = field(headers, 'content-type').toLowerCase();
    const isSized = field(headers, 'content-length') !== '';
    const isLive = /event-stream|ndjson|jsonl|grpc/.test(contentType);
    const context = guardContext(exchange, 'result', {
      contentType,
      contentEncoding: joined(headers, 'content-encoding').toLowerCase(),
      isSized,
      isLive,
    });
    if (guard === null || context === null) return null;
    const filter = guard.stream({ ...context, scrubs: liveScrubs(gate, exchange) });
    return new ResponseGuard(gate, exchange, { filter, isSized, isLive });
  }

  constructor(gate: Gate, exchange: Exchange, { filter, isSized, isLive }: Guarded) {
    this.#gate = gate;
    this.#exchange = exchange;
    this.#filter = filter;
    this.#patience = isLive ? 0 : HEAD_MS;
    this.#heldSince = isSized ? Number.POSITIVE_INFINITY : performance.now();
  }

  begin(reply: Reply, begin: Begin): void {
    this.#reply = reply;
    this.#begin = begin;
    this.#headBy = performance.now() + this.#patience;
    this.#wait();
  }

  push(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    if (this.#looking !== null) {
      this.#waiting.append(chunk);
      this.#begin?.pause();
      return;
    }
    const out = this.#filter.push(chunk);
    if (out instanceof Promise) this.#look(out);
    else this.#send(out);
    if (performance.now() - this.#heldSince >= STEADY_MS) this.#flush();
    this.#wait();
  }

  /** The client takes more. */
  drained(): void {
    this.#full = false;
    if (this.#looking === null) this.#begin?.resume();
  }

  /** Undefined where it is over in this turn, as an answer is that no other thread has to look at. */
  end(trailers: FieldList): Promise<void> | undefined {
    this.#stop();
    return this.#looking === null ? this.#end(trailers) : this.#looking.then(() => this.#end(trailers));
  }

  #end(trailers: FieldList): Promise<void> | undefined {
    if (this.#failure !== null) throw this.#failure;
    const last = this.#last();
    return last instanceof Promise ? last.then((pieces) => this.#tell(pieces, trailers)) : this.#tell(last, trailers);
  }

  #tell(last: readonly Uint8Array[], trailers: FieldList): Promise<void> | undefined {
    const recorded = this.#record();
    return recorded === null ? this.#say(last, trailers) : recorded.then(() => this.#say(last, trailers));
  }

  /** What is left of the answer, now that what was found is on record. */
  #say(last: readonly Uint8Array[], trailers: FieldList): undefined {
    if (this.#filter.blocked) throw blockedBy(this.#filter, 'response_body');
    if (!this.#exchange.mayMove()) throw stopped(this.#exchange);
    // Nothing is out yet: then the length of what the guard left can be said.
    if (!this.#reply?.begun && trailers.length === 0) this.#head([['content-length', String(lengthOf(last))]]);
    this.#send(last);
    if (!this.#reply?.begun) this.#head([]);
    this.#reply?.end(trailers);
  }

  #last(): readonly Uint8Array[] | Promise<readonly Uint8Array[]> {
    const failed = (error: unknown): never => {
      throw unlooked(error);
    };
    try {
      const last = this.#filter.end();
      return last instanceof Promise ? last.catch(failed) : last;
    } catch (error) {
      return failed(error);
    }
  }

  #look(out: Promise<readonly Uint8Array[]>): void {
    this.#begin?.pause();
    this.#looking = this.#through(out).catch((error: unknown) => {
      this.#looking = null;
      this.#fail(refusalOf(unlooked(error)));
    });
  }

  async #through(out: Promise<readonly Uint8Array[]>): Promise<void> {
    this.#send(await out);
    while (this.#waiting.length > 0 && this.#failure === null)
      this.#send(await this.#filter.push(this.#waiting.release()));
    // In the same turn in which nothing waits any more: what comes from now on is looked at when it comes.
    this.#looking = null;
    if (!this.#full && this.#failure === null) this.#begin?.resume();
    // The stream may have become quiet meanwhile.
    this.#wait();
  }

  #fail(refusal: Refusal): void {
    this.#stop();
    this.#failure ??= refusal;
    this.#waiting.release();
    this.#begin?.abort(refusal);
  }

  /**
   * The origin broke off in the midst of its answer: what it said until then goes on, looked at as an end is. Where no head is out
   * a refusal says more.
   */
  async breakOff(): Promise<void> {
    this.#stop();
    await this.#looking;
    if (this.#failure === null && this.#reply?.begun) {
      try {
        const last = await this.#last();
        await this.#record();
        if (!this.#filter.blocked) this.#send(last);
      } catch {
        // What nobody could look at, or what is half of something packed, does not go on.
      }
    }
    this.abandon();
  }

  /** The exchange was over before its body: what was found until then is on record all the same. */
  abandon(): void {
    this.#stop();
    this.#record()?.catch(() => undefined);
  }

  /** What was found, once; null where there is nothing to wait for. */
  #record(): Promise<void> | null {
    if (this.#recorded) return null;
    this.#recorded = true;
    const verdict = this.#filter.verdict();
    if (!isRemarkable(verdict)) return null;
    return recordVerdict(this.#gate, this.#exchange, { direction: 'result', verdict, bytes: this.#bytes });
  }

  #stop(): void {
    this.#stopped = true;
    clearTimeout(this.#idle);
    clearTimeout(this.#late);
  }

  #wait(): void {
    if (this.#stopped) return;
    if (this.#idle !== undefined) {
      this.#idle.refresh();
      return;
    }
    if (this.#waits) return;
    this.#waits = true;
    // A body that is whole by the end of this turn, as small ones are, needs no timer.
    process.nextTick(() => this.#start());
  }

  #start(): void {
    this.#waits = false;
    if (!this.#stopped) this.#idle = setTimeout(() => this.#flush(), QUIET_MS);
  }

  #flush(): void {
    // What is under way gives out what it can.
    if (this.#looking !== null || this.#failure !== null) return;
    this.#let();
    try {
      const out = this.#filter.idle();
      if (out instanceof Promise) this.#look(out);
      else {
        this.#send(out);
        this.#sayHead();
      }
    } catch (error) {
      // A timer has no caller.
      this.#fail(refusalOf(unlooked(error)));
    }
  }

  /** The head by itself, once it has waited long enough; until then, when that will be. */
  #sayHead(): void {
    if (this.#reply?.begun || this.#stopped || this.#failure !== null || !this.#exchange.mayMove()) return;
    const left = this.#headBy - performance.now();
    clearTimeout(this.#late);
    // Set anew each time: a timer may come a part of a millisecond too early.
    if (left <= 0) this.#head([]);
    else this.#late = setTimeout(() => this.#flush(), left);
  }

  /** Whatever can go on does so now. */
  #let(): void {
    if (this.#heldSince < Number.POSITIVE_INFINITY) this.#heldSince = performance.now();
  }

  #send(out: readonly Uint8Array[]): void {
    if (this.#failure !== null || !this.#exchange.mayMove()) return;
    if (this.#filter.blocked) {
      this.#record()?.catch(() => undefined);
      this.#fail(blockedBy(this.#filter, 'response_body'));
      return;
    }
    if (out.length > 0) this.#let();
    for (const piece of out) {
      if (piece.length === 0) continue;
      if (!this.#reply?.begun) this.#head([]);
      if (this.#reply?.write(piece) !== false) continue;
      this.#full = true;
      this.#begin?.pause();
    }
  }

  #head(more: FieldList): void {
    if (this.#begin) this.#reply?.head(this.#begin.status, [...this.#begin.fields, ...more]);
  }
}

function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, piece) => sum + piece.length, 0);
}
