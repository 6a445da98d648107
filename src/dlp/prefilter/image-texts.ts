/**
 * The texts' part of the tables: which window leads to which texts, and what each rule that has the text asks for around it.
 * Rules of the same text share it, and the bytes that tell most of them apart are looked up for all of them at once.
 */

import { classesOf, classOf } from './byte-classes.ts';
import { EITHER, foldedBytes } from './coded-text.ts';
import type { Check, Room, TextEntry } from './image-parts.ts';
import {
  CHECKS,
  FLAGS,
  FOLDS,
  hashOf,
  ITEM_AROUND,
  ITEM_BEFORE,
  ITEM_LAST,
  ITEM_NEXT,
  ITEM_SIZE,
  LOOKUP_SIZE,
  MOST_CHECKS,
  MOST_RULES,
  RULE_SIZE,
  SLOT_SHIFT,
  SLOTS,
  TEXT_SIZE,
} from './layout.ts';
import { OUTSIDE, type PlaceSet } from './set-sequence.ts';
import { chanceOfSet } from './text-model.ts';

/** Lookups of one text at most, how few rules need none, and how much fewer rules one has to leave. */
const MOST_LOOKUPS = 4;
const FEW_RULES = 2;
const WORTHWHILE = 0.8;

interface Member {
  readonly id: number;
  readonly entry: TextEntry;
  readonly checks: readonly (Check & { readonly chance: number })[];
}

/** Rules with the same text. */
interface Group {
  readonly members: readonly Member[];
  /** Places where all of them are told apart at once, from the start of the text. */
  readonly lookups: readonly number[];
}

/** Where its parts were placed. */
interface Places {
  readonly texts: number;
  readonly lists: number;
  readonly rules: number;
  readonly sets: number;
}

export class TextTables {
  readonly #groups: readonly Group[];
  readonly #lists: ReadonlyMap<number, readonly Item[]>;
  readonly #sets = new SetTable();
  readonly #automatonAt: (automaton: Uint8Array | null) => number;
  readonly #lookupsAt: number[] = [];
  #at: Places = { texts: 0, lists: 0, rules: 0, sets: 0 };

