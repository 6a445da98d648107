/**
 * A text with stretches of it replaced, and the way back. Most of it stays what it was and was searched already: the new text
 * is made near the changes only, and what the prefilter found in the old one is carried over. It looks again only around
 * what changed.
 */

import type { Seen } from '../candidates.ts';
import { LOOKS_AFTER, LOOKS_BEFORE } from '../prefilter/layout.ts';
import type { ScanPlan } from '../prefilter/plan.ts';
import type { Hits } from '../prefilter/prefilter.ts';
import { firstEndingFrom, lastUpTo, type Ranges } from '../ranges.ts';
import type { Encoding, Layer } from './layer.ts';

/** Stretches of a text and the bytes that stand in their places, in order. */
export class Splices {
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  readonly values: number[] = [];
  /** Where the values of each end. */
  readonly valueEnds: number[] = [];

  get count(): number {
    return this.starts.length;
  }

  /** By nothing where `value` is left out. */
  add(start: number, end: number, value?: number): void {
    this.starts.push(start);
    this.ends.push(end);
    if (value !== undefined) this.values.push(value);
    this.valueEnds.push(this.values.length);
  }

  /** By a character of UTF-16, in UTF-8; half of a pair is no character. */
  addCode(start: number, end: number, code: number): void {
    if (code >= 0x800) {
      const known = code >= 0xd800 && code < 0xe000 ? 0xfffd : code;
      this.values.push(0xe0 | (known >>> 12), 0x80 | ((known >>> 6) & 63));
    } else if (code >= 0x80) this.values.push(0xc0 | (code >>> 6));
    this.add(start, end, code < 0x80 ? code : 0x80 | ((code >= 0xd800 && code < 0xe000 ? 0xfffd : code) & 63));
  }
}

/** A text, and what is undone in it. */
export interface Undone {
  readonly encoding: Encoding;
  readonly text: Buffer;
  readonly splices: Splices;
  /** How what stands in the new text is written in the old one. */
  readonly write: (plain: string) => string;
}

/**
 * How far from the next change a part of a secret may lie that is found only because of it. What lies further away is found in
 * the clear. Longer than the longest secrets, which are private keys: one escape at the end of a key must not leave its
 * beginning unseen.
 */
const REACH = 16 * 1024;
/** As far as a rule looks round its match: words of context, boundaries. */
const EDGE = 64;

/** A layer for each stretch of the text in which there are changes. */
export function* nearChanges(undone: Undone, reach = REACH): Generator<SplicedLayer> {
  const { text, splices } = undone;
  const { starts, ends, count } = splices;
  for (let first = 0; first < count; ) {
    let next = first + 1;
    while (next < count && (starts[next] as number) - (ends[next - 1] as number) <= 2 * reach) next += 1;
    const from = Math.max(0, (starts[first] as number) - reach);
    const to = Math.min(text.length, (ends[next - 1] as number) + reach);
    yield new SplicedLayer(undone, [first, next], [from, to]);
    first = next;
  }
}

export class SplicedLayer implements Layer {
  readonly encoding: Encoding;
  readonly decoded: Buffer;
  readonly counts: readonly [number, number];
  /** Where `decoded` is not what the text says. */
  readonly changed: Ranges;
  readonly #undone: Undone;
  /** The first splice and the one after the last. */
  readonly #first: number;
  readonly #count: number;
  readonly #from: number;
  readonly #to: number;

