/**
 * The tables that the prefilter's inner loop walks, as bytes of one memory: they are the same for WebAssembly and for
 * TypeScript. A window of three folded bytes is hashed into a table of flags; where one is set, the texts that hold it are
 * compared, then the possible bytes around them, then what follows by a small automaton. Places without a text are
 * known by their first bytes, 128 rules at a time.
 */

import { startKind } from './anchors.ts';
import { EITHER, foldedBytes } from './coded-text.ts';
import { OUTSIDE, type PlaceSet } from './set-sequence.ts';

// Where things lie; as in assembly/prefilter.ts.
export const FLAGS = 0x10000;
export const SLOTS = 0x20000;
const LISTS = 0x40000;
/** Starts of places, by what must stand before: anything, what is no letter or digit, what is no letter. */
export const FREE_STARTS = 64;
export const EDGE_STARTS = 80;
export const EDGES = 96;
export const NUMBER_STARTS = 112;
export const NUMBERS = 128;
/** Fields of the header, in words. */
export const HEADER = {
  entries: 0,
  sets: 1,
  lists: 2,
  gates: 3,
  groups: 4,
  groupCount: 5,
  entryCount: 6,
  high: 7,
  out: 8,
  outLimit: 9,
  hits: 10,
  start: 11,
  end: 12,
  follows: 13,
} as const;
/** Ends a list of entries. */
export const LAST = 0xffff;
export const ENTRY_SIZE = 128;
export const IS_GATE = 1;
export const FOLDS = 2;
/** Where the checks of an entry begin. */
export const CHECKS = 64;
const MOST_CHECKS = 16;
/** Places around a bare place that are looked at: two before it, itself, eleven after it. */
export const BEHIND = 2;
export const PLACES = 14;
export const AHEAD = PLACES - BEHIND;
export const ROW = 257 * 16;
const GROUP = 128;
/** Bytes that the automaton is run over. */
export const MOST_STEPS = 48;
/** Longest text that is compared. */
export const MOST_TEXT = 16;
/** Text that is looked at at once; what is around it comes with it. */
export const CHUNK = 128 * 1024;
/** How far before and after its place an entry may look. */
export const MARGIN = 96;
const OUT_ROOM = 64 * 1024;
const NEWLINE = 10;

/** A text to look for. */
export interface TextEntry {
  /** Coded, of one to sixteen bytes. */
  readonly text: string;
  readonly windows: readonly string[];
  readonly windowAt: number;
  /** Reported once a text, whatever is around it. */
  readonly gate: boolean;
  readonly folds: boolean;
  /** From the start of the text: possible bytes, the most telling first. */
  readonly checks: readonly Check[];
  readonly automaton: Uint8Array | null;
}

export interface Check {
  readonly at: number;
  readonly set: PlaceSet;
}

/** A place that is known by what is around it. */
export interface PlaceEntry {
  /** The nearest first. */
  readonly before: readonly PlaceSet[];
  readonly after: readonly PlaceSet[];
  /** From the place on. */
  readonly automaton: Uint8Array | null;
}

/** Hits are the index of a text, or, beyond the texts, of a place. */
export interface Image {
  readonly tables: Uint8Array;
  /** Bytes of memory with room for text and hits. */
  readonly size: number;
  /** Where the text is put. */
  readonly textAt: number;
  readonly outAt: number;
  readonly gatesAt: number;
}

const SPREAD = 0x3779b100;

/** Of a window of three folded bytes, the first the lowest. */
export function hashOf(window: number): number {
  return Math.imul(window, SPREAD) >>> 16;
}

export function makeImage(texts: readonly TextEntry[], places: readonly PlaceEntry[]): Image {
  const image = new Draft(texts, places);
  return image.finished();
}

class Draft {
  readonly #texts: readonly TextEntry[];
  readonly #places: readonly PlaceEntry[];
  readonly #sets = new Map<string, number>();
  readonly #setBytes: Uint8Array[] = [];
  readonly #automata = new Map<Uint8Array, number>();
  #end = LISTS;

