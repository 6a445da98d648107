/**
 * The values of events: lines of JSON (NDJSON, JSON text sequences), the data of server-sent events, and lines of a sign, a
 * colon and JSON (the data streams of AI SDKs). Each value is known by its field, whatever its place in a list, and by what
 * holds it: who puts pieces together goes by the values beside them. Lines end as in server-sent events: LF, CR or both.
 */

import { alphabet, LETTERS_AND_DIGITS } from '../alphabet.ts';
import type { Shapes } from '../survey/survey.ts';

const [LF, CR, BLANK, QUOTE, BACKSLASH, COLON, COMMA] = [0x0a, 0x0d, 0x20, 0x22, 0x5c, 0x3a, 0x2c];
const [OPEN_LIST, CLOSE_LIST, OPEN_MAP, CLOSE_MAP, RECORD] = [0x5b, 0x5d, 0x7b, 0x7d, 0x1e];
const DEEPEST = 64;
const MOST_FIELDS = 4096;

/** One value by its number: a string (its inside), a number, or the place of an element in a list. */
export interface EventValues {
  readonly fields: readonly number[];
  readonly starts: readonly number[];
  /** -1 for the place of an element, which is in `starts`. */
  readonly ends: readonly number[];
  readonly isString: readonly boolean[];
  /** What holds it: an object, a list, or an element of one. */
  readonly holders: readonly number[];
  /** What holds a holder; -1 for nothing. */
  readonly parents: readonly number[];
  /** The last key of each field; nothing for what is all of its line. */
  readonly names: readonly string[];
}

/** Whether so many lines are events; a look at the first bytes of each line that may be one. */
export function hasEvents(text: Buffer, least: number, { eventLines }: Pick<Shapes, 'eventLines'>): boolean {
  if (eventLines === null) return hasEventsOnLines(text, least);
  let count = 0;
  for (let i = 0; i < eventLines.length && count < least; i += 1) {
    const at = eventLines[i] as number;
    // A line that ends in both goes on behind the second.
    const isLine = at === 0 || text[at - 1] === LF || text[at] !== LF;
    if (isLine && isEvent(text, at)) count += 1;
  }
  return count >= least;
}

function hasEventsOnLines(text: Buffer, least: number): boolean {
  let count = isEvent(text, 0) ? 1 : 0;
  for (let at = text.indexOf(LF); at >= 0 && count < least; at = text.indexOf(LF, at + 1)) {
    if (isEvent(text, at + 1)) count += 1;
  }
  for (let at = count < least ? text.indexOf(CR) : -1; at >= 0 && count < least; at = text.indexOf(CR, at + 1)) {
    if (text[at + 1] !== LF && isEvent(text, at + 1)) count += 1;
  }
  return count >= least;
}

function isEvent(text: Buffer, line: number): boolean {
  const at = afterMark(text, line);
  if (text[at] === OPEN_MAP) return mayGoOn(text, at + 1);
  return SIGN[text[at] as number] === 1 && afterPrefix(text, at) > at;
}

/** What the walk would not take behind the brace of an object: most lines of source code that begin with one. */
function mayGoOn(text: Buffer, behind: number): boolean {
  let at = behind;
  while (GAP[text[at] as number] === 1) at += 1;
  return at >= text.length || SIGNS[text[at] as number] === 1;
}

/** Behind a byte order mark, or the sign that begins a record of a JSON text sequence (RFC 7464). */
function afterMark(text: Buffer, at: number): number {
  if (text[at] === RECORD) return at + 1;
  return text[at] === 0xef && text[at + 1] === 0xbb && text[at + 2] === 0xbf ? at + 3 : at;
}

/** Behind `data:`, or behind a sign and a colon with JSON behind them; `at` where there is no such thing. */
function afterPrefix(text: Buffer, at: number): number {
  if (text[at + 1] === COLON) {
    const next = SIGN[text[at] as number] === 1 ? text[at + 2] : BLANK;
    return next === QUOTE || next === OPEN_MAP || next === OPEN_LIST ? at + 2 : at;
  }
  for (let i = 0; i < 5; i += 1) if (text[at + i] !== DATA[i]) return at;
  return at + 5;
}

const DATA = Buffer.from('data:');
const SIGN = alphabet(LETTERS_AND_DIGITS);
const GAP = alphabet(' \t\r\n');
/** What may stand behind a brace, to whoever is not strict. */
const SIGNS = alphabet('",[]{}');
/** Of numbers, `true`, `false`, `null`. */
const BARE = alphabet('+-.0123456789Eaeflnrstu');