  constructor(undone: Undone, [first, next]: readonly [number, number], [from, to]: readonly [number, number]) {
    this.encoding = undone.encoding;
    this.#undone = undone;
    this.#first = first;
    this.#count = next - first;
    this.#from = from;
    this.#to = to;
    const { text, splices } = undone;
    const { starts, ends, values, valueEnds } = splices;
    const firstValue = first === 0 ? 0 : (valueEnds[first - 1] as number);
    let length = to - from + (valueEnds[next - 1] as number) - firstValue;
    for (let i = first; i < next; i += 1) length -= (ends[i] as number) - (starts[i] as number);
    const decoded = Buffer.allocUnsafe(length);
    const changed: number[] = [];
    let at = from;
    let out = 0;
    let value = firstValue;
    for (let i = first; i < next; i += 1) {
      out = copy(text, [at, starts[i] as number], decoded, out);
      changed.push(out);
      for (const end = valueEnds[i] as number; value < end; value += 1) decoded[out++] = values[value] as number;
      changed.push(out);
      at = ends[i] as number;
    }
    copy(text, [at, to], decoded, out);
    this.decoded = decoded;
    this.changed = changed;
    this.counts = [from === 0 ? 0 : EDGE, to === text.length ? length : length - EDGE];
  }

  outer(start: number, end: number): readonly [number, number] {
    return [this.#place(start), this.#endPlace(this.#wholeEnd(end))];
  }

  encode(_start: number, _end: number, replacement: Uint8Array): Uint8Array {
    return Buffer.from(this.#undone.write(Buffer.from(replacement).toString('utf8')), 'utf8');
  }

  /** What is known of `decoded`, from what is known of the text. */
  seen({ hits, changes, lines = [] }: Seen, plan: ScanPlan): Seen {
    const inner = changes.map((ranges) => this.#carried(ranges));
    return { hits: this.#hits(hits, plan), changes: [...inner, this.changed], lines: this.#carried(lines) };
  }

  #hits(before: Hits, plan: ScanPlan): Hits {
    const { decoded } = this;
    // Places that look at a change, and all that these look at.
    const again = widened(this.changed, [LOOKS_AFTER, LOOKS_BEFORE], decoded.length);
    const slices = widened(again, [LOOKS_BEFORE, LOOKS_AFTER], decoded.length);
    let bytes = 0;
    for (let i = 0; i < slices.length; i += 2) bytes += (slices[i + 1] as number) - (slices[i] as number);
    if (2 * bytes > decoded.length) return copied(plan.prefilter.scan(decoded));
    const out = new HitList(before.count);
    for (let i = 0; i < 2 * before.count; i += 2) {
      const at = this.#inner(before.numbers[i + 1] as number);
      if (at >= 0 && !holds(again, at)) out.add(before.numbers[i] as number, at);
    }
    this.#again(again, slices, plan, out);
    return out.hits();
  }

  /** Slices stand one behind the other: what is around a place that counts is in its slice. */
  #again(again: Ranges, slices: Ranges, { prefilter }: ScanPlan, out: HitList): void {
    const parts: Uint8Array[] = [];
    const begins: number[] = [];
    let length = 0;
    for (let i = 0; i < slices.length; i += 2) {
      const [from, to] = [slices[i] as number, slices[i + 1] as number];
      parts.push(this.decoded.subarray(from, to));
      begins.push(length);
      length += to - from;
    }
    const { numbers, count } = prefilter.scan(parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts));
    for (let i = 0; i < 2 * count; i += 2) {
      const place = numbers[i + 1] as number;
      const slice = lastUpTo(begins, place);
      const at = (slices[2 * slice] as number) + place - (begins[slice] as number);
      if (holds(again, at)) out.add(numbers[i] as number, at);
    }
  }

  /** Ranges of the text, in `decoded`. */
  #carried(ranges: Ranges): Ranges {
    const out: number[] = [];
    for (let i = firstEndingFrom(ranges, this.#from); i < ranges.length; i += 2) {
      const [start, end] = [ranges[i] as number, ranges[i + 1] as number];
      if (start > this.#to) break;
      out.push(this.#innerEdge(start, false), this.#innerEdge(end, true));
    }
    return out;
  }

  /** Offset in `decoded` of one in the text; -1 for what is replaced or further away. */
  #inner(place: number): number {
    if (place < this.#from || place >= this.#to) return -1;
    const splice = this.#spliceUpTo(place);
    if (splice < 0) return place - this.#from;
    const end = this.#undone.splices.ends[this.#first + splice] as number;
    return place < end ? -1 : (this.changed[2 * splice + 1] as number) + place - end;
  }

  #innerEdge(place: number, isEnd: boolean): number {
    const within = Math.min(this.#to, Math.max(this.#from, place));
    const splice = this.#spliceUpTo(within);
    if (splice < 0) return within - this.#from;
    const end = this.#undone.splices.ends[this.#first + splice] as number;
    if (within < end) return this.changed[2 * splice + (isEnd ? 1 : 0)] as number;
    return (this.changed[2 * splice + 1] as number) + within - end;
  }

  /** The last that begins at `place` of the text or before; -1 for none. */
  #spliceUpTo(place: number): number {
    const { starts } = this.#undone.splices;
    let [low, high] = [0, this.#count];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((starts[this.#first + middle] as number) <= place) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** The last whose bytes in `decoded` begin at `at` or before; -1 for none. */
  #changeUpTo(at: number): number {
    let [low, high] = [0, this.#count];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.changed[2 * middle] as number) <= at) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Where in the text the byte at `at` of `decoded` comes from. */
  #place(at: number): number {
    const change = this.#changeUpTo(at);
    if (change < 0) return this.#from + at;
    const { starts, ends } = this.#undone.splices;
    const end = this.changed[2 * change + 1] as number;
    return at < end ? (starts[this.#first + change] as number) : (ends[this.#first + change] as number) + at - end;
  }

  /** Behind the last byte: what was taken out behind that stays where it is. */
  #endPlace(end: number): number {
    const change = this.#changeUpTo(end - 1);
    if (change < 0) return this.#from + end;
    const changeEnd = this.changed[2 * change + 1] as number;
    return (this.#undone.splices.ends[this.#first + change] as number) + Math.max(0, end - changeEnd);
  }

  /** Bytes of one escape share its place: the end is where the next one begins. */
  #wholeEnd(end: number): number {
    const change = this.#changeUpTo(end - 1);
    return change < 0 ? end : Math.max(end, this.changed[2 * change + 1] as number);
  }
}

/** Gives the place behind what was copied. */
function copy(text: Buffer, [from, to]: readonly [number, number], out: Buffer, at: number): number {
  // A call costs more than a few bytes do.
  if (to - from > 24) text.copy(out, at, from, to);
  else for (let i = from; i < to; i += 1) out[at + i - from] = text[i] as number;
  return at + to - from;
}

/** Each wider by so much before and after, joined where they meet. */
function widened(ranges: Ranges, [before, after]: readonly [number, number], length: number): Ranges {
  const out: number[] = [];
  for (let i = 0; i < ranges.length; i += 2) {
    const from = Math.max(0, (ranges[i] as number) - before);
    const to = Math.min(length, (ranges[i + 1] as number) + after);
    if (out.length > 0 && from <= (out[out.length - 1] as number)) out[out.length - 1] = to;
    else out.push(from, to);
  }
  return out;
}

/** The byte at `at` is in one of them. */
function holds(ranges: Ranges, at: number): boolean {
  const i = firstEndingFrom(ranges, at + 1);
  return i < ranges.length && (ranges[i] as number) <= at;
}

/** As the prefilter gives them, kept over its next call. */
export function copied({ numbers, count }: Hits): Hits {
  return { numbers: numbers.slice(0, 2 * count), count };
}

class HitList {
  #numbers: Int32Array;
  #count = 0;

  constructor(expected: number) {
    this.#numbers = new Int32Array(2 * expected + 64);
  }

  add(entry: number, at: number): void {
    if (2 * this.#count === this.#numbers.length) {
      const more = new Int32Array(2 * this.#numbers.length);
      more.set(this.#numbers);
      this.#numbers = more;
    }
    this.#numbers[2 * this.#count] = entry;
    this.#numbers[2 * this.#count + 1] = at;
    this.#count += 1;
  }

  hits(): Hits {
    return { numbers: this.#numbers, count: this.#count };
  }
}
