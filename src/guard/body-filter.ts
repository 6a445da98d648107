/**
 * A streaming filter over one body. However the body is cut into chunks, the output and the verdict are the same:
 * windows begin at fixed offsets of the body, never at the edge of a chunk. Memory is bounded by two windows.
 */

import type { Finding, Verdict } from '../core/finding.ts';
import { GrowingBytes } from '../core/growing-bytes.ts';
import { addAll } from '../core/large-lists.ts';
import { BEHIND, lookAtWindow, lookBriefly, REACH, type WindowOptions } from './body-window.ts';
import { verdictOf } from './judge.ts';
import { after, type Later } from './later.ts';
import { quietEnd } from './quiet-end.ts';
import { FRESH, type WindowOutcome } from './window-state.ts';
import type { Hands } from './workers/hands.ts';

/**
 * A filter of which parts may be done in another thread. INVARIANT: whoever is given a promise waits for it before the
 * next call; one that rejects ends the body, of which nothing more may go on.
 */
export interface BodyStream {
  /** Bytes that may go on now. */
  push(chunk: Uint8Array): Later<Uint8Array[]>;
  /** Called when the stream has been quiet: bytes up to where nothing seems to be under way; see `quietEnd`. */
  idle(): Later<Uint8Array[]>;
  end(): Later<Uint8Array[]>;
  verdict(): Verdict;
  /** True once something was found that may not pass at all; nothing more comes out. */
  readonly blocked: boolean;
}

/** One that does everything where it is called. */
export interface BodyFilter extends BodyStream {
  push(chunk: Uint8Array): Uint8Array[];
  idle(): Uint8Array[];
  end(): Uint8Array[];
}

export interface BodyFilterOptions extends WindowOptions {
  /** Who looks at what is large; absent: everything is looked at here. */
  readonly hands?: Hands;
}

/** A window decides about the findings that begin in it. */
const WINDOW = 65_536;
const LF = 0x0a;

export function bodyFilter(options: BodyFilterOptions): BodyStream {
  return new WindowedFilter(options);
}

class WindowedFilter implements BodyStream {
  readonly #options: BodyFilterOptions;
  #state = FRESH;
  /** What came since: many small pieces must not be copied again for each of them. */
  readonly #fresh = new GrowingBytes();
  #findings: Finding[] = [];
  #more = 0;
  #blocked = false;
  #isUnread = false;
  #isEnded = false;
  /** Bytes that were looked at here. */
  #here = 0;

  constructor(options: BodyFilterOptions) {
    this.#options = options;
  }

  get blocked(): boolean {
    return this.#blocked;
  }

  push(chunk: Uint8Array): Later<Uint8Array[]> {
    if (this.#blocked) return [];
    const ahead = this.#state.next + WINDOW + REACH - this.#end;
    this.#fresh.copy(chunk, ahead);
    if (this.#fresh.length < ahead) return [];
    this.#gather();
    return this.#windows([], () => (this.#end - this.#state.next >= WINDOW + REACH ? this.#state.next + WINDOW : -1));
  }

  end(): Later<Uint8Array[]> {
    this.#gather();
    this.#isEnded = true;
    return this.#windows([], () => {
      const { next } = this.#state;
      return next < this.#end ? Math.min(next + WINDOW, this.#end) : -1;
    });
  }

  idle(): Later<Uint8Array[]> {
    this.#gather();
    const { held, next, base } = this.#state;
    if (this.#blocked || this.#end === next) return [];
    const fresh = Buffer.from(held.buffer, held.byteOffset + next - base, held.length - (next - base));
    const whole = this.#options.context.letsLinesGo === true ? fresh.lastIndexOf(LF) + 1 : 0;
    const safe = Math.max(quietEnd(fresh), whole);
    if (safe === 0) return [];
    return after(this.#window(next + safe), (out) => {
      this.#state = { ...this.#state, letGo: this.#state.next };
      return out;
    });
  }

  verdict(): Verdict {
    const verdict = verdictOf(this.#findings, this.#options.maxFindings, this.#more);
    return { ...verdict, ...(this.#blocked && { action: 'block' }), ...(this.#isUnread && { unread: true }) };
  }

  #gather(): void {
    if (this.#fresh.length === 0) return;
    const { held } = this.#state;
    const fresh = this.#fresh.release();
    this.#state = { ...this.#state, held: held.length === 0 ? fresh : Buffer.concat([held, fresh]) };
  }

  get #end(): number {
    return this.#state.base + this.#state.held.length;
  }

  /** Window after window, as long as there is a place where the next one ends. */
  #windows(given: Uint8Array[], endOfNext: () => number): Later<Uint8Array[]> {
    const out = [...given];
    for (;;) {
      const until = this.#blocked ? -1 : endOfNext();
      if (until < 0) return out;
      const pieces = this.#window(until);
      if (pieces instanceof Promise) return pieces.then((more) => this.#windows([...out, ...more], endOfNext));
      for (const piece of pieces) out.push(piece);
    }
  }

  #window(until: number): Later<Uint8Array[]> {
    const { hands } = this.#options;
    const length = Math.min(until + REACH, this.#end) - this.#state.base;
    // What was let go on in small pieces adds up as well.
    if (hands !== undefined && !hands.isSmall(length, this.#here)) return this.#elsewhere(hands, until);
    this.#here += Math.max(0, length - BEHIND);
    const isLast = this.#isEnded && until === this.#end;
    if (hands === undefined) return this.#take(lookAtWindow(this.#options, this.#state, until, isLast));
    const outcome = lookBriefly(this.#options, this.#state, until, isLast);
    return outcome === null ? this.#elsewhere(hands, until) : this.#take(outcome);
  }

  /** Only the bytes of the window travel; what came behind them stays. */
  async #elsewhere(hands: Hands, until: number): Promise<Uint8Array[]> {
    const { held, base } = this.#state;
    const length = Math.min(until + REACH - base, held.length);
    const outcome = await hands.look({ ...this.#state, held: held.subarray(0, length) }, until, this.#options.context);
    const rest = held.subarray(length);
    if (rest.length === 0) return this.#take(outcome);
    const joined = Buffer.concat([outcome.state.held, rest]);
    return this.#take({ ...outcome, state: { ...outcome.state, held: joined } });
  }

  #take({ out, findings, more, blocked, isUnread, state }: WindowOutcome): Uint8Array[] {
    this.#state = state;
    addAll(this.#findings, findings);
    this.#more += more;
    this.#blocked ||= blocked;
    this.#isUnread ||= isUnread;
    return blocked ? [] : [...out];
  }
}
