/**
 * Builds the binary index from entries in any order: the same entries give the same bytes. Names live in one arena of
 * bytes and everything else in typed arrays, so that five million entries compile in a few hundred megabytes.
 */

import type { HostEntry } from './host-entry.ts';
import { hashBytes } from './host-hash.ts';
import { type IndexHeader, type IndexLayout, type ListMeta, LONG } from './index-format.ts';
import { FILTER_BLOCK, filterBitsFor, filterBlock, setFilterBit, tailHash } from './name-filter.ts';
import { SymbolEncoder, trainSymbols } from './symbol-table.ts';

/** One category as one list gives it: what an exception silences. */
export interface IndexSource {
  readonly list: ListMeta;
  readonly category: string;
}

/** More names than this in one bucket is no accident but names made to collide. */
const BUCKET_LIMIT = 64;
const NAMES_PER_BUCKET = 5;
/** Names that symbols are learnt from: at most, and at least where there are as many; a small index is made at start. */
const SAMPLE = { most: 8192, least: 512 };
const SEEDS = [0x811c9dc5, 0x2545f491, 0x9e3779b9, 0x6a09e667];

export class IndexBuilder {
  readonly #sources: readonly IndexSource[];
  #names = new Uint8Array(1 << 16);
  #used = 0;
  #start = new Uint32Array(1 << 12);
  #value = new Uint32Array(1 << 12);
  #line = new Uint32Array(1 << 12);
  #count = 0;

  /** `sources` in the order that their numbers will have: sort them, and the index does not depend on how they came. */
  constructor(sources: readonly IndexSource[]) {
    this.#sources = sources;
  }

  /** `source` is a position in the sources; `line` is 1-based. */
  add(source: number, entry: HostEntry, line: number): void {
    this.#grow(entry.name.length);
    this.#start[this.#count] = this.#used;
    this.#value[this.#count] = packed(source, entry);
    this.#line[this.#count] = line;
    this.#count += 1;
    for (let i = 0; i < entry.name.length; i += 1) this.#names[this.#used + i] = entry.name.charCodeAt(i);
    this.#used += entry.name.length;
    this.#start[this.#count] = this.#used;
  }

