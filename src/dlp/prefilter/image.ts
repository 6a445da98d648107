/**
 * The tables that the prefilter's inner loop walks, as bytes of one memory: they are the same for WebAssembly and for
 * TypeScript. A window of three folded bytes is hashed into a table that says which bytes may stand beside it; where they
 * do, the texts that hold it are compared, once for all rules that have the same, then the possible bytes around them, then what
 * follows by a small automaton. Places without a text are known by their first bytes, 128 rules at a time.
 */

import { classOf, HIGH_HALF, LOW_HALF } from './byte-classes.ts';
import { packedAutomaton } from './image-automata.ts';
import { type PlaceEntry, Room, type TextEntry } from './image-parts.ts';
import { writePlaces } from './image-places.ts';
import { TextTables } from './image-texts.ts';
import { AT_ONCE, CHUNK, CLASSES, GROUP, HEADER, HIGH_CLASSES, LOW_CLASSES, MARGIN, PLACES, ROW } from './layout.ts';

const OUT_ROOM = 64 * 1024;

/** Hits are the index of a text, or, beyond the texts, of a place. */
export interface Image {
  readonly tables: Uint8Array;
  /** Bytes of memory with room for text and hits. */
  readonly size: number;
  /** Where the text is put. */
  readonly textAt: number;
  readonly outAt: number;
}

export function makeImage(texts: readonly TextEntry[], places: readonly PlaceEntry[]): Image {
  const room = new Room();
  const groupCount = Math.ceil(places.length / GROUP);
  const groupsAt = room.take(groupCount * ROW * PLACES);
  const followsAt = room.take(places.length * 4);
  const automata = new Automata([...texts, ...places], room);
  const placeOf = (automaton: Uint8Array | null) => automata.placeOf(automaton);
  const textTables = new TextTables(texts, placeOf);
  const textsAt = textTables.place(room);
  // Hits of so many places, at most, are written after the limit was looked at.
  const tables = new Uint8Array(room.end);
  const outAt = room.take(OUT_ROOM + AT_ONCE * (textTables.mostAtOnce + places.length) * 8);
  const textAt = room.take(MARGIN + CHUNK + 2 * MARGIN) + 16;
  writeClasses(tables);
  textTables.write(tables);
  automata.write(tables);
  const eights = writePlaces(tables, groupsAt, places);
  new Uint32Array(tables.buffer, followsAt, places.length).set(places.map(({ automaton }) => placeOf(automaton)));
  const header = new Uint32Array(tables.buffer, 0, 16);
  header[HEADER.texts] = textsAt.texts;
  header[HEADER.sets] = textsAt.sets;
  header[HEADER.lists] = textsAt.lists;
  header[HEADER.groups] = groupsAt;
  header[HEADER.groupCount] = groupCount;
  header[HEADER.entryCount] = texts.length;
  header[HEADER.follows] = followsAt;
  header[HEADER.eights] = eights;
  header[HEADER.out] = outAt;
  header[HEADER.outLimit] = outAt + OUT_ROOM;
  return { tables, size: room.end + 64, textAt, outAt };
}

/** Each once: what follows is the same for many anchors, of other rules too. */
class Automata {
  readonly #places = new Map<Uint8Array, number>();
  readonly #packed = new Map<number, Uint8Array>();

  constructor(of: readonly { readonly automaton: Uint8Array | null }[], room: Room) {
    const alike = new Map<string, number>();
    for (const { automaton } of of) {
      if (automaton === null || this.#places.has(automaton)) continue;
      const packed = packedAutomaton(automaton);
      const key = Buffer.from(packed.buffer, packed.byteOffset, packed.length).toString('latin1');
      const place = alike.get(key) ?? room.take(packed.length);
      alike.set(key, place);
      this.#places.set(automaton, place);
      this.#packed.set(place, packed);
    }
  }

  placeOf(automaton: Uint8Array | null): number {
    return automaton === null ? 0 : (this.#places.get(automaton) ?? 0);
  }

  write(tables: Uint8Array): void {
    for (const [at, packed] of this.#packed) tables.set(packed, at);
  }
}

function writeClasses(tables: Uint8Array): void {
  tables.set(LOW_HALF, LOW_CLASSES);
  tables.set(HIGH_HALF, HIGH_CLASSES);
  for (let byte = 0; byte < 256; byte += 1) tables[CLASSES + byte] = classOf(byte);
}
