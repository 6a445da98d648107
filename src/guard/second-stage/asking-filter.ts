/**
 * Asks the second stage about a body that is held whole anyway, because it is small and its end is near. One that is larger,
 * or that pauses before its end is known, goes on as it streams: nobody is asked, and the verdict says so.
 */

import type { Verdict } from '../../core/finding.ts';
import { GrowingBytes } from '../../core/growing-bytes.ts';
import type { BodyStream } from '../body-filter.ts';
import { after, type Later } from '../later.ts';
import { DoubtBook, type Doubts, type Inquiry } from './doubts.ts';

/** As much as a window of a stream is held for. */
const MOST_HELD = 65_536;
const NOTHING: Verdict = { action: 'pass', findings: [], more: 0 };

export interface Asking {
  readonly inquiry: Inquiry;
  /** Its end is known ahead, so that it is waited for over a pause. */
  readonly isSized: boolean;
  /** A filter of its own for each time that the body is looked at. */
  readonly open: (doubts: Doubts) => BodyStream;
}

export function askingFilter(asking: Asking): BodyStream {
  return new AskingFilter(asking);
}

class AskingFilter implements BodyStream {
  readonly #asking: Asking;
  readonly #book: DoubtBook;
  readonly #held = new GrowingBytes();
  /** The filter that decides; null while the body is held. */
  #decides: BodyStream | null = null;
  #said: 'asked' | 'not_asked' = 'not_asked';

  constructor(asking: Asking) {
    this.#asking = asking;
    this.#book = this.#newBook({ isUnasked: true });
  }

  get blocked(): boolean {
    return this.#decides?.blocked ?? false;
  }

  push(chunk: Uint8Array): Later<Uint8Array[]> {
    if (this.#decides !== null) return this.#decides.push(chunk);
    this.#held.copy(chunk, MOST_HELD);
    return this.#held.length > MOST_HELD ? this.#letGo() : [];
  }

  idle(): Later<Uint8Array[]> {
    if (this.#decides !== null) return this.#decides.idle();
    if (this.#asking.isSized || this.#held.length === 0) return [];
    return after(this.#letGo(), (first) => after(this.#decides?.idle() ?? [], (more) => [...first, ...more]));
  }

  end(): Later<Uint8Array[]> {
    return this.#decides === null ? this.#ask() : this.#decides.end();
  }

  verdict(): Verdict {
    const verdict = this.#decides?.verdict() ?? NOTHING;
    const isUncertain = this.#said === 'asked' || this.#book.questions().length > 0;
    return isUncertain ? { ...verdict, second_stage: this.#said } : verdict;
  }

  #newBook(more: { readonly isUnasked: boolean }): DoubtBook {
    const { rules, key } = this.#asking.inquiry;
    return new DoubtBook({ rules, key, confirmed: [], ...more });
  }

  #letGo(): Later<Uint8Array[]> {
    const decides = this.#asking.open(this.#book);
    this.#decides = decides;
    return decides.push(this.#held.release());
  }

  async #ask(): Promise<Uint8Array[]> {
    const book = this.#newBook({ isUnasked: false });
    const first = await this.#look(book);
    const questions = book.questions();
    if (questions.length === 0) return first;
    this.#said = 'asked';
    book.confirm(await this.#asking.inquiry.confirmed(questions));
    return book.isAnyConfirmed ? await this.#look(book) : first;
  }

  async #look(doubts: Doubts): Promise<Uint8Array[]> {
    const decides = this.#asking.open(doubts);
    this.#decides = decides;
    const out = await decides.push(this.#held.bytes);
    return [...out, ...(await decides.end())];
  }
}
