/**
 * Bodies of binary formats whose parts say how long they are: each part is told as lines, the lines are guarded as any stream
 * of text is, and the part is written from what comes out, with the lengths and checksums that it has then. What is not
 * readable is not scannable, and the profile says what that means. Holds one part, and those whose lines are looked at.
 */

import type { Verdict } from '../../core/finding.ts';
import { GrowingBytes } from '../../core/growing-bytes.ts';
import { addAll } from '../../core/large-lists.ts';
import type { BodyStream } from '../body-filter.ts';
import { after, type Later } from '../later.ts';
import { afterLines, linesIn } from '../lines.ts';
import { type Framing, type Told, Unreadable } from './framing.ts';

export interface FramedOptions {
  readonly framing: Framing;
  /** What is not readable may pass as it is. */
  readonly mayGiveUp: boolean;
  /** Lets others have their turn; absent where nobody else waits. */
  readonly pause?: () => Promise<unknown>;
}

/** Wraps a filter whose replacements keep the ends of lines; see `keepsLines` of a context. */
export function framedFilter(lines: BodyStream, options: FramedOptions): BodyStream {
  return new FramedFilter(lines, options);
}

/** Bytes that are read in one go where others wait: eight hundred of the smallest messages, a few milliseconds. */
const PIECE = 4096;

class FramedFilter implements BodyStream {
  readonly #lines: BodyStream;
  readonly #framing: Framing;
  /** What is not readable may pass as it is. */
  readonly #mayGiveUp: boolean;
  readonly #pause: FramedOptions['pause'];
  /** Parts whose lines are not all out yet. */
  #waiting: Told[] = [];
  /** Lines that are out, of which so many are whole. */
  readonly #out = new GrowingBytes();
  #whole = 0;
  /** Parts so far. */
  #told = 0;
  /** What came out cannot be written. */
  #blocked = false;
  /** Not readable: from here on everything goes on as it comes, or nothing. */
  #gaveUp = false;

  constructor(lines: BodyStream, { framing, mayGiveUp, pause }: FramedOptions) {
    [this.#lines, this.#framing, this.#mayGiveUp, this.#pause] = [lines, framing, mayGiveUp, pause];
  }

  get blocked(): boolean {
    return this.#blocked || (this.#gaveUp && !this.#mayGiveUp) || this.#lines.blocked;
  }

  verdict(): Verdict {
    const verdict = this.#lines.verdict();
    return { ...verdict, ...(this.blocked && { action: 'block' }), ...(this.#gaveUp && { unread: true }) };
  }

  push(chunk: Uint8Array): Later<Uint8Array[]> {
    if (this.blocked) return [];
    if (this.#gaveUp) return [chunk];
    if (this.#pause !== undefined && chunk.length > PIECE) return this.#inPieces(chunk, this.#pause);
    return this.#tell(() => this.#framing.push(chunk));
  }

  /** Small parts cost much more than their length: 64 KB of them a tenth of a second in one go (T-45). */
  async #inPieces(chunk: Uint8Array, pause: () => Promise<unknown>): Promise<Uint8Array[]> {
    const out: Uint8Array[] = [];
    for (let at = 0; at < chunk.length && !this.blocked; at += PIECE) {
      const before = this.#told;
      const piece = chunk.subarray(at, at + PIECE);
      addAll(out, this.#gaveUp ? [piece] : await this.#tell(() => this.#framing.push(piece)));
      if (this.#told > before) await pause();
    }
    return this.blocked ? [] : out;
  }

  idle(): Later<Uint8Array[]> {
    if (this.blocked || this.#gaveUp) return [];
    return after(this.#lines.idle(), (out) => this.#take(out));
  }

  end(): Later<Uint8Array[]> {
    if (this.blocked || this.#gaveUp) return [];
    return after(
      this.#tell(() => this.#framing.end()),
      (first) => (this.blocked || this.#gaveUp ? first : after(this.#last(), (rest) => [...first, ...rest])),
    );
  }

  #tell(parts: () => Iterable<Told>): Later<Uint8Array[]> {
    const texts: Buffer[] = [];
    const isReadable = this.#read(parts, texts);
    const text = texts.length === 1 ? (texts[0] as Buffer) : Buffer.concat(texts);
    const out = text.length === 0 ? this.#take([]) : after(this.#lines.push(text), (lines) => this.#take(lines));
    return isReadable ? out : after(out, (first) => this.#giveUp(first));
  }

  #read(parts: () => Iterable<Told>, texts: Buffer[]): boolean {
    try {
      for (const part of parts()) {
        this.#waiting.push(part);
        this.#told += 1;
        texts.push(part.text);
      }
      return true;
    } catch (error) {
      if (error instanceof Unreadable) return false;
      throw error;
    }
  }

  #last(): Later<Uint8Array[]> {
    return after(this.#lines.end(), (out) => this.#take(out));
  }

  /** What was read before goes through the guard all the same. */
  #giveUp(first: readonly Uint8Array[]): Later<Uint8Array[]> {
    this.#gaveUp = true;
    if (this.blocked) return [];
    return after(this.#last(), (last) => (this.blocked ? [] : [...first, ...last, this.#framing.rest()]));
  }

  /** Parts of which all lines are out by now. */
  #take(lines: readonly Uint8Array[]): Uint8Array[] {
    for (const piece of lines) {
      this.#out.append(piece);
      this.#whole += linesIn(piece);
    }
    const out: Uint8Array[] = [];
    let done = 0;
    for (; done < this.#waiting.length && !this.blocked; done += 1) {
      const part = this.#waiting[done] as Told;
      if (part.lines > this.#whole) break;
      const held = this.#out.bytes;
      const end = afterLines(held, 0, part.lines);
      const written = part.written(held.subarray(0, end));
      this.#out.drop(end);
      this.#whole -= part.lines;
      if (written === null) this.#blocked = true;
      else out.push(written);
    }
    this.#waiting = done === 0 ? this.#waiting : this.#waiting.slice(done);
    return this.blocked ? [] : out;
  }
}