export function eventValues(text: Buffer): EventValues {
  const walk = new Walk(text);
  for (let at = 0; at < text.length; ) at = walk.line(at);
  return walk;
}

class Walk implements EventValues {
  readonly fields: number[] = [];
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  readonly isString: boolean[] = [];
  readonly holders: number[] = [];
  readonly parents: number[] = [];
  /** Field 0 is the whole of a line of JSON. */
  readonly names: string[] = [''];
  readonly #text: Buffer;
  readonly #inner: (Map<string, number> | undefined)[] = [];
  /** Of each field where its key lies, and the field whose key came after it: most events are like the one before. */
  readonly #keyStarts = [0];
  readonly #keyEnds = [0];
  readonly #follows = [0];
  readonly #outers = [-1];
  #lastField = 0;
  // What is open, the innermost last: its field, its number as a holder, and the next place in it (-1: no list).
  readonly #open: number[] = [];
  readonly #holding: number[] = [];
  readonly #places: number[] = [];
  #isKey = false;

  constructor(text: Buffer) {
    this.#text = text;
  }

  /** Gives the beginning of the next line. */
  line(from: number): number {
    const text = this.#text;
    let at = this.#open.length === 0 ? afterMark(text, from) : from;
    const isMarked = afterPrefix(text, at);
    const prefix = isMarked > at && (this.#open.length === 0 || text[at + 1] !== COLON) ? at : -1;
    if (prefix >= 0) at = isMarked;
    if (text[at] === BLANK && prefix >= 0) at += 1;
    const first = text[at];
    // An empty line ends an event.
    if (first === LF || first === CR) this.#reset();
    else if (this.#open.length > 0 || first === OPEN_MAP || first === OPEN_LIST) return this.#json(at);
    else if (prefix >= 0) return this.#plain(prefix, at);
    return this.#next(at);
  }

  #reset(): void {
    this.#open.length = 0;
    this.#holding.length = 0;
    this.#places.length = 0;
    this.#isKey = false;
  }

  #next(from: number): number {
    for (let at = from; at < this.#text.length; at += 1) {
      const byte = this.#text[at];
      if (byte === LF) return at + 1;
      if (byte === CR) return this.#text[at + 1] === LF ? at + 2 : at + 1;
    }
    return this.#text.length;
  }

  /** A line that is a string, or text as it stands. */
  #plain(prefix: number, at: number): number {
    const next = this.#next(at);
    let end = next;
    while (end > at && (this.#text[end - 1] === LF || this.#text[end - 1] === CR)) end -= 1;
    const isQuoted = this.#text[at] === QUOTE && this.#text[end - 1] === QUOTE && end > at + 1;
    const field = this.#child(0, `:${this.#text.toString('latin1', prefix, prefix + 2)}`, [prefix, prefix]);
    this.#add(field, isQuoted ? [at + 1, end - 1] : [at, end], true);
    return next;
  }

  #json(from: number): number {
    const text = this.#text;
    for (let at = from; at < text.length; ) {
      const byte = text[at] as number;
      if (byte === LF || byte === CR) return this.#next(at);
      at = byte === QUOTE ? this.#stringAt(at + 1) : this.#sign(byte, at);
      if (at < 0) {
        this.#reset();
        return this.#next(from);
      }
    }
    return text.length;
  }

