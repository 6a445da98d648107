/**
 * `TextEncoder` and `TextDecoder`. UTF-8 is decoded here; the other encodings of the standard by the host, which has
 * their tables.
 */

import { bridge } from './bridge.ts';
import { bytesOf, ownBuffer } from './buffer-source.ts';
import { dictionary } from './event.ts';
import { encodeInto, encodeUtf8, Utf8Decoder } from './utf8.ts';

const UTF8_LABELS = new Set([
  'unicode-1-1-utf-8',
  'unicode11utf8',
  'unicode20utf8',
  'utf-8',
  'utf8',
  'x-unicode20utf8',
]);

export class TextEncoder {
  readonly #encoding = 'utf-8';

  get encoding(): string {
    return this.#encoding;
  }

  encode(text: unknown = ''): Uint8Array {
    void this.#encoding;
    return encodeUtf8(String(text));
  }

  encodeInto(text: unknown, to: unknown): { read: number; written: number } {
    if (!(to instanceof Uint8Array)) throw new TypeError('encodeInto writes into a Uint8Array');
    return encodeInto(String(text), to);
  }
}

interface Decoding {
  push(bytes: Uint8Array): string;
  end(): string;
}

export class TextDecoder {
  readonly #encoding: string;
  readonly #fatal: boolean;
  readonly #ignoreBom: boolean;
  #running: Decoding | null = null;
  #bomSeen = false;

  constructor(label: unknown = 'utf-8', options: { fatal?: unknown; ignoreBOM?: unknown } | null = null) {
    // Of ASCII alone: the sign of the kelvin is no `k`.
    const name = String(label)
      .replace(/^[\t\n\f\r ]+|[\t\n\f\r ]+$/g, '')
      .replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
    const { fatal, ignoreBOM } = dictionary(options);
    this.#encoding = UTF8_LABELS.has(name) ? 'utf-8' : knownEncoding(name);
    this.#fatal = Boolean(fatal);
    this.#ignoreBom = Boolean(ignoreBOM);
  }

  get encoding(): string {
    return this.#encoding;
  }

  get fatal(): boolean {
    return this.#fatal;
  }

  get ignoreBOM(): boolean {
    return this.#ignoreBom;
  }

  decode(input?: unknown, options: { stream?: unknown } | null = null): string {
    const bytes = input === undefined ? new Uint8Array(0) : bytesOf(input, true);
    const stream = Boolean(dictionary(options).stream);
    if (this.#running === null) {
      this.#running =
        this.#encoding === 'utf-8' ? new Utf8Decoder(this.#fatal) : hostDecoder(this.#encoding, this.#fatal);
      this.#bomSeen = false;
    }
    const running = this.#running;
    if (!stream) this.#running = null;
    try {
      return this.#withoutBom(running.push(bytes) + (stream ? '' : running.end()));
    } catch (error) {
      this.#running = null;
      throw error;
    }
  }

  #withoutBom(text: string): string {
    if (this.#bomSeen || this.#ignoreBom || text.length === 0) return text;
    this.#bomSeen = true;
    const marks = this.#encoding === 'utf-8' || this.#encoding.startsWith('utf-16');
    return marks && text[0] === '\ufeff' ? text.slice(1) : text;
  }
}

function knownEncoding(label: string): string {
  const name = /^[!-~]+$/.test(label) && bridge.current.serve('encoding', label);
  if (typeof name !== 'string') throw new RangeError(`the encoding \`${label.slice(0, 100)}\` is not known`);
  return name;
}

function hostDecoder(encoding: string, fatal: boolean): Decoding {
  const id = bridge.current.serve('decoder', encoding, fatal);
  const ask = (bytes: Uint8Array | null): string => {
    const text = bridge.current.serve('decode', id, bytes && ownBuffer(bytes));
    if (typeof text !== 'string') throw new TypeError('the bytes are not valid in this encoding');
    return text;
  };
  return { push: (bytes) => ask(bytes), end: () => ask(null) };
}
