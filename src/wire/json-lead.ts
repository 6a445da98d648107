/** Whether bytes begin like a JSON text, in any encoding that readers of JSON detect, whatever a media type says. */

const BRACE = 0x7b;
const BRACKET = 0x5b;
const BLANKS = new Set([0x20, 0x09, 0x0a, 0x0d]);
/** Of byte order marks, which stand in the first four bytes. */
const MARKS = new Set([0xef, 0xbb, 0xbf, 0xfe, 0xff]);
/** Zero bytes of one character: those of UTF-32. */
const MOST_ZEROS = 3;

export class JsonLead {
  #at = 0;
  #zeros = 0;
  #begins: boolean | null = null;

  /** Null while nothing but blanks came. */
  push(chunk: Uint8Array): boolean | null {
    for (let i = 0; i < chunk.length && this.#begins === null; i += 1) this.#begins = this.#take(chunk[i] ?? 0);
    return this.#begins;
  }

  #take(byte: number): boolean | null {
    this.#at += 1;
    if (byte === 0) {
      this.#zeros += 1;
      return this.#zeros > MOST_ZEROS ? false : null;
    }
    this.#zeros = 0;
    if (BLANKS.has(byte) || (this.#at <= 4 && MARKS.has(byte))) return null;
    return byte === BRACE || byte === BRACKET;
  }
}