  /** Behind what stands outside of strings; -1 for what is no JSON. */
  #sign(byte: number, at: number): number {
    if (byte === COMMA) return this.#comma(at);
    if (byte === OPEN_MAP || byte === OPEN_LIST) return this.#down(byte === OPEN_LIST, at);
    if (byte === CLOSE_MAP || byte === CLOSE_LIST) return this.#up(at);
    if (byte === BLANK || byte === 0x09) return at + 1;
    return BARE[byte] === 1 && !this.#isKey && this.#open.length > 0 ? this.#bare(at) : -1;
  }

  /** Behind the string, and behind the colon of a key; -1 where it does not end. */
  #stringAt(start: number): number {
    const text = this.#text;
    let end = start;
    for (; end < text.length; end += 1) {
      const byte = text[end] as number;
      if (byte === QUOTE) break;
      if (byte === BACKSLASH) end += 1;
      else if (byte === LF || byte === CR) return -1;
    }
    if (end >= text.length) return text.length;
    if (!this.#isKey) {
      this.#value([start, end], true);
      return end + 1;
    }
    let colon = end + 1;
    while (text[colon] === BLANK) colon += 1;
    if (text[colon] !== COLON) return -1;
    const level = this.#open.length - 1;
    this.#open[level] = this.#keyed(this.#open[level - 1] ?? 0, start, end);
    this.#isKey = false;
    return colon + 1;
  }

  #value(place: readonly [number, number], isString: boolean): void {
    const level = this.#open.length - 1;
    if (level < 0) return;
    const index = this.#places[level] as number;
    if (index < 0) this.#add(this.#open[level] as number, place, isString);
    else {
      this.#holding.push(this.#element(level, index));
      this.#add(this.#open[level] as number, place, isString);
      this.#holding.pop();
    }
  }

  /** A holder for the element of a list; its place is a value in it. */
  #element(level: number, index: number): number {
    const holder = this.#hold(this.#holding.at(-1) ?? -1);
    const field = this.#child(this.#open[level] as number, '#', [0, 0]);
    if (field >= 0) this.#push(field, [index, -1], { isString: false, holder });
    return holder;
  }

  #comma(at: number): number {
    const level = this.#open.length - 1;
    if (level < 0) return -1;
    if ((this.#places[level] as number) < 0) this.#isKey = true;
    else (this.#places[level] as number) += 1;
    return at + 1;
  }

  #down(isList: boolean, at: number): number {
    const level = this.#open.length - 1;
    if (this.#isKey || level + 1 >= DEEPEST) return -1;
    const index = level < 0 ? -1 : (this.#places[level] as number);
    const outer = this.#holding.at(-1) ?? -1;
    this.#holding.push(index < 0 ? this.#hold(outer) : this.#element(level, index));
    this.#open.push(this.#open.at(-1) ?? 0);
    this.#places.push(isList ? 0 : -1);
    this.#isKey = !isList;
    return at + 1;
  }

  #up(at: number): number {
    if (this.#open.length === 0) return -1;
    this.#open.pop();
    this.#holding.pop();
    this.#places.pop();
    this.#isKey = false;
    return at + 1;
  }

  #bare(from: number): number {
    let at = from + 1;
    while (BARE[this.#text[at] as number] === 1) at += 1;
    const first = this.#text[from] as number;
    if (first < 0x3a) this.#value([from, at], false);
    return at;
  }

  #hold(parent: number): number {
    this.parents.push(parent);
    return this.parents.length - 1;
  }

  #add(field: number, [start, end]: readonly [number, number], isString: boolean): void {
    if (start === end || field < 0) return;
    this.#push(field, [start, end], { isString, holder: this.#holding.at(-1) ?? -1 });
  }

  #push(
    field: number,
    [start, end]: readonly [number, number],
    { isString, holder }: { readonly isString: boolean; readonly holder: number },
  ): void {
    this.fields.push(field);
    this.starts.push(start);
    this.ends.push(end);
    this.isString.push(isString);
    this.holders.push(holder);
  }

  #keyed(outer: number, start: number, end: number): number {
    const guess = this.#follows[this.#lastField] as number;
    const field =
      guess > 0 && this.#outers[guess] === outer && this.#isKeyOf(guess, start, end)
        ? guess
        : this.#child(outer, this.#text.toString('latin1', start, end), [start, end]);
    if (field < 0) return field;
    this.#follows[this.#lastField] = field;
    this.#lastField = field;
    return field;
  }

  #isKeyOf(field: number, start: number, end: number): boolean {
    const from = this.#keyStarts[field] as number;
    if ((this.#keyEnds[field] as number) - from !== end - start) return false;
    for (let i = 0; i < end - start; i += 1) if (this.#text[from + i] !== this.#text[start + i]) return false;
    return true;
  }

  /** -1 where there are too many. */
  #child(outer: number, name: string, [start, end]: readonly [number, number]): number {
    if (outer < 0) return -1;
    let inner = this.#inner[outer];
    if (inner === undefined) {
      inner = new Map();
      this.#inner[outer] = inner;
    }
    const known = inner.get(name);
    if (known !== undefined) return known;
    if (this.names.length >= MOST_FIELDS) return -1;
    const field = this.names.length;
    this.names.push(name);
    this.#keyStarts.push(start);
    this.#keyEnds.push(end);
    this.#follows.push(0);
    this.#outers.push(outer);
    inner.set(name, field);
    return field;
  }
}
