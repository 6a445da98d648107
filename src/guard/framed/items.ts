/** Formats of one item after the other, each with a head that says what it is and how long, as CBOR and MessagePack are. */

import { type Leaf, MOST_LEAVES, SHORTEST_HIDDEN } from './document.ts';

/** The least that has eight digits: no document's or card's number is shorter. */
const FIRST_TOLD = 10_000_000n;

/** Heads and lengths that are read where only the heads of texts become blanks: a tenth of a second. */
const MOST_APART = 4_000_000;
const BLANK = 0x20;

/** Where a leaf stands, its head included. */
export interface Place {
  readonly headAt: number;
  readonly from: number;
  readonly to: number;
}

/** INVARIANT: what reads gives false once the bytes are not what the format allows. */
export abstract class ItemReader {
  /** ASCII text could be such items as well, or something in them is text that is told nowhere. */
  isDoubtful = false;
  readonly leaves: Leaf[] = [];
  readonly places: Place[] = [];
  protected readonly bytes: Buffer;
  protected at = 0;
  /** A copy in which heads of texts become blanks; then nothing else is kept. */
  readonly #apart: Buffer | null;
  #reads = 0;

  constructor(bytes: Buffer, apart: Buffer | null = null) {
    this.bytes = bytes;
    this.#apart = apart;
  }

  /** Whether all of the bytes are items, one at least. */
  all(): boolean {
    do {
      this.isDoubtful ||= (this.bytes[this.at] as number) < 0x80;
      if (!this.item('', 0)) return false;
    } while (this.at < this.bytes.length);
    this.isDoubtful ||= this.#hidesText();
    return true;
  }

  /** `name`: of the nearest map that it is a value in. */
  protected abstract item(name: string, depth: number): boolean;

  /** A number of so many bytes; -1 where there are fewer, or it is larger than can be. */
  protected number(size: number): number {
    if (this.at + size > this.bytes.length) return -1;
    this.#reads += 1;
    if (this.#apart !== null && this.#reads > MOST_APART) return -1;
    const value =
      size === 8 ? Number(this.bytes.readBigUInt64BE(this.at)) : size === 0 ? 0 : this.bytes.readUIntBE(this.at, size);
    this.at += size;
    return value;
  }

  protected skip(length: number): boolean {
    this.at += length;
    return this.at <= this.bytes.length;
  }

  /** `headAt`: where its head stands; -1 for what keeps its length. */
  protected leaf(name: string, headAt: number, length: number): boolean {
    const from = this.at;
    if (!this.skip(length) || this.leaves.length >= MOST_LEAVES) return false;
    if (this.#apart !== null) {
      for (let at = headAt < 0 ? from : headAt; at < from; at += 1) this.#apart[at] = BLANK;
      return true;
    }
    if (length > 0) {
      this.leaves.push({ name, bytes: this.bytes.subarray(from, this.at), isFixed: headAt < 0 });
      this.places.push({ headAt, from, to: this.at });
    }
    return true;
  }

  /** A number that is told in decimal: so long a one may be a card's. Its first byte says what it is, the others hold it. */
  protected numeral(name: string, headAt: number, value: bigint): boolean {
    if (this.#apart !== null || (value < FIRST_TOLD && value > -FIRST_TOLD)) return true;
    if (this.leaves.length >= MOST_LEAVES) return false;
    const nought = Buffer.alloc(this.at - headAt);
    nought[0] = this.bytes[headAt] as number;
    this.leaves.push({ name, bytes: Buffer.from(String(value)), nought });
    this.places.push({ headAt, from: headAt, to: this.at });
    return true;
  }

  /** The double that ends here: other languages write large whole numbers so. */
  protected double(name: string, headAt: number): boolean {
    if (this.at > this.bytes.length) return false;
    const value = this.bytes.readDoubleBE(headAt + 1);
    return !Number.isSafeInteger(value) || this.numeral(name, headAt, BigInt(value));
  }

  /** So many as the head says, or as there are. */
  protected times(count: number, read: () => boolean): boolean {
    for (let i = 0; i < count; i += 1) if (!read()) return false;
    return true;
  }

  /** Many printable signs in a row beside what is told: small numbers, say. */
  #hidesText(): boolean {
    let run = 0;
    let leaf = 0;
    for (let at = 0; at < this.bytes.length; at += 1) {
      const place = this.places[leaf];
      if (place !== undefined && at === place.from) {
        at = place.to - 1;
        leaf += 1;
        run = 0;
        continue;
      }
      const byte = this.bytes[at] as number;
      run = byte >= 0x20 && byte < 0x7f ? run + 1 : 0;
      if (run >= SHORTEST_HIDDEN) return true;
    }
    return false;
  }

  /** A key of a map and its value. */
  protected pair(depth: number): boolean {
    const key = this.leaves.length;
    if (!this.item('', depth + 1)) return false;
    let name = '';
    for (let i = key; i < this.leaves.length; i += 1) {
      const leaf = this.leaves[i] as Leaf;
      this.leaves[i] = { ...leaf, name: '', isKey: true };
      if (this.leaves.length === key + 1) name = shownName(leaf.bytes);
    }
    return this.item(name, depth + 1);
  }
}

const NAME = /^[A-Za-z_$][\w.$-]{0,63}$/;

/** What else a key is than a name is seen where it is told for itself. */
function shownName(bytes: Buffer): string {
  const text = bytes.length > 64 ? '' : bytes.toString('latin1');
  return NAME.test(text) ? text : '';
}

interface Writing {
  readonly changes: ReadonlyMap<number, Buffer>;
  /** The head for another length, by the first byte of what it was. */
  readonly headOf: (first: number, length: number) => Buffer;
}

/** Heads count items or say the length of their own content: nothing round a leaf changes. */
export function writeItems(bytes: Buffer, places: readonly Place[], { changes, headOf }: Writing): Buffer {
  const out: Buffer[] = [];
  let at = 0;
  for (const [i, { headAt, from, to }] of places.entries()) {
    const now = changes.get(i);
    if (now === undefined) continue;
    if (now.length === to - from) out.push(bytes.subarray(at, from), now);
    else out.push(bytes.subarray(at, headAt), headOf(bytes[headAt] as number, now.length), now);
    at = to;
  }
  return Buffer.concat([...out, bytes.subarray(at)]);
}
