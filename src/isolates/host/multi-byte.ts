/**
 * Encodings of more than one byte as the Encoding standard decodes them (sections 10 to 13). Node's own decoder keeps no half
 * of a character from one piece to the next, and takes what is none otherwise.
 */

import { textOfBytes, within } from './multi-byte-tables.ts';

const END = -1;
const WRONG = '\ufffd';
const isAscii = (byte: number) => byte >= 0 && byte < 0x80;

/** What the bytes held so far are: a character, none yet, or none ever. */
type Found = string | 'more' | null;

interface Encoding {
  /** Of bytes of which all but the last were `more`. */
  readonly find: (bytes: readonly number[], textOf: (bytes: readonly number[]) => string | null) => Found;
  /** How many of the bytes, from the first on, are what is wrong; those behind are read again. */
  readonly wrong: (bytes: readonly number[]) => number;
}

/** A lead and a trail; a trail of ASCII that fits nothing is a character by itself. */
const pairs = (isLead: (byte: number) => boolean, isTrail: (byte: number) => boolean): Encoding => ({
  find: (bytes, textOf) => {
    const [lead = 0, trail] = bytes;
    if (trail === undefined) return isAscii(lead) ? String.fromCharCode(lead) : isLead(lead) ? 'more' : null;
    return isTrail(trail) ? textOf(bytes) : null;
  },
  wrong: ([, trail]) => (trail !== undefined && isAscii(trail) ? 1 : 2),
});

const shiftJis = pairs(
  (byte) => within(byte, 0x81, 0x9f) || within(byte, 0xe0, 0xfc),
  (byte) => within(byte, 0x40, 0x7e) || within(byte, 0x80, 0xfc),
);

const eucJp = pairs(
  (byte) => byte === 0x8e || byte === 0x8f || within(byte, 0xa1, 0xfe),
  (byte) => within(byte, 0xa1, 0xfe),
);

const gb18030 = pairs(
  (byte) => within(byte, 0x81, 0xfe),
  (byte) => within(byte, 0x40, 0x7e) || within(byte, 0x80, 0xfe),
);

/** Four bytes where the second is a digit. */
const chinese: Encoding = {
  find: (bytes, textOf) => {
    const [lead, second = 0, third, fourth] = bytes;
    if (bytes.length === 1 && lead === 0x80) return '\u20ac';
    if (bytes.length === 1 || !within(second, 0x30, 0x39)) return gb18030.find(bytes, textOf);
    if (third === undefined) return 'more';
    if (fourth === undefined) return within(third, 0x81, 0xfe) ? 'more' : null;
    return within(fourth, 0x30, 0x39) ? textOf(bytes) : null;
  },
  // Four that are none together are wrong as a whole.
  wrong: (bytes) => (bytes.length < 3 ? gb18030.wrong(bytes) : within(bytes[3] ?? 0, 0x30, 0x39) ? 4 : 1),
};

const ENCODINGS: Readonly<Record<string, Encoding>> = {
  big5: pairs(
    (byte) => within(byte, 0x81, 0xfe),
    (byte) => within(byte, 0x40, 0x7e) || within(byte, 0xa1, 0xfe),
  ),
  'euc-kr': pairs(
    (byte) => within(byte, 0x81, 0xfe),
    (byte) => within(byte, 0x41, 0xfe),
  ),
  shift_jis: {
    ...shiftJis,
    find: (bytes, textOf) => {
      const [lead = 0] = bytes;
      if (bytes.length > 1 || !(lead === 0x80 || within(lead, 0xa1, 0xdf))) return shiftJis.find(bytes, textOf);
      return String.fromCharCode(lead === 0x80 ? lead : 0xff61 - 0xa1 + lead);
    },
  },
  'euc-jp': {
    ...eucJp,
    find: (bytes, textOf) => {
      const [lead, second = 0, third] = bytes;
      if (bytes.length === 1 || lead !== 0x8f) return eucJp.find(bytes, textOf);
      // The rows above are a vendor's own.
      if (third === undefined) return within(second, 0xa1, 0xfe) ? 'more' : null;
      if (second > 0xed) return null;
      return within(third, 0xa1, 0xfe) ? textOf(bytes) : null;
    },
    wrong: (bytes) => (isAscii(bytes.at(-1) ?? 0) ? bytes.length - 1 : bytes.length),
  },
  gbk: chinese,
  gb18030: chinese,
};

export function isMultiByte(encoding: string): boolean {
  return Object.hasOwn(ENCODINGS, encoding);
}

export class MultiByte {
  readonly #encoding: Encoding;
  readonly #textOf: (bytes: readonly number[]) => string | null;
  readonly #fatal: boolean;
  #held: number[] = [];
  #text = '';

  /** @param encoding one of those that `isMultiByte` knows */
  constructor(encoding: string, fatal: boolean) {
    this.#encoding = ENCODINGS[encoding] as Encoding;
    this.#textOf = (bytes) => textOfBytes(encoding, bytes);
    this.#fatal = fatal;
  }

  /** Without `stream`, what comes is the last. Throws a `TypeError` on what is not valid, when it is to be fatal. */
  decode(bytes: Uint8Array = new Uint8Array(0), { stream = false } = {}): string {
    for (const byte of bytes) this.#take(byte);
    if (!stream && this.#held.length > 0) this.#take(END);
    const text = this.#text;
    this.#text = '';
    return text;
  }

  #take(byte: number): void {
    // Most of what comes, whatever the encoding.
    if (this.#held.length === 0 && isAscii(byte)) {
      this.#text += String.fromCharCode(byte);
      return;
    }
    if (byte === END) {
      this.#held = [];
      this.#wrong();
      return;
    }
    this.#held.push(byte);
    const found = this.#encoding.find(this.#held, this.#textOf);
    if (found === 'more') return;
    const bytes = this.#held;
    this.#held = [];
    if (found !== null) this.#text += found;
    else {
      this.#wrong();
      for (const again of bytes.slice(this.#encoding.wrong(bytes))) this.#take(again);
    }
  }

  #wrong(): void {
    if (this.#fatal) throw new TypeError('the bytes are not valid in this encoding');
    this.#text += WRONG;
  }
}
