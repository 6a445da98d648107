/** CBOR (RFC 8949), one item or several after one another (RFC 8742): texts, bytes, long numbers and the keys of maps. */

import { type BinaryDocument, DEEPEST } from './document.ts';
import { ItemReader, writeItems } from './items.ts';

const [UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE] = [0, 1, 2, 3, 4, 5, 6, 7];
/** Heads behind which a number of four bytes stands, of eight, and a double. */
const [LONG, DOUBLE] = [26, 27];
const INDEFINITE = 31;
const BREAK = 0xff;

/** Null for what is none, or has too many texts. */
export function readCbor(bytes: Buffer): BinaryDocument | null {
  const reader = new CborReader(bytes);
  if (!reader.all()) return null;
  const { leaves, places, isDoubtful } = reader;
  return { leaves, isDoubtful, write: (changes) => writeItems(bytes, places, { changes, headOf }) };
}

/** As they stand, with blanks for the heads of texts: heads may be letters, and none of the text. */
export function apartCbor(bytes: Buffer): Buffer {
  const apart = Buffer.from(bytes);
  new CborReader(bytes, apart).all();
  return apart;
}

function headOf(first: number, length: number): Buffer {
  const kind = first & 0xe0;
  if (length < 24) return Buffer.from([kind | length]);
  if (length < 0x100) return Buffer.from([kind | 24, length]);
  const out = Buffer.alloc(length < 0x10000 ? 3 : 5);
  out[0] = kind | (length < 0x10000 ? 25 : 26);
  out.writeUIntBE(length, 1, out.length - 1);
  return out;
}

class CborReader extends ItemReader {
  protected item(name: string, depth: number): boolean {
    const headAt = this.at;
    const head = this.number(1);
    if (head < 0 || depth > DEEPEST) return false;
    const [kind, short] = [head >> 5, head & 31];
    if (short === INDEFINITE) return this.#indefinite(kind, name, depth);
    const value = short < 24 ? short : short > 27 ? -1 : this.number(1 << (short - 24));
    if (value < 0) return false;
    if (kind === UNSIGNED || kind === NEGATIVE || kind === SIMPLE) return this.#number(head, name, headAt);
    if (kind === BYTES || kind === TEXT) return this.leaf(name, headAt, value);
    if (kind === ARRAY) return this.times(value, () => this.item(name, depth + 1));
    if (kind === MAP) return this.times(value, () => this.pair(depth));
    return kind !== TAG || this.item(name, depth + 1);
  }

  /** Which is all in the head that was read last. */
  #number(head: number, name: string, headAt: number): boolean {
    const [kind, short] = [head >> 5, head & 31];
    if (kind === SIMPLE) return short !== DOUBLE || this.double(name, headAt);
    if (short < LONG) return true;
    const at = headAt + 1;
    const value = short === LONG ? BigInt(this.bytes.readUInt32BE(at)) : this.bytes.readBigUInt64BE(at);
    return this.numeral(name, headAt, kind === NEGATIVE ? -1n - value : value);
  }

  /** Chunks of a text are texts of their own. */
  #indefinite(kind: number, name: string, depth: number): boolean {
    const isString = kind === BYTES || kind === TEXT;
    if (!isString && kind !== ARRAY && kind !== MAP) return false;
    while (this.bytes[this.at] !== BREAK) {
      const head = this.bytes[this.at] ?? BREAK;
      if (isString && (head >> 5 !== kind || (head & 31) === INDEFINITE)) return false;
      if (!(kind === MAP ? this.pair(depth) : this.item(name, depth + 1))) return false;
    }
    return this.skip(1);
  }
}
