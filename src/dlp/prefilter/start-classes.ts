/**
 * Sixteen classes of bytes by which the beginnings of places are told apart: as many as one shuffle looks up. Digits, capitals and signs
 * that some places ask for and others do not are kept apart as far as that tells most; see image-places.ts.
 */

import type { PlaceEntry } from './image-parts.ts';
import { CLASSIFIED, FIRST_CLASSIFIED, START_BYTES } from './layout.ts';
import { OUTSIDE, type PlaceSet } from './set-sequence.ts';
import { chanceOfByte } from './text-model.ts';

export const MOST_CLASSES = 16;

/** What stands before a place, then its first bytes; undefined where anything may. */
export function startSets({ before, after }: PlaceEntry): readonly (PlaceSet | undefined)[] {
  return [before[0], ...Array.from({ length: START_BYTES }, (_, i) => after[i])];
}

/** Bytes of one class. */
interface Cell {
  readonly bytes: readonly number[];
  readonly chance: number;
  /** By set: whether it has one of them. */
  readonly has: Uint8Array;
}

/** By byte, and for what is beyond the text: its class. Control characters, bytes beyond ASCII and the outside are in class 0. */
export function startClasses(places: readonly PlaceEntry[]): Uint8Array {
  const asked = new Asked(places);
  const classes = new Uint8Array(OUTSIDE + 1);
  for (const [index, { bytes }] of joined(cellsOf(asked.sets), asked).entries())
    for (const byte of bytes) classes[byte] = index;
  return classes;
}

/**
 * By how much a place that is rarer than others counts less: by its full chance, what is rare is no longer told apart at all and then is
 * rare no more; if all counted the same, what is met often would be told apart no better. Measured by what is let through.
 */
const RARE = 0.25;

/** What places ask for: their sets of bytes, each once. */
class Asked {
  readonly sets: PlaceSet[] = [];
  /** By place: the numbers of its sets. */
  readonly #places: (readonly number[])[];

  constructor(places: readonly PlaceEntry[]) {
    const numbers = new Map<string, number>();
    const numberOf = (set: PlaceSet) => {
      const key = set.join('');
      const number = numbers.get(key) ?? this.sets.push(set) - 1;
      numbers.set(key, number);
      return number;
    };
    this.#places = places.map((place) => startSets(place).flatMap((set) => (set === undefined ? [] : [numberOf(set)])));
  }

  /** By set: what it costs that it has bytes more, for each place of ordinary text where they stand, as far as classes are joined. */
  weights(cells: readonly Cell[]): Float64Array {
    const chances = new Float64Array(this.sets.length);
    for (const { chance, has } of cells)
      for (const set of chances.keys()) if (has[set]) (chances[set] as number) += chance;
    const weights = new Float64Array(this.sets.length);
    for (const sets of this.#places) {
      const chance = sets.reduce((product, set) => product * (chances[set] as number), 1) ** RARE;
      for (const set of sets)
        if (chances[set]) weights[set] = (weights[set] as number) + chance / (chances[set] as number);
    }
    return weights;
  }
}

/** Bytes that no set tells apart; first of all what is in class 0. */
function cellsOf(sets: readonly PlaceSet[]): Cell[] {
  const isTold = (byte: number) => byte >= FIRST_CLASSIFIED && byte < FIRST_CLASSIFIED + CLASSIFIED;
  const others = Array.from({ length: OUTSIDE + 1 }, (_, byte) => byte).filter((byte) => !isTold(byte));
  const alike = new Map<string, number[]>();
  for (let byte = FIRST_CLASSIFIED; isTold(byte); byte += 1) {
    const key = sets.map((set) => set[byte]).join('');
    const bytes = alike.get(key);
    if (bytes === undefined) alike.set(key, [byte]);
    else bytes.push(byte);
  }
  return [others, ...alike.values()].map((bytes) => ({
    bytes,
    chance: sum(bytes.map((byte) => (byte === OUTSIDE ? 0 : chanceOfByte(byte)))),
    has: Uint8Array.from(sets, (set) => (bytes.some((byte) => set[byte] === 1) ? 1 : 0)),
  }));
}

/** The two of which the union lets through least more, again and again until there are few enough. */
function joined(all: readonly Cell[], asked: Asked): readonly Cell[] {
  const cells = [...all];
  while (cells.length > MOST_CLASSES) {
    const [i, j] = cheapest(cells, asked.weights(cells));
    const [one, other] = [cells[i] as Cell, cells[j] as Cell];
    cells[j] = {
      bytes: [...other.bytes, ...one.bytes],
      chance: one.chance + other.chance,
      has: one.has.map((has, set) => has | (other.has[set] as number)),
    };
    cells.splice(i, 1);
  }
  return cells;
}

function cheapest(cells: readonly Cell[], weights: Float64Array): readonly [number, number] {
  let best: readonly [number, number] = [1, 0];
  let least = Number.POSITIVE_INFINITY;
  for (let i = 1; i < cells.length; i += 1) {
    for (let j = 0; j < i; j += 1) {
      const cost = costOf(cells[i] as Cell, cells[j] as Cell, weights);
      if (cost < least) [best, least] = [[i, j], cost];
    }
  }
  return best;
}

/** What is let through more because sets that have the bytes of one have those of the other. */
function costOf(one: Cell, other: Cell, weights: Float64Array): number {
  let cost = 0;
  for (let set = 0; set < weights.length; set += 1)
    if (one.has[set] !== other.has[set]) cost += (weights[set] as number) * (one.has[set] ? other.chance : one.chance);
  return cost;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
