/**
 * Follows JSON through a text as it streams, and knows at each byte which place of the document it is: one document, many
 * on lines (NDJSON, or with a sign and a colon before each), or the data of server-sent events. Lines end in LF, CR or
 * both. What is no JSON has no place, until the next line that begins one.
 */

import { alphabet, LETTERS_AND_DIGITS } from './alphabet.ts';
import type { JsonPath } from './json-path.ts';

/** Deeper is only counted: no place is told there, and a body of nothing but brackets holds no more than this. */
const DEEPEST = 128;
const LONGEST_KEY = 256;

const [NEWLINE, RETURN, QUOTE, BACKSLASH, COMMA, COLON] = [0x0a, 0x0d, 0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_LIST, CLOSE_LIST, OPEN_MAP, CLOSE_MAP] = [0x5b, 0x5d, 0x7b, 0x7d];

interface Level {
  readonly isList: boolean;
  step: string | number;
  /** Where the key lies in the bytes at hand; -1 once it is in `step`: most keys are never asked for. */
  from: number;
  to: number;
}

/** `none`: no JSON that is known of. */
export type JsonKind = 'bare' | 'string' | 'none';

/** A string value: where its inside begins and ends. */
export type OnString = (path: JsonPath, start: number, end: number) => void;

/** All that a tracker knows between two stretches of text. */
export interface JsonState {
  readonly levels: readonly Readonly<Level>[];
  /** Levels below those. */
  readonly beyond: number;
  readonly mode: 'value' | 'key' | 'skip';
  readonly string: 'none' | 'key' | 'value';
  readonly escaped: boolean;
  readonly key: string;
  readonly lineStart: string;
  readonly inLine: boolean;
  readonly isReturned: boolean;
}

export class JsonTracker {
  #levels: Level[] = [];
  #beyond = 0;
  /** `skip`: the line is no JSON. `key`: a key or its colon is due. */
  #mode: 'value' | 'key' | 'skip' = 'value';
  #string: 'none' | 'key' | 'value' = 'none';
  #escaped = false;
  /** What of an open key came in bytes before, as Latin-1: a character a byte. */
  #key = '';
  #begin = 0;
  /** Bytes of the line so far, up to what tells the kind of line. */
  #lineStart = '';
  #inLine = false;
  /** The line before ended in CR: LF behind it is of the same end. */
  #isReturned = false;

  constructor(state?: JsonState) {
    if (state === undefined) return;
    this.#levels = state.levels.map((level) => ({ ...level }));
    this.#beyond = state.beyond;
    this.#mode = state.mode;
    this.#string = state.string;
    this.#escaped = state.escaped;
    this.#key = state.key;
    this.#lineStart = state.lineStart;
    this.#inLine = state.inLine;
    this.#isReturned = state.isReturned;
  }

  get state(): JsonState {
    return {
      levels: this.#levels.map((level) => ({ ...level })),
      beyond: this.#beyond,
      mode: this.#mode,
      string: this.#string,
      escaped: this.#escaped,
      key: this.#key,
      lineStart: this.#lineStart,
      inLine: this.#inLine,
      isReturned: this.#isReturned,
    };
  }

  copy(): JsonTracker {
    return new JsonTracker(this.state);
  }

  /** Null outside of JSON. */
  path(): JsonPath | null {
    if (this.#mode === 'skip' || this.#levels.length === 0 || this.#beyond > 0) return null;
    const steps = this.#levels.map(({ step }) => step);
    return this.#mode === 'key' ? steps.slice(0, -1) : steps;
  }

  /** What kind of place it is: a value needs quotes in the bare, and may not have them in a string. */
  kind(): JsonKind {
    if (this.#mode === 'skip' || this.#levels.length === 0) return 'none';
    return this.#string === 'none' ? 'bare' : 'string';
  }

  advance(text: Uint8Array, from: number, to: number, onString?: OnString): void {
    let at = from;
    const ends = new LineEnds(text, to);
    if (this.#string !== 'none') this.#begin = from;
    while (at < to) {
      if (this.#string !== 'none') {
        at = this.#inside(text, at, to);
        if (at < to) this.#leave(text, at, onString);
        at += 1;
      } else if (this.#inLine && this.#mode === 'skip' && text[at] !== NEWLINE && text[at] !== RETURN) {
        at = ends.after(at);
      } else {
        this.#outOfString(text[at] as number, at);
        at += 1;
      }
    }
    this.#takeKeys(text, from, to);
  }

  /** The bytes at hand go away: what is still needed of them is taken out. */
  #takeKeys(text: Uint8Array, from: number, to: number): void {
    if (this.#string === 'key' && this.#key.length < LONGEST_KEY) {
      this.#key += latin1(text, Math.max(from, this.#begin), to);
    }
    this.#settle(text);
  }

  #tell(text: Uint8Array, at: number, onString: OnString): void {
    this.#settle(text);
    const path = this.path();
    if (path !== null) onString(path, this.#begin, at);
  }

  #settle(text: Uint8Array): void {
    for (const level of this.#levels) {
      if (level.from < 0) continue;
      level.step = keyText(`${level.step}${latin1(text, level.from, level.to)}`);
      level.from = -1;
    }
  }

  /** Where the string ends, by a quote or by the line; `to` when it goes on. */
  #inside(text: Uint8Array, from: number, to: number): number {
    let escaped = this.#escaped;
    let at = from;
    for (; at < to; at += 1) {
      const byte = text[at] as number;
      if (byte < 0x20 && (byte === NEWLINE || byte === RETURN)) break;
      if (escaped) escaped = false;
      else if (byte === BACKSLASH) escaped = true;
      else if (byte === QUOTE) break;
    }
    this.#escaped = escaped;
    return at;
  }