  constructor(entries: readonly TextEntry[], automatonAt: (automaton: Uint8Array | null) => number) {
    this.#groups = groupsOf(entries);
    this.#lists = listsOf(this.#groups);
    this.#automatonAt = automatonAt;
    for (const { members, lookups } of this.#groups)
      for (const member of members) for (const { set } of checksLeft(member, lookups)) this.#sets.add(set);
    if (this.#groups.length > 0xffff || this.#items() > 0xffff) throw new RangeError('too many rules for one scanner');
  }

  /** Hits that one place can have. */
  get mostAtOnce(): number {
    const rules = ({ group }: Item) => (this.#groups[group] as Group).members.length;
    return Math.max(0, ...[...this.#lists.values()].map((items) => items.reduce((sum, item) => sum + rules(item), 0)));
  }

  place(room: Room): Places {
    const members = this.#groups.reduce((sum, group) => sum + group.members.length, 0);
    this.#at = {
      texts: room.take(this.#groups.length * TEXT_SIZE),
      lists: room.take(this.#items() * ITEM_SIZE),
      rules: room.take(members * RULE_SIZE),
      sets: room.take(this.#sets.all.length * 32),
    };
    for (const { lookups } of this.#groups) this.#lookupsAt.push(room.take(lookups.length * LOOKUP_SIZE));
    return this.#at;
  }

  write(tables: Uint8Array): void {
    this.#writeLists(tables);
    let rule = 0;
    for (const [i, group] of this.#groups.entries()) {
      this.#writeText(tables, i, rule);
      this.#writeLookups(tables, i);
      for (const member of group.members) this.#writeRule(tables, rule++, member, group.lookups);
    }
    this.#sets.all.forEach((set, i) => {
      tables.set(set, this.#at.sets + 32 * i);
    });
  }

  #items(): number {
    return [...this.#lists.values()].reduce((sum, items) => sum + items.length, 0);
  }

  #writeLists(tables: Uint8Array): void {
    const slots = new Uint16Array(tables.buffer, SLOTS, 0x10000 >>> SLOT_SHIFT);
    const flags = new Uint16Array(tables.buffer, FLAGS, 0x10000);
    let index = 0;
    for (const [slot, items] of this.#lists) {
      slots[slot] = index;
      for (const [i, { hash, group, next, before, care, value }] of items.entries()) {
        const at = this.#at.lists + ITEM_SIZE * index++;
        tables.set([group & 255, group >>> 8], at);
        tables[at + ITEM_NEXT] = next;
        tables[at + ITEM_LAST] = i === items.length - 1 ? 1 : 0;
        tables[at + ITEM_BEFORE] = before;
        tables.set(care, at + 8);
        tables.set(value, at + 16);
        flags[hash] = (flags[hash] ?? 0) | next | (before << 8);
      }
    }
  }

  #writeText(tables: Uint8Array, index: number, firstRule: number): void {
    const { members, lookups } = this.#groups[index] as Group;
    const { text, windowAt, folds } = (members[0] as Member).entry;
    const at = this.#at.texts + index * TEXT_SIZE;
    tables.set([folds ? FOLDS : 0, windowAt, text.length, lookups.length], at);
    const words = new Uint32Array(tables.buffer, at, 4);
    words[1] = members.length;
    words[2] = this.#at.rules + firstRule * RULE_SIZE;
    words[3] = this.#lookupsAt[index] as number;
    for (let i = 0; i < text.length; i += 1) {
      const code = text.charCodeAt(i);
      tables[at + 16 + i] = 255;
      tables[at + 32 + i] = code & EITHER ? 32 : 0;
      tables[at + 48 + i] = code & 255;
    }
  }

  #writeLookups(tables: Uint8Array, index: number): void {
    const { members, lookups } = this.#groups[index] as Group;
    for (const [i, place] of lookups.entries()) {
      const words = new Int32Array(tables.buffer, (this.#lookupsAt[index] as number) + i * LOOKUP_SIZE, 1 + 257);
      words[0] = place;
      for (const [bit, { checks }] of members.entries()) {
        const set = checks.find(({ at }) => at === place)?.set;
        for (let byte = 0; byte <= OUTSIDE; byte += 1)
          if (set === undefined || set[byte]) words[1 + byte] = (words[1 + byte] as number) | (1 << bit);
      }
    }
  }

  #writeRule(tables: Uint8Array, index: number, member: Member, lookups: readonly number[]): void {
    const at = this.#at.rules + index * RULE_SIZE;
    const left = checksLeft(member, lookups);
    const words = new Uint32Array(tables.buffer, at, 3);
    words[0] = member.id;
    words[1] = this.#automatonAt(member.entry.automaton);
    words[2] = left.length;
    left.forEach((check, i) => {
      const set = this.#sets.add(check.set);
      tables.set([check.at & 255, check.set[OUTSIDE] ?? 0, set & 255, set >>> 8], at + CHECKS + 4 * i);
    });
  }
}

/** Those that its lookups have not done. */
function checksLeft({ checks }: Member, lookups: readonly number[]): readonly Check[] {
  return checks.filter(({ at }) => !lookups.includes(at)).slice(0, MOST_CHECKS);
}

function groupsOf(entries: readonly TextEntry[]): Group[] {
  const byText = new Map<string, Member[]>();
  for (const [id, entry] of entries.entries()) {
    const { text, windowAt, folds } = entry;
    const key = `${windowAt} ${folds} ${text}`;
    const members = byText.get(key) ?? [];
    byText.set(key, members);
    members.push({ id, entry, checks: entry.checks.map((check) => ({ ...check, chance: chanceOfSet(check.set) })) });
  }
  return [...byText.values()].flatMap((members) =>
    Array.from({ length: Math.ceil(members.length / MOST_RULES) }, (_, i) => {
      const part = members.slice(i * MOST_RULES, (i + 1) * MOST_RULES);
      return { members: part, lookups: part.length > FEW_RULES ? lookupsFor(part) : [] };
    }),
  );
}

/** The places that leave fewest of the rules, as far as each leaves clearly fewer. */
function lookupsFor(members: readonly Member[]): number[] {
  const places = new Set(members.flatMap(({ checks }) => checks.map(({ at }) => at)));
  const chosen: number[] = [];
  let left = members.map(() => 1);
  const sum = (chances: readonly number[]) => chances.reduce((all, chance) => all + chance, 0);
  while (chosen.length < MOST_LOOKUPS) {
    let best: { place: number; left: number[] } | null = null;
    for (const place of places) {
      const next = members.map(
        ({ checks }, i) => (left[i] ?? 1) * (checks.find(({ at }) => at === place)?.chance ?? 1),
      );
      if (best === null || sum(next) < sum(best.left)) best = { place, left: next };
    }
    if (best === null || sum(best.left) > WORTHWHILE * sum(left)) break;
    chosen.push(best.place);
    places.delete(best.place);
    left = best.left;
  }
  return chosen;
}

/** A text that a window leads to, and the classes of bytes that may stand beside the window. */
interface Item {
  readonly hash: number;
  readonly group: number;
  readonly next: number;
  readonly before: number;
  readonly care: Uint8Array;
  readonly value: Uint8Array;
}

/** By the first bits of their hashes. */
function listsOf(groups: readonly Group[]): Map<number, Item[]> {
  const lists = new Map<number, Map<string, Item>>();
  for (const [group, { members }] of groups.entries()) {
    for (const { entry } of members) {
      const next = classesAt(entry, entry.windowAt + 3);
      const before = classesAt(entry, entry.windowAt - 1);
      for (const window of entry.windows) {
        const hash = hashOfText(window);
        const items = lists.get(hash >>> SLOT_SHIFT) ?? new Map<string, Item>();
        lists.set(hash >>> SLOT_SHIFT, items);
        const around = bytesAround(entry, window);
        const key = `${group} ${around.value.join()}`;
        const same = items.get(key);
        items.set(key, {
          ...around,
          hash,
          group,
          next: next | (same?.next ?? 0),
          before: before | (same?.before ?? 0),
        });
      }
    }
  }
  return new Map([...lists].map(([slot, items]) => [slot, [...items.values()]]));
}

/** Of what may stand at a place, from the start of the text. */
function classesAt({ text, checks }: TextEntry, place: number): number {
  if (place >= 0 && place < text.length) return classOf(text.charCodeAt(place) & 255);
  return classesOf(checks.find(({ at }) => at === place)?.set);
}

/** As much as is known of the eight bytes from four before the window on, folded as the inner loop folds them. */
function bytesAround({ text, windowAt }: TextEntry, window: string): Pick<Item, 'care' | 'value'> {
  const care = new Uint8Array(8);
  const value = new Uint8Array(8);
  const first = windowAt - ITEM_AROUND;
  const put = (bytes: Uint8Array, at: number) =>
    bytes.forEach((byte, i) => {
      if (at + i < 0 || at + i > 7) return;
      care[at + i] = 255;
      value[at + i] = byte | 32;
    });
  put(foldedBytes(window), ITEM_AROUND);
  put(foldedBytes(text), -first);
  return { care, value };
}

function hashOfText(window: string): number {
  const [a = 0, b = 0, c = 0] = [...foldedBytes(window)].map((byte) => byte | 32);
  return hashOf(a | (b << 8) | (c << 16));
}

/** Sets of bytes, each once. */
class SetTable {
  readonly all: Uint8Array[] = [];
  readonly #known = new Map<string, number>();
  readonly #same = new WeakMap<PlaceSet, number>();

  add(set: PlaceSet): number {
    const same = this.#same.get(set);
    if (same !== undefined) return same;
    const bits = new Uint8Array(32);
    for (let byte = 0; byte < 256; byte += 1)
      if (set[byte]) bits[byte >>> 3] = (bits[byte >>> 3] ?? 0) | (1 << (byte & 7));
    const key = bits.join();
    const index = this.#known.get(key) ?? this.all.push(bits) - 1;
    this.#known.set(key, index);
    this.#same.set(set, index);
    return index;
  }
}