  /** Null when names were made to collide under every seed: a hostile list, not to be loaded. */
  build(): Omit<IndexLayout, 'digest'> | null {
    const bits = Math.max(4, Math.ceil(Math.log2(Math.max(1, this.#count) / NAMES_PER_BUCKET)));
    for (const seed of SEEDS) {
      const hashes = this.#hashes(seed);
      const order = this.#order(hashes, bits);
      const largestBucket = this.#largestBucket(hashes, order, bits);
      if (largestBucket > BUCKET_LIMIT) continue;
      return this.#write({ seed, bits, hashes, order, largestBucket });
    }
    return null;
  }

  #grow(length: number): void {
    if (this.#used + length > this.#names.length) this.#names = widened(this.#names, Uint8Array, length);
    if (this.#count + 2 <= this.#start.length) return;
    this.#start = widened(this.#start, Uint32Array, 2);
    this.#value = widened(this.#value, Uint32Array, 2);
    this.#line = widened(this.#line, Uint32Array, 2);
  }

  #hashes(seed: number): Uint32Array {
    const out = new Uint32Array(this.#count);
    for (let i = 0; i < this.#count; i += 1) {
      out[i] = hashBytes(seed, this.#names, this.#start[i] as number, this.#start[i + 1] as number);
    }
    return out;
  }

  /** Entries by bucket, in a bucket by name, of a name includes before exceptions, then by source, reach and line. */
  #order(hashes: Uint32Array, bits: number): Uint32Array {
    const shift = 32 - bits;
    const next = new Uint32Array(2 ** bits + 1);
    for (let i = 0; i < this.#count; i += 1) bump(next, ((hashes[i] as number) >>> shift) + 1, 1);
    for (let b = 1; b < next.length; b += 1) bump(next, b, next[b - 1] as number);
    const ends = next.slice(1);
    const order = new Uint32Array(this.#count);
    for (let i = 0; i < this.#count; i += 1) order[bump(next, (hashes[i] as number) >>> shift, 1)] = i;
    let from = 0;
    for (const to of ends) {
      if (to - from > 1) order.subarray(from, to).sort((a, b) => this.#compare(a, b));
      from = to;
    }
    return order;
  }

  #compare(a: number, b: number): number {
    const byName = this.#compareNames(a, b);
    if (byName !== 0) return byName;
    const byValue = (this.#value[a] as number) - (this.#value[b] as number);
    return byValue !== 0 ? byValue : (this.#line[a] as number) - (this.#line[b] as number);
  }

  #compareNames(a: number, b: number): number {
    const startA = this.#start[a] as number;
    const startB = this.#start[b] as number;
    const length = (this.#start[a + 1] as number) - startA;
    const other = (this.#start[b + 1] as number) - startB;
    if (length !== other) return length - other;
    for (let i = 0; i < length; i += 1) {
      const d = (this.#names[startA + i] as number) - (this.#names[startB + i] as number);
      if (d !== 0) return d;
    }
    return 0;
  }

  #largestBucket(hashes: Uint32Array, order: Uint32Array, bits: number): number {
    let largest = 0;
    let names = 0;
    for (let i = 0; i < order.length; i += 1) {
      const here = order[i] as number;
      const before = i > 0 ? (order[i - 1] as number) : -1;
      const sameBucket =
        before >= 0 && (hashes[here] as number) >>> (32 - bits) === (hashes[before] as number) >>> (32 - bits);
      if (!sameBucket) names = 1;
      else if (this.#compareNames(here, before) !== 0) names += 1;
      if (names > largest) largest = names;
    }
    return largest;
  }

  #write(plan: Plan): Omit<IndexLayout, 'digest'> {
    const symbols = trainSymbols(this.#sample(plan.order));
    const encoder = new SymbolEncoder(symbols);
    const combos = this.#combos();
    const comboOf = new Map(combos.map((value, i) => [value, i]));
    const into: Output = { out: new Uint8Array(this.#used + this.#count * 15 + 16), at: 0 };
    const body: Output = { out: new Uint8Array(256 + this.#mostValues(plan.order) * 10), at: 0 };
    const directory = new Uint32Array(2 ** plan.bits + 1);
    let names = 0;
    let entries = 0;
    let bucket = 0;
    for (let i = 0; i < plan.order.length; ) {
      const first = plan.order[i] as number;
      const hash = plan.hashes[first] as number;
      for (; bucket <= hash >>> (32 - plan.bits); bucket += 1) directory[bucket] = into.at;
      const to = this.#endOfName(plan.order, i);
      entries += this.#record(plan.order.subarray(i, to), { tag: hash & 0xff, encoder, comboOf, body }, into);
      names += 1;
      i = to;
    }
    for (; bucket < directory.length; bucket += 1) directory[bucket] = into.at;
    const header = {
      ...this.#catalogue(combos),
      symbols: [...symbols],
      names,
      entries,
      largestBucket: plan.largestBucket,
    };
    const filter = this.#filter(plan, filterBitsFor(names));
    return { header, seed: plan.seed, bits: plan.bits, directory, ...filter, records: into.out.subarray(0, into.at) };
  }

  #filter({ seed, hashes }: Plan, filterBits: number): { filterBits: number; filter: Uint8Array } {
    const filter = new Uint8Array(FILTER_BLOCK * 2 ** filterBits);
    for (let i = 0; i < this.#count; i += 1) {
      const tail = tailHash(seed, this.#names, this.#start[i] as number, this.#start[i + 1] as number);
      setFilterBit(filter, filterBlock(tail, filterBits), hashes[i] as number);
    }
    return { filterBits, filter };
  }

  #endOfName(order: Uint32Array, from: number): number {
    let to = from + 1;
    while (to < order.length && this.#compareNames(order[from] as number, order[to] as number) === 0) to += 1;
    return to;
  }

  /** Writes one record: tag, length of what follows, values, name. Returns how many values it has. */
  #record(same: Uint32Array, tools: RecordTools, into: Output): number {
    const { body } = tools;
    body.at = 0;
    const values = this.#values(same, tools.comboOf, body);
    const first = same[0] as number;
    tools.encoder.encode(this.#names, this.#start[first] as number, this.#start[first + 1] as number, body);
    into.out[into.at++] = tools.tag;
    if (body.at < LONG) into.out[into.at++] = body.at;
    else {
      into.out[into.at++] = LONG;
      into.out[into.at++] = body.at & 0xff;
      into.out[into.at++] = body.at >> 8;
    }
    into.out.set(body.out.subarray(0, body.at), into.at);
    into.at += body.at;
    return values;
  }

  /** Writes the values of one name, each once, and returns how many. */
  #values(same: Uint32Array, comboOf: ReadonlyMap<number, number>, into: Output): number {
    const kept = same.filter((entry, i) => i === 0 || this.#value[same[i - 1] as number] !== this.#value[entry]);
    for (const [i, entry] of kept.entries()) {
      const combo = comboOf.get(this.#value[entry] as number) as number;
      varint(combo * 2 + (i + 1 < kept.length ? 1 : 0), into);
      varint(this.#line[entry] as number, into);
    }
    return kept.length;
  }

  /** Most entries on one name: what the scratch must hold. */
  #mostValues(order: Uint32Array): number {
    let most = 0;
    for (let i = 0; i < order.length; ) {
      const to = this.#endOfName(order, i);
      most = Math.max(most, to - i);
      i = to;
    }
    return most;
  }

  #sample(order: Uint32Array): string[] {
    const wanted = Math.min(SAMPLE.most, Math.max(SAMPLE.least, order.length >> 4));
    const step = Math.max(1, Math.floor(order.length / wanted));
    const out: string[] = [];
    for (let i = 0; i < order.length; i += step) {
      const entry = order[i] as number;
      const bytes = this.#names.subarray(this.#start[entry] as number, this.#start[entry + 1] as number);
      out.push(String.fromCharCode(...bytes));
    }
    return out;
  }

  /** Values that occur, the most frequent first, so that most entries spend one byte on theirs. */
  #combos(): number[] {
    const uses = new Map<number, number>();
    for (let i = 0; i < this.#count; i += 1) {
      const value = this.#value[i] as number;
      uses.set(value, (uses.get(value) ?? 0) + 1);
    }
    return [...uses].sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(([value]) => value);
  }

  #catalogue(combos: readonly number[]): Pick<IndexHeader, 'lists' | 'categories' | 'sources' | 'combos'> {
    const lists = [...new Set(this.#sources.map((s) => s.list))];
    const categories = [...new Set(this.#sources.map((s) => s.category))].sort();
    return {
      lists: [...lists],
      categories,
      sources: this.#sources.map((s) => [lists.indexOf(s.list), categories.indexOf(s.category)]),
      combos: combos.map((value) => {
        const { source, reach, except } = unpacked(value);
        return source * 8 + (except ? 4 : 0) + reach;
      }),
    };
  }
}

interface Output {
  readonly out: Uint8Array;
  at: number;
}

interface RecordTools {
  readonly tag: number;
  readonly encoder: SymbolEncoder;
  readonly comboOf: ReadonlyMap<number, number>;
  /** Scratch for one record's values and name. */
  readonly body: Output;
}

interface Plan {
  readonly seed: number;
  readonly bits: number;
  readonly hashes: Uint32Array;
  readonly order: Uint32Array;
  readonly largestBucket: number;
}

// INVARIANT: exceptions sort behind every include, so that a reader going backwards meets them first.
const EXCEPT = 2 ** 31;

function packed(source: number, entry: HostEntry): number {
  return (entry.except ? EXCEPT : 0) + source * 4 + entry.reach;
}

function unpacked(value: number): { source: number; reach: number; except: boolean } {
  const except = value >= EXCEPT;
  const rest = except ? value - EXCEPT : value;
  return { source: Math.floor(rest / 4), reach: rest % 4, except };
}

/** Adds, and returns what stood there before. */
function bump(of: Uint32Array, at: number, by: number): number {
  const before = of[at] as number;
  of[at] = before + by;
  return before;
}

function varint(value: number, into: Output): void {
  let rest = value;
  while (rest > 0x7f) {
    into.out[into.at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  into.out[into.at++] = rest;
}

function widened<T extends Uint8Array | Uint32Array>(of: T, make: new (n: number) => T, by: number): T {
  const wider = new make(of.length * 2 + by);
  wider.set(of);
  return wider;
}