  #leave(text: Uint8Array, at: number, onString: OnString | undefined): void {
    const byte = text[at] as number;
    if (byte === NEWLINE || byte === RETURN) this.#lineEnd(byte);
    else this.#close(text, at, onString);
  }

  #outOfString(byte: number, at: number): void {
    if (byte === NEWLINE || byte === RETURN) this.#lineEnd(byte);
    else if (this.#inLine || this.#begins(byte)) this.#outside(byte, at);
  }

  #close(text: Uint8Array, at: number, onString: OnString | undefined): void {
    if (this.#string === 'value') {
      if (onString !== undefined) this.#tell(text, at, onString);
    } else {
      const level = this.#levels.at(-1);
      if (level) {
        level.step = this.#key;
        level.from = this.#begin;
        level.to = Math.min(at, this.#begin + LONGEST_KEY);
      }
    }
    this.#string = 'none';
  }

  #lineEnd(byte: number): void {
    const isSame = this.#isReturned && byte === NEWLINE && !this.#inLine && this.#lineStart === '';
    this.#isReturned = byte === RETURN;
    if (!isSame) this.#newline();
  }

  #newline(): void {
    // JSON has no line end in a string: this was none, or it was cut.
    if (this.#string !== 'none' || this.#mode === 'skip') this.#reset();
    // An empty line ends an event.
    if (!this.#inLine && this.#lineStart === '') this.#reset();
    this.#lineStart = '';
    this.#inLine = false;
  }

  #reset(): void {
    this.#levels = [];
    this.#beyond = 0;
    this.#mode = 'value';
    this.#string = 'none';
    this.#escaped = false;
  }

  /** At the start of a line: `data:` or a sign and a colon go before JSON; true once the JSON of the line may begin with this byte. */
  #begins(byte: number): boolean {
    if (this.#lineStart === '') {
      const isFirst = this.#levels.length === 0;
      if (isFirst && MARKS.includes(byte)) return false;
      if (byte !== 0x64 && !(isFirst && SIGN[byte] === 1)) {
        this.#inLine = true;
        return true;
      }
    }
    this.#lineStart += String.fromCharCode(byte);
    if (this.#lineStart === 'data:' || (this.#lineStart.length === 2 && byte === COLON)) this.#inLine = true;
    else if (this.#lineStart.length > 1 && !'data:'.startsWith(this.#lineStart)) {
      this.#inLine = true;
      this.#mode = 'skip';
    }
    return false;
  }

  #outside(byte: number, at: number): void {
    if (byte === 0x20 || byte === 0x09 || byte === 0x0d) return;
    const level = this.#levels.at(-1);
    if (byte === QUOTE) this.#open(at);
    else if (byte === OPEN_MAP || byte === OPEN_LIST) this.#down(byte === OPEN_LIST);
    else if (byte === CLOSE_MAP || byte === CLOSE_LIST) this.#up(byte === CLOSE_LIST);
    else if (byte === COMMA && level) this.#next(level);
    else if (byte === COLON && (this.#mode === 'key' || this.#beyond > 0)) this.#mode = 'value';
    else if (this.#mode === 'key' || level === undefined || BARE[byte] === 0) this.#mode = 'skip';
  }

  #open(at: number): void {
    this.#string = this.#mode === 'key' ? 'key' : 'value';
    this.#key = '';
    this.#begin = at + 1;
  }

  #down(isList: boolean): void {
    if (this.#mode === 'key') this.#mode = 'skip';
    else if (this.#levels.length >= DEEPEST) this.#beyond += 1;
    else {
      this.#levels.push({ isList, step: isList ? 0 : '', from: -1, to: -1 });
      this.#mode = isList ? 'value' : 'key';
    }
  }

  #up(isList: boolean): void {
    if (this.#beyond > 0) {
      this.#beyond -= 1;
      return;
    }
    const level = this.#levels.pop();
    this.#mode = level?.isList === isList ? 'value' : 'skip';
  }

  #next(level: Level): void {
    if (this.#beyond > 0) return;
    if (typeof level.step === 'number') level.step += 1;
    this.#mode = level.isList ? 'value' : 'key';
  }
}

/** Line ends before `to`. Each kind is looked for from where it was found last: a text may have one and none of the other. */
class LineEnds {
  readonly #text: Uint8Array;
  readonly #to: number;
  #newline = -1;
  #return = -1;

  constructor(text: Uint8Array, to: number) {
    this.#text = text;
    this.#to = to;
  }

  /** `to` where there is none. */
  after(at: number): number {
    if (this.#newline < at) this.#newline = this.#next(NEWLINE, at);
    if (this.#return < at) this.#return = this.#next(RETURN, at);
    return Math.min(this.#newline, this.#return);
  }

  #next(byte: number, from: number): number {
    const at = this.#text.subarray(from, this.#to).indexOf(byte);
    return at < 0 ? this.#to : from + at;
  }
}

function latin1(text: Uint8Array, from: number, to: number): string {
  return Buffer.from(text.buffer, text.byteOffset + from, to - from).toString('latin1');
}

/** A byte order mark, and the sign that begins a record of a JSON text sequence (RFC 7464). */
const MARKS: readonly number[] = [0xef, 0xbb, 0xbf, 0x1e];
/** May stand before a colon and JSON. */
const SIGN = alphabet(LETTERS_AND_DIGITS);

/** Of numbers, `true`, `false`, `null`. */
const BARE = alphabet('+-.0123456789Eabcdefghijklmnopqrstuvwxyz');

function keyText(bytes: string): string {
  const raw = Buffer.from(bytes, 'latin1').toString('utf8');
  if (!raw.includes('\\')) return raw;
  try {
    return String(JSON.parse(`"${raw}"`));
  } catch {
    return raw;
  }
}
