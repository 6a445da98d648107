/**
 * A JSON text (RFC 8259) walked as it comes, in memory bounded by its depth: every key and every string is shown with
 * where it stands, duplicates too, so that no reader behind us can see another value than we did. Strict: a byte order
 * mark, comments, trailing commas and literals that JSON has not are errors.
 */

export type JsonKind = 'object' | 'array';

export interface JsonVisitor {
  /** A container begins; `key` is its member name, null in an array and at the top. False: nothing of it is shown. */
  open(kind: JsonKind, key: string | null): boolean;
  close(): void;
  /** A string (its first 8 KiB; `long` when there was more), or the text of another scalar. */
  scalar(key: string | null, value: string, about: { readonly string: boolean; readonly long: boolean }): void;
}

const MAX_DEPTH = 200;
const MAX_STRING = 8192;
const MAX_LITERAL = 400;
const LITERAL = /^(?:true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)$/;

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** What may come next. */
type Expecting = 'value' | 'value_or_close' | 'key' | 'key_or_close' | 'colon' | 'comma_or_close' | 'nothing';

interface Frame {
  readonly kind: JsonKind;
  readonly shown: boolean;
}

export class JsonWalker {
  readonly #visitor: JsonVisitor;
  readonly #stack: Frame[] = [];
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  #expecting: Expecting = 'value';
  #key: string | null = null;
  #in: 'none' | 'string' | 'escape' | 'literal' = 'none';
  #held: number[] = [];
  #long = false;
  #failed = false;

  constructor(visitor: JsonVisitor) {
    this.#visitor = visitor;
  }

  /** False once the text is no JSON. */
  push(bytes: Uint8Array): boolean {
    for (let i = 0; i < bytes.length && !this.#failed; i += 1) this.#byte(bytes[i] ?? 0);
    return !this.#failed;
  }

  /** True when the text was whole. */
  end(): boolean {
    if (this.#in === 'literal') this.#literal();
    return !this.#failed && this.#in === 'none' && this.#expecting === 'nothing';
  }

  #byte(byte: number): void {
    switch (this.#in) {
      case 'string':
        if (byte === QUOTE) this.#string();
        else if (byte < 0x20) this.#failed = true;
        else {
          this.#hold(byte);
          if (byte === BACKSLASH) this.#in = 'escape';
        }
        return;
      case 'escape':
        this.#hold(byte);
        this.#in = 'string';
        return;
      case 'literal':
        if (isLiteralByte(byte)) {
          if (this.#held.length >= MAX_LITERAL) this.#failed = true;
          this.#held.push(byte);
          return;
        }
        this.#literal();
        break;
      case 'none':
        break;
    }
    if (!this.#failed && byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) this.#token(byte);
  }

  #hold(byte: number): void {
    if (this.#held.length < MAX_STRING) this.#held.push(byte);
    else this.#long = true;
  }

  #token(byte: number): void {
    const expecting = this.#expecting;
    if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) this.#close(byte === CLOSE_OBJECT ? 'object' : 'array');
    else if (byte === COMMA) this.#require(expecting === 'comma_or_close', this.#inObject() ? 'key' : 'value');
    else if (byte === COLON) this.#require(expecting === 'colon', 'value');
    else if (expecting === 'value' || expecting === 'value_or_close') this.#value(byte);
    else if (byte === QUOTE && this.#atKey()) this.#begin('string');
    else this.#failed = true;
  }

  #atKey(): boolean {
    return this.#expecting === 'key' || this.#expecting === 'key_or_close';
  }

  #value(byte: number): void {
    if (byte === OPEN_OBJECT) this.#open('object');
    else if (byte === OPEN_ARRAY) this.#open('array');
    else if (byte === QUOTE) this.#begin('string');
    else if (isLiteralByte(byte)) {
      this.#begin('literal');
      this.#held.push(byte);
    } else this.#failed = true;
  }

  #begin(what: 'string' | 'literal'): void {
    this.#in = what;
    this.#held = [];
    this.#long = false;
  }

  #open(kind: JsonKind): void {
    if (this.#stack.length >= MAX_DEPTH) {
      this.#failed = true;
      return;
    }
    const shown = this.#shown() && this.#visitor.open(kind, this.#key);
    this.#stack.push({ kind, shown });
    this.#key = null;
    this.#expecting = kind === 'object' ? 'key_or_close' : 'value_or_close';
  }

  #close(kind: JsonKind): void {
    const { length } = this.#stack;
    const frame = this.#stack[length - 1];
    const empty = kind === 'object' ? 'key_or_close' : 'value_or_close';
    if (frame?.kind !== kind || (this.#expecting !== 'comma_or_close' && this.#expecting !== empty)) {
      this.#failed = true;
      return;
    }
    this.#stack.pop();
    if (frame.shown) this.#visitor.close();
    this.#after();
  }

  #string(): void {
    this.#in = 'none';
    const text = this.#unescaped();
    if (text === null) {
      this.#failed = true;
      return;
    }
    if (this.#atKey()) {
      this.#key = text;
      this.#expecting = 'colon';
      return;
    }
    if (this.#shown()) this.#visitor.scalar(this.#key, text, { string: true, long: this.#long });
    this.#after();
  }

  #unescaped(): string | null {
    // A string that was cut may end inside a character or an escape; without its backslash, a quote would end it here.
    const bytes = this.#long
      ? this.#held.filter((byte) => byte < 0x80 && byte !== BACKSLASH && byte !== QUOTE)
      : this.#held;
    try {
      return JSON.parse(`"${this.#utf8.decode(Uint8Array.from(bytes))}"`) as string;
    } catch {
      return null;
    }
  }

  #literal(): void {
    this.#in = 'none';
    const text = String.fromCharCode(...this.#held);
    if (!LITERAL.test(text)) this.#failed = true;
    else if (this.#shown()) this.#visitor.scalar(this.#key, text, { string: false, long: false });
    this.#after();
  }

  #after(): void {
    this.#key = null;
    this.#expecting = this.#stack.length === 0 ? 'nothing' : 'comma_or_close';
  }

  #require(good: boolean, next: Expecting): void {
    if (good && this.#stack.length > 0) this.#expecting = next;
    else this.#failed = true;
  }

  #inObject(): boolean {
    return this.#stack.at(-1)?.kind === 'object';
  }

  #shown(): boolean {
    return this.#stack.at(-1)?.shown ?? true;
  }
}

/** Letters, digits, sign, point: what literals are made of; which of them are JSON is judged at their end. */
function isLiteralByte(byte: number): boolean {
  const lower = byte | 0x20;
  return (
    (lower >= 0x61 && lower <= 0x7a) ||
    (byte >= 0x30 && byte <= 0x39) ||
    byte === 0x2d ||
    byte === 0x2b ||
    byte === 0x2e
  );
}