  constructor(texts: readonly TextEntry[], places: readonly PlaceEntry[]) {
    this.#texts = texts;
    this.#places = places;
  }

  finished(): Image {
    const lists = this.#lists();
    const listsAt = this.#take(lists.items.length * 2);
    const entriesAt = this.#take(this.#texts.length * ENTRY_SIZE);
    const gatesAt = this.#take(this.#texts.length);
    const groupCount = Math.ceil(this.#places.length / GROUP);
    const groupsAt = this.#take(groupCount * ROW * PLACES);
    const followsAt = this.#take(this.#places.length * 4);
    for (const { automaton } of [...this.#texts, ...this.#places]) {
      if (automaton !== null && !this.#automata.has(automaton))
        this.#automata.set(automaton, this.#take(automaton.length));
    }
    const entries = this.#texts.map((entry) => this.#entry(entry));
    const setsAt = this.#take(this.#setBytes.length * 32);
    const tables = new Uint8Array(this.#end);
    const put = (at: number, parts: readonly Uint8Array[], size: number) =>
      parts.forEach((part, i) => {
        tables.set(part, at + i * size);
      });
    put(entriesAt, entries, ENTRY_SIZE);
    put(setsAt, this.#setBytes, 32);
    for (const [automaton, at] of this.#automata) tables.set(automaton, at);
    lists.write(tables, listsAt);
    this.#writeGroups(tables, groupsAt);
    new Uint32Array(tables.buffer, followsAt, this.#places.length).set(
      this.#places.map(({ automaton }) => (automaton === null ? 0 : (this.#automata.get(automaton) ?? 0))),
    );
    // Hits of sixteen places, at most, are written after the limit was looked at.
    const most = 16 * (lists.longest + this.#places.length) * 8;
    const outAt = this.#take(OUT_ROOM + most);
    const textAt = this.#take(MARGIN + CHUNK + 2 * MARGIN) + 16;
    const header = new Uint32Array(tables.buffer, 0, 16);
    header[HEADER.entries] = entriesAt;
    header[HEADER.sets] = setsAt;
    header[HEADER.lists] = listsAt;
    header[HEADER.gates] = gatesAt;
    header[HEADER.groups] = groupsAt;
    header[HEADER.groupCount] = groupCount;
    header[HEADER.entryCount] = this.#texts.length;
    header[HEADER.follows] = followsAt;
    header[HEADER.out] = outAt;
    header[HEADER.outLimit] = outAt + OUT_ROOM;
    return { tables, size: this.#end + 64, textAt, outAt, gatesAt };
  }

  /** Room for so many bytes, aligned. */
  #take(bytes: number): number {
    const at = this.#end;
    this.#end = (at + bytes + 15) & ~15;
    return at;
  }

  /** Which entries each window leads to. */
  #lists() {
    const byHash = new Map<number, number[]>();
    for (const [id, { windows }] of this.#texts.entries()) {
      for (const hash of new Set(windows.map(hashOfText))) {
        const ids = byHash.get(hash) ?? [];
        ids.push(id);
        byHash.set(hash, ids);
      }
    }
    const items: number[] = [];
    const starts = new Map<number, number>();
    for (const [hash, ids] of byHash) {
      starts.set(hash, items.length);
      items.push(...ids, LAST);
    }
    if (items.length > LAST || this.#texts.length >= LAST) throw new RangeError('too many rules for one scanner');
    const longest = Math.max(0, ...[...byHash.values()].map((ids) => ids.length));
    const write = (tables: Uint8Array, at: number) => {
      new Uint16Array(tables.buffer, at, items.length).set(items);
      const slots = new Uint16Array(tables.buffer, SLOTS, 0x10000);
      for (const [hash, start] of starts) {
        tables[FLAGS + hash] = 1;
        slots[hash] = start;
      }
    };
    return { items, longest, write };
  }

  #entry(entry: TextEntry): Uint8Array {
    const { text, windowAt, gate, folds, checks, automaton } = entry;
    const bytes = new Uint8Array(ENTRY_SIZE);
    const words = new Uint32Array(bytes.buffer);
    const kept = checks.slice(0, MOST_CHECKS);
    bytes.set([(gate ? IS_GATE : 0) | (folds ? FOLDS : 0), 0, windowAt, text.length, kept.length]);
    words[2] = automaton === null ? 0 : (this.#automata.get(automaton) ?? 0);
    for (let i = 0; i < text.length; i += 1) {
      const code = text.charCodeAt(i);
      bytes[16 + i] = 255;
      bytes[32 + i] = code & EITHER ? 32 : 0;
      bytes[48 + i] = code & 255;
    }
    kept.forEach(({ at, set }, i) => {
      bytes[CHECKS + 4 * i] = at & 255;
      bytes[CHECKS + 4 * i + 1] = set[OUTSIDE] ?? 0;
      const id = this.#set(set);
      bytes[CHECKS + 4 * i + 2] = id & 255;
      bytes[CHECKS + 4 * i + 3] = id >>> 8;
    });
    return bytes;
  }

  #set(set: PlaceSet): number {
    const bits = new Uint8Array(32);
    for (let byte = 0; byte < 256; byte += 1)
      if (set[byte]) bits[byte >>> 3] = (bits[byte >>> 3] ?? 0) | (1 << (byte & 7));
    const key = bits.join();
    const known = this.#sets.get(key);
    if (known !== undefined) return known;
    this.#sets.set(key, this.#setBytes.length);
    return this.#setBytes.push(bits) - 1;
  }

  #writeGroups(tables: Uint8Array, at: number): void {
    const words = new Uint32Array(tables.buffer);
    for (const [index, { before, after }] of this.#places.entries()) {
      const group = at + Math.floor(index / GROUP) * ROW * PLACES;
      const lane = (group >>> 2) + ((index % GROUP) >>> 5);
      for (let place = 0; place < PLACES; place += 1) {
        const set = place < BEHIND ? before[BEHIND - 1 - place] : after[place - BEHIND];
        for (let byte = 0; byte <= OUTSIDE; byte += 1) {
          const word = lane + ((place * ROW) >>> 2) + 4 * byte;
          if (set === undefined || set[byte]) words[word] = ((words[word] ?? 0) | (1 << (index & 31))) >>> 0;
        }
      }
      this.#writeStart(tables, before[0], after[0]);
    }
  }

  /** The bytes at which a look around is worth it, by whether something is asked of the byte before. */
  #writeStart(tables: Uint8Array, before: PlaceSet | undefined, first: PlaceSet | undefined): void {
    const [starts, befores] = STARTS[startKind(before)];
    for (let byte = 0; byte < 256; byte += 1) {
      if (first === undefined || first[byte]) {
        if (byte > 127) new Uint32Array(tables.buffer)[HEADER.high] = 0xffffffff;
        else allow(tables, starts, byte);
      }
      if (befores !== null && before?.[byte] && byte < 128) allow(tables, befores, byte);
    }
    // What lies before the text in memory.
    if (befores !== null) allow(tables, befores, NEWLINE);
  }
}

const STARTS = {
  free: [FREE_STARTS, null],
  number: [NUMBER_STARTS, NUMBERS],
  edge: [EDGE_STARTS, EDGES],
} as const;

/** An ASCII byte into a set of which the low half of a byte is the index and the high half a bit. */
function allow(tables: Uint8Array, at: number, byte: number): void {
  tables[at + (byte & 15)] = (tables[at + (byte & 15)] ?? 0) | (1 << (byte >>> 4));
}

function hashOfText(window: string): number {
  const [a = 0, b = 0, c = 0] = [...foldedBytes(window)].map((byte) => byte | 32);
  return hashOf(a | (b << 8) | (c << 16));
}
