/** MessagePack, one value or several after one another: strings, bytes, long numbers, extensions and the keys of maps. */

import { type BinaryDocument, DEEPEST } from './document.ts';
import { ItemReader, writeItems } from './items.ts';

/** Null for what is none, or has too many texts. */
export function readMessagePack(bytes: Buffer): BinaryDocument | null {
  const reader = new MessagePackReader(bytes);
  if (!reader.all()) return null;
  const { leaves, places, isDoubtful } = reader;
  return { leaves, isDoubtful, write: (changes) => writeItems(bytes, places, { changes, headOf }) };
}

/** As they stand, with blanks for the heads of texts: heads may be letters, and none of the text. */
export function apartMessagePack(bytes: Buffer): Buffer {
  const apart = Buffer.from(bytes);
  new MessagePackReader(bytes, apart).all();
  return apart;
}

const [BIN_8, EXT_8, STR_8, ARRAY_16, MAP_16] = [0xc4, 0xc7, 0xd9, 0xdc, 0xde];
/** Bytes of what follows a head from 0xca on: floats, integers of both signs. */
const NUMBERS = [4, 8, 1, 2, 4, 8, 1, 2, 4, 8];
const FIRST_NUMBER = 0xca;
const [DOUBLE, UINT_32, UINT_64, INT_32, INT_64] = [0xcb, 0xce, 0xcf, 0xd2, 0xd3];
/** Extensions of 1, 2, 4, 8 and 16 bytes, behind a byte of their kind. */
const FIRST_FIXED_EXT = 0xd4;

/** Bytes stay bytes; only texts and bytes are written with another length. */
function headOf(first: number, length: number): Buffer {
  const isBytes = first >= BIN_8 && first < BIN_8 + 3;
  if (!isBytes && length < 32) return Buffer.from([0xa0 | length]);
  const size = length < 0x100 ? 0 : length < 0x10000 ? 1 : 2;
  const out = Buffer.alloc(1 + (1 << size));
  out[0] = (isBytes ? BIN_8 : STR_8) + size;
  out.writeUIntBE(length, 1, 1 << size);
  return out;
}

class MessagePackReader extends ItemReader {
  protected item(name: string, depth: number): boolean {
    const headAt = this.at;
    const head = this.number(1);
    if (head < 0 || depth > DEEPEST || head === 0xc1) return false;
    // Small numbers, nothing, true and false.
    if (head < 0x80 || head >= 0xe0 || (head >= 0xc0 && head < BIN_8)) return true;
    if (head < 0x90) return this.times(head & 15, () => this.pair(depth));
    if (head < 0xa0) return this.times(head & 15, () => this.item(name, depth + 1));
    if (head < 0xc0) return this.leaf(name, headAt, head & 31);
    return this.#long(head, { name, depth, headAt });
  }

  /** Whose head says the size of their length, or their own. */
  #long(
    head: number,
    { name, depth, headAt }: { readonly name: string; readonly depth: number; readonly headAt: number },
  ) {
    if (head >= FIRST_NUMBER && head < FIRST_FIXED_EXT) {
      return this.skip(NUMBERS[head - FIRST_NUMBER] as number) && this.#number(head, name, headAt);
    }
    if (head >= FIRST_FIXED_EXT && head < STR_8) return this.#extension(1 << (head - FIRST_FIXED_EXT));
    if (head >= ARRAY_16) return this.#list(head, name, depth);
    const first = head >= STR_8 ? STR_8 : head >= EXT_8 ? EXT_8 : BIN_8;
    const length = this.number(1 << (head - first));
    if (length < 0) return false;
    return first === EXT_8 ? this.#extension(length) : this.leaf(name, headAt, length);
  }

  #list(head: number, name: string, depth: number): boolean {
    const count = this.number(head % 2 === 0 ? 2 : 4);
    const read = head < MAP_16 ? () => this.item(name, depth + 1) : () => this.pair(depth);
    return count >= 0 && this.times(count, read);
  }

  /** Which was read last. */
  #number(head: number, name: string, headAt: number): boolean {
    if (head === DOUBLE) return this.double(name, headAt);
    const at = headAt + 1;
    if (head === UINT_32) return this.numeral(name, headAt, BigInt(this.bytes.readUInt32BE(at)));
    if (head === UINT_64) return this.numeral(name, headAt, this.bytes.readBigUInt64BE(at));
    if (head === INT_32) return this.numeral(name, headAt, BigInt(this.bytes.readInt32BE(at)));
    return head !== INT_64 || this.numeral(name, headAt, this.bytes.readBigInt64BE(at));
  }

  /** Its kind says what it holds, which keeps its length. */
  #extension(length: number): boolean {
    return this.skip(1) && this.leaf('', -1, length);
  }
}
