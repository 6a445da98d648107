/**
 * Hostname → categories over one immutable index. A lookup is one pass over the name from its end: at each label the
 * hash of the parent name so far says which bucket to read, and names found there are compared whole. What an entry
 * covers is said in `host-entry.ts`, where it stops in `public-suffix.ts`.
 */

import type { Host } from '../core/host.ts';
import type { CategorySource } from '../core/ports.ts';
import { ok, type Result } from '../core/result.ts';
import { addressForm } from './address-form.ts';
import { type DerivedCategory, derivedCategories } from './derived.ts';
import { entryText, REACH, type Reach } from './host-entry.ts';
import { hashFinish, hashStep } from './host-hash.ts';
import {
  type IndexHeader,
  type IndexLayout,
  type ListMeta,
  LONG,
  type ReadOptions,
  readIndex,
} from './index-format.ts';
import { filterBit, filterBlock } from './name-filter.ts';
import { suffixLength } from './public-suffix.ts';
import { SymbolDecoder } from './symbol-table.ts';

/** Why a host is (or by an exception is not) in a category. */
export interface CategoryReason {
  readonly category: string;
  /** `entry` a list puts it in, `exception` a list takes its own word back, `derived` it follows from the host. */
  readonly by: 'entry' | 'exception' | 'derived';
  /** The entry as a list writes it; null when derived. */
  readonly entry: string | null;
  readonly list: ListMeta | null;
  /** Of the list's file, 1-based; null when derived. */
  readonly line: number | null;
  /** For people. */
  readonly why: string;
}

export interface HostExplanation {
  readonly host: string;
  readonly categories: readonly string[];
  readonly reasons: readonly CategoryReason[];
  readonly index: string;
}

const UNCATEGORISED: readonly string[] = Object.freeze(['uncategorised']);

export class CategoryIndex implements CategorySource {
  readonly digest: string;
  readonly header: IndexHeader;
  readonly #seed: number;
  readonly #shift: number;
  readonly #directory: Uint32Array;
  readonly #filterBits: number;
  readonly #filter: Uint8Array;
  readonly #records: Uint8Array;
  readonly #names: SymbolDecoder;
  readonly #combos: Int32Array;
  readonly #categoryOf: Int32Array;
  readonly #sets = new Map<string, readonly string[]>();
  readonly #single: readonly (readonly string[])[];
  // Scratch of one lookup, which is synchronous: combo, start of the matched name, line.
  readonly #hits: number[] = [];

  private constructor(layout: IndexLayout) {
    this.digest = layout.digest;
    this.header = layout.header;
    this.#seed = layout.seed;
    this.#shift = 32 - layout.bits;
    this.#directory = layout.directory;
    this.#filterBits = layout.filterBits;
    this.#filter = layout.filter;
    this.#records = layout.records;
    this.#names = new SymbolDecoder(layout.header.symbols, layout.records);
    this.#combos = Int32Array.from(layout.header.combos);
    this.#categoryOf = Int32Array.from(layout.header.sources, ([, category]) => category);
    this.#single = layout.header.categories.map((c) => Object.freeze([c]));
  }

  /** Opens the bytes that `compileIndex` made. The bytes are kept, not copied: they must not change afterwards. */
  static open(bytes: Uint8Array, options: ReadOptions = {}): Result<CategoryIndex, string> {
    const layout = readIndex(bytes, options);
    return layout.ok ? ok(new CategoryIndex(layout.value)) : layout;
  }

  lookup(host: Host): readonly string[] {
    const found = this.#listed(addressForm(host));
    const derived = derivedCategories(host);
    if (derived.length > 0) return this.#with(found, derived);
    return found.length > 0 ? found : UNCATEGORISED;
  }

  /** Each category of the host with the list, line and entry that said so, and each exception that kept one away. */
  explain(host: Host): HostExplanation {
    const reasons: CategoryReason[] = derivedCategories(host).map((d) => ({
      category: d.category,
      by: 'derived',
      entry: null,
      list: null,
      line: null,
      why: d.why,
    }));
    const asked = addressForm(host);
    this.#collect(asked);
    this.#decide(asked.name, (combo, start, line) => reasons.push(this.#reason(asked.name.slice(start), combo, line)));
    if (!reasons.some((r) => r.by !== 'exception')) reasons.push(UNLISTED);
    reasons.sort((a, b) => order(a.category, b.category) || order(a.list?.name ?? '', b.list?.name ?? ''));
    return { host: host.name, categories: this.lookup(host), reasons, index: this.digest };
  }

