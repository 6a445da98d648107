/**
 * Reads a JSON text of any size in steps, for whoever may not hold up others: whether it is one (just as `JSON.parse` would
 * say), which name an object has twice, what no reader could follow, and where the members of its outermost object stand.
 * Nothing is made of the values. A value of eight megabytes takes `JSON.parse` up to a second in one go.
 */

import { err, ok, type Result } from './result.ts';

export interface OutlineBounds {
  /** Objects nested deeper may have a name twice: 1 looks at the outermost alone. */
  readonly levels: number;
  /** How deep a member of the outermost object may be nested. */
  readonly deepest: number;
  /** How many members the outermost object may have. */
  readonly members: number;
}

/** What may be wrong with a text; `member` is the one of the outermost object that it is in, where it is in one. */
export type OutlineFault =
  | { readonly kind: 'invalid' }
  | { readonly kind: 'many' }
  | { readonly kind: 'twice'; readonly name: string }
  | { readonly kind: 'deep' | 'number'; readonly member: string | null };

/** From the first character of a member's value up to behind its last. */
export type Span = readonly [from: number, to: number];

/** Members of the outermost object, in their order; null when the text is no object. */
export type Outline = ReadonlyMap<string, Span> | null;

type Outlining = Generator<undefined, Result<Outline, OutlineFault>, undefined>;

/** Characters in a step: about a millisecond. */
const STEP = 32 * 1024;

/** Pauses after each step: a text of less than a step is read at once. */
export async function outlined(
  text: string,
  bounds: OutlineBounds,
  pause: () => Promise<unknown>,
): Promise<Result<Outline, OutlineFault>> {
  const steps = new Reader(text, bounds).read();
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    await pause();
  }
}

/** What may come next. */
const VALUE = 0;
const FIRST_VALUE = 1;
const NAME = 2;
const FIRST_NAME = 3;
const BEHIND = 4;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const LARGE_E = 0x45;
const SMALL_E = 0x65;

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const WORD = /true|false|null/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const COLON_NEXT = /[ \n\r\t]*:/y;
/** A whole number of fewer digits is never too large. */
const SAFE_DIGITS = 300;

/** Names of one object so far. Null for a list, and for an object that nobody looks into. */
type Names = Set<string> | null;

class Reader {
  readonly #text: string;
  readonly #bounds: OutlineBounds;
  readonly #members = new Map<string, Span>();
  readonly #open: Names[] = [];
  /** Which of `#open` are objects. */
  readonly #objects: boolean[] = [];
  #at = 0;
  #pause = STEP;
  #next = VALUE;
  #member: string | null = null;
  #memberFrom = 0;
  #fault: OutlineFault | null = null;
  #isObject = false;

  constructor(text: string, bounds: OutlineBounds) {
    this.#text = text;
    this.#bounds = bounds;
  }

  *read(): Outlining {
    for (let code = this.#skipBlanks(); !Number.isNaN(code); code = this.#skipBlanks()) {
      if (this.#at >= this.#pause) {
        this.#pause = this.#at + STEP;
        yield;
      }
      const took = code === QUOTE ? yield* this.#string() : this.#token(code);
      if (!took) return this.#failed();
    }
    if (this.#next !== BEHIND || this.#open.length > 0) return this.#failed();
    return ok(this.#isObject ? this.#members : null);
  }

  #failed(): Result<never, OutlineFault> {
    return err(this.#fault ?? { kind: 'invalid' });
  }

  #fail(fault: OutlineFault): false {
    this.#fault = fault;
    return false;
  }

  /** The character that stands next; NaN at the end. */
  #skipBlanks(): number {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      const isBlank = code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
      if (!isBlank || this.#at >= this.#pause) return code;
      this.#at += 1;
    }
  }

