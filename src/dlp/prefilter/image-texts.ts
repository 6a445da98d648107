/**
 * The texts' part of the tables: what each rule that has the text asks for around it; image-lists.ts says which window leads to which.
 * Rules of the same text share it, and the bytes that tell most of them apart are looked up for all of them at once.
 */

import { EITHER } from './coded-text.ts';
import { itemsIn, type Lists, listsOf, writeLists } from './image-lists.ts';
import type { Check, Room, TextEntry } from './image-parts.ts';
import { CHECKS, FOLDS, ITEM_SIZE, LOOKUP_SIZE, MOST_CHECKS, MOST_RULES, RULE_SIZE, TEXT_SIZE } from './layout.ts';
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
  readonly #lists: Lists;
  readonly #sets = new SetTable();
  readonly #automatonAt: (automaton: Uint8Array | null) => number;
  readonly #lookupsAt: number[] = [];
  #at: Places = { texts: 0, lists: 0, rules: 0, sets: 0 };

  constructor(entries: readonly TextEntry[], automatonAt: (automaton: Uint8Array | null) => number) {
    this.#groups = groupsOf(entries);
    this.#lists = listsOf(this.#groups.map(({ members }) => members.map(({ entry }) => entry)));
    this.#automatonAt = automatonAt;
    for (const { members, lookups } of this.#groups)
      for (const member of members) for (const { set } of checksLeft(member, lookups)) this.#sets.add(set);
    if (this.#groups.length > 0xffff || itemsIn(this.#lists) > 0xffff)
      throw new RangeError('too many rules for one scanner');
  }

  /** Hits that one place can have. */
  get mostAtOnce(): number {
    const rules = (text: number) => (this.#groups[text] as Group).members.length;
    return Math.max(
      0,
      ...[...this.#lists.values()].map((items) => items.reduce((sum, { text }) => sum + rules(text), 0)),
    );
  }

  place(room: Room): Places {
    const members = this.#groups.reduce((sum, group) => sum + group.members.length, 0);
    this.#at = {
      texts: room.take(this.#groups.length * TEXT_SIZE),
      lists: room.take(itemsIn(this.#lists) * ITEM_SIZE),
      rules: room.take(members * RULE_SIZE),
      sets: room.take(this.#sets.all.length * 32),
    };
    for (const { lookups } of this.#groups) this.#lookupsAt.push(room.take(lookups.length * LOOKUP_SIZE));
    return this.#at;
  }

  write(tables: Uint8Array): void {
    writeLists(tables, this.#at.lists, this.#lists);
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