  #listed(host: Host): readonly string[] {
    const hits = this.#collect(host);
    if (hits === 0) return NONE;
    if (hits === 3) return this.#only(host.name);
    const found: number[] = [];
    this.#decide(host.name, (combo) => {
      const category = this.#categoryOf[combo >> 3] as number;
      if ((combo & EXCEPT) === 0 && !found.includes(category)) found.push(category);
    });
    if (found.length === 0) return NONE;
    if (found.length === 1) return this.#single[found[0] as number] as readonly string[];
    return this.#shared(found.map((c) => this.header.categories[c] as string));
  }

  /** The usual case, one entry on the whole walk, without allocating. */
  #only(name: string): readonly string[] {
    const combo = this.#hits[0] as number;
    const start = this.#hits[1] as number;
    const suffix = start > 0 ? suffixLength(name) : 0;
    if ((combo & EXCEPT) !== 0 || !speaksOf(combo & 3, name.length - start, name.length, suffix)) return NONE;
    return this.#single[this.#categoryOf[combo >> 3] as number] as readonly string[];
  }

  /** Fills `#hits` with every entry on the host's name and its parents, shortest name first. */
  #collect(host: Host): number {
    this.#hits.length = 0;
    const name = host.name;
    const whole = host.kind !== 'name';
    let state = this.#seed;
    let block = 0;
    let labels = 0;
    for (let i = name.length - 1; i >= 0; i -= 1) {
      state = hashStep(state, name.charCodeAt(i));
      if (i > 0 && name.charCodeAt(i - 1) !== DOT) continue;
      const hash = hashFinish(state);
      if (labels < 2) block = filterBlock(hash, this.#filterBits);
      labels += 1;
      if (whole && i > 0) continue;
      const bit = filterBit(hash);
      if (((this.#filter[block + (bit >> 3)] as number) & (1 << (bit & 7))) !== 0) this.#probe(name, i, hash);
    }
    return this.#hits.length;
  }

  #probe(name: string, start: number, hash: number): void {
    const records = this.#records;
    const bucket = hash >>> this.#shift;
    const end = this.#directory[bucket + 1] as number;
    const tag = hash & 0xff;
    for (let p = this.#directory[bucket] as number; p < end; ) {
      let body = p + 2;
      let length = records[p + 1] as number;
      if (length === LONG) {
        length = (records[body] as number) | ((records[body + 1] as number) << 8);
        body += 2;
      }
      const next = body + length;
      if (records[p] === tag && this.#names.spells(endOfValues(records, body), next, name, start)) {
        this.#values(body, start);
        return;
      }
      p = next;
    }
  }

  #values(at: number, start: number): void {
    let p = at;
    for (;;) {
      let combo = 0;
      let line = 0;
      let byte = 0;
      for (let s = 0; ; s += 7) {
        byte = this.#records[p++] as number;
        combo |= (byte & 0x7f) << s;
        if (byte <= 0x7f) break;
      }
      for (let s = 0; ; s += 7) {
        byte = this.#records[p++] as number;
        line |= (byte & 0x7f) << s;
        if (byte <= 0x7f) break;
      }
      this.#hits.push(this.#combos[combo >>> 1] as number, start, line);
      if ((combo & 1) === 0) return;
    }
  }

  /** Of each source, the entry that speaks of the host: longest name first, at one name exceptions first. */
  #decide(name: string, say: (combo: number, start: number, line: number) => void): void {
    const hits = this.#hits;
    const decided: number[] = [];
    let suffix = -1;
    for (let i = hits.length - 3; i >= 0; i -= 3) {
      const combo = hits[i] as number;
      const start = hits[i + 1] as number;
      if (start > 0 && suffix < 0) suffix = suffixLength(name);
      if (!speaksOf(combo & 3, name.length - start, name.length, suffix)) continue;
      if (decided.includes(combo >> 3)) continue;
      decided.push(combo >> 3);
      say(combo, start, hits[i + 2] as number);
    }
  }

  #reason(entryName: string, combo: number, line: number): CategoryReason {
    const [list, category] = this.header.sources[combo >> 3] as [number, number];
    const meta = this.header.lists[list] as ListMeta;
    const except = (combo & EXCEPT) !== 0;
    const entry = entryText({ name: entryName, reach: (combo & 3) as Reach, except });
    return {
      category: this.header.categories[category] as string,
      by: except ? 'exception' : 'entry',
      entry,
      list: meta,
      line,
      why: `${meta.file}:${line}: \`${entry}\``,
    };
  }

  #with(found: readonly string[], derived: readonly DerivedCategory[]): readonly string[] {
    return this.#shared([...new Set([...found, ...derived.map((d) => d.category)])]);
  }

  /** One frozen array for each set of categories, so that a lookup leaves nothing to collect. */
  #shared(ids: readonly string[]): readonly string[] {
    const sorted = [...ids].sort();
    const key = sorted.join(' ');
    const known = this.#sets.get(key);
    if (known) return known;
    this.#sets.set(key, Object.freeze(sorted));
    return sorted;
  }
}

/** Position behind the values that start here: where the name starts. */
function endOfValues(records: Uint8Array, at: number): number {
  let p = at;
  for (;;) {
    // Only the first byte of a combo tells whether another value follows.
    const more = (records[p] as number) & 1;
    while ((records[p++] as number) > 0x7f);
    while ((records[p++] as number) > 0x7f);
    if (more === 0) return p;
  }
}

const DOT = 46;
const EXCEPT = 4;
const NONE: readonly string[] = Object.freeze([]);
const UNLISTED: CategoryReason = {
  category: 'uncategorised',
  by: 'derived',
  entry: null,
  list: null,
  line: null,
  why: 'no list and no derived rule names the host',
};

/** `suffix` is the length of the host's public suffix; it matters only for names shorter than the host. */
function speaksOf(reach: number, nameLength: number, hostLength: number, suffix: number): boolean {
  if (nameLength === hostLength) return reach !== REACH.under;
  switch (reach) {
    case REACH.cover:
      return nameLength > suffix;
    case REACH.under:
      return nameLength >= suffix;
    case REACH.platform:
      // Who runs the platform stands above all of it, suffixes of its regions (`us-east-1.linodeobjects.com`) included.
      return true;
    default:
      return false;
  }
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
