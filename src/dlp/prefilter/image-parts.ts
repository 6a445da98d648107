/** What the tables are made of: what is looked for, and room in memory. */

import { LISTS } from './layout.ts';
import type { PlaceSet } from './set-sequence.ts';

/** A text to look for. */
export interface TextEntry {
  /** Coded, of one to sixteen bytes. */
  readonly text: string;
  readonly windows: readonly string[];
  readonly windowAt: number;
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

/** Memory given out from its beginning on. */
export class Room {
  end = LISTS;

  /** Room for so many bytes, from a line of the cache on. */
  take(bytes: number): number {
    const at = this.end;
    this.end = (at + bytes + 63) & ~63;
    return at;
  }
}