  /** Whatever is no string; false when it may not stand here. */
  #token(code: number): boolean {
    // A pause may have come among blanks.
    if (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) return true;
    if (code === CLOSE_LIST || code === CLOSE_OBJECT) return this.#close(code === CLOSE_OBJECT);
    if (code === COMMA) {
      if (this.#next !== BEHIND || this.#open.length === 0) return false;
      this.#next = this.#objects.at(-1) ? NAME : VALUE;
      this.#at += 1;
      return true;
    }
    if (this.#next !== VALUE && this.#next !== FIRST_VALUE) return false;
    if (code === OPEN_LIST || code === OPEN_OBJECT) return this.#enter(code === OPEN_OBJECT);
    return this.#scalar(code);
  }

  #enter(isObject: boolean): boolean {
    if (this.#open.length > this.#bounds.deepest) return this.#fail({ kind: 'deep', member: this.#member });
    if (this.#open.length === 0) this.#isObject = isObject;
    this.#open.push(isObject && this.#open.length < this.#bounds.levels ? new Set() : null);
    this.#objects.push(isObject);
    this.#next = isObject ? FIRST_NAME : FIRST_VALUE;
    this.#at += 1;
    return true;
  }

  #close(isObject: boolean): boolean {
    const isEmpty = this.#next === (isObject ? FIRST_NAME : FIRST_VALUE);
    if (this.#objects.at(-1) !== isObject || !(isEmpty || this.#next === BEHIND)) return false;
    this.#objects.pop();
    this.#open.pop();
    this.#at += 1;
    this.#valueEnded();
    return true;
  }

  #scalar(code: number): boolean {
    const from = this.#at;
    const token = code === MINUS || isDigit(code) ? NUMBER : WORD;
    const digits = token === NUMBER ? this.#plainDigits(from) : from;
    if (digits > from) this.#at = digits;
    else {
      token.lastIndex = from;
      if (!token.test(this.#text)) return false;
      this.#at = token.lastIndex;
      if (token === NUMBER && !Number.isFinite(Number(this.#text.slice(from, this.#at)))) {
        return this.#fail({ kind: 'number', member: this.#member });
      }
    }
    this.#valueEnded();
    return true;
  }

  /** Behind the short whole number that begins here, which most are; `from` where something else stands. */
  #plainDigits(from: number): number {
    let at = from;
    while (isDigit(this.#text.charCodeAt(at))) at += 1;
    const code = this.#text.charCodeAt(at);
    const goesOn = code === DOT || code === SMALL_E || code === LARGE_E;
    const isPlain = !goesOn && at - from < SAFE_DIGITS && (at === from + 1 || this.#text.charCodeAt(from) !== ZERO);
    return isPlain ? at : from;
  }

  #valueEnded(): void {
    this.#next = BEHIND;
    if (this.#member === null || this.#open.length !== 1) return;
    this.#members.set(this.#member, [this.#memberFrom, this.#at]);
    this.#member = null;
  }

  /** A value or a name, whichever is due. */
  *#string(): Generator<undefined, boolean, undefined> {
    const from = this.#at;
    if (this.#next === BEHIND || !(yield* this.#toStringEnd())) return false;
    if (this.#next === NAME || this.#next === FIRST_NAME) return this.#named(from, this.#at);
    this.#valueEnded();
    return true;
  }

  /** Goes behind the string that begins here; false when it is none. */
  *#toStringEnd(): Generator<undefined, boolean, undefined> {
    for (let at = this.#at + 1; ; at += 1) {
      const code = this.#text.charCodeAt(at);
      if (code === QUOTE) {
        this.#at = at + 1;
        return true;
      }
      if (code === BACKSLASH) {
        ESCAPE.lastIndex = at;
        if (!ESCAPE.test(this.#text)) return false;
        at = ESCAPE.lastIndex - 1;
      } else if (!(code >= 0x20)) return false;
      if (at >= this.#pause) {
        this.#pause = at + STEP;
        yield;
      }
    }
  }

  #named(from: number, to: number): boolean {
    if (!this.#toColon()) return false;
    this.#next = VALUE;
    const names = this.#open.at(-1);
    const isOutermost = this.#open.length === 1;
    if (!names && !isOutermost) return true;
    const written = this.#text.slice(from, to);
    const name = written.includes('\\') ? (JSON.parse(written) as string) : written.slice(1, -1);
    if (names?.has(name)) return this.#fail({ kind: 'twice', name: written.slice(1, -1) });
    names?.add(name);
    if (!isOutermost) return true;
    if (this.#members.size === this.#bounds.members) return this.#fail({ kind: 'many' });
    this.#member = name;
    this.#skipBlanks();
    this.#memberFrom = this.#at;
    return true;
  }

  /** Goes behind the colon that has to come; blanks of more than a step before it are looked through in one go. */
  #toColon(): boolean {
    COLON_NEXT.lastIndex = this.#at;
    if (!COLON_NEXT.test(this.#text)) return false;
    this.#at = COLON_NEXT.lastIndex;
    return true;
  }
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}
