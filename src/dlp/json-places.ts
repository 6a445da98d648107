/** Places in a text that is seen in windows: at each byte, which place of a JSON document it is. */

import type { JsonPath } from './json-path.ts';
import { type JsonKind, type JsonState, JsonTracker } from './json-tracker.ts';

/** Where a text has been followed to. */
export interface PlacesState {
  readonly tracker: JsonState;
  readonly at: number;
}

/** Places in a text that is seen in windows, one after the other. */
export class JsonPlaces {
  /** At `#at`. */
  readonly #tracker: JsonTracker;
  #at: number;

  constructor(state?: PlacesState) {
    this.#tracker = new JsonTracker(state?.tracker);
    this.#at = state?.at ?? 0;
  }

  get state(): PlacesState {
    return { tracker: this.#tracker.state, at: this.#at };
  }

  /** The place of each offset of `view`, whose first byte is byte `base` of the text. Cheapest asked in rising order. */
  over(view: Uint8Array, base: number): (offset: number) => JsonPath | null {
    return this.#asked(view, base, (tracker) => tracker?.path() ?? null);
  }

  /** Likewise, what kind of place it is. */
  kinds(view: Uint8Array, base: number): (offset: number) => JsonKind {
    return this.#asked(view, base, (tracker) => tracker?.kind() ?? 'none');
  }

  #asked<T>(view: Uint8Array, base: number, read: (tracker: JsonTracker | null) => T): (offset: number) => T {
    // In most texts nobody asks.
    let ahead: JsonTracker | null = null;
    let at = this.#at - base;
    return (offset) => {
      if (ahead === null || offset < at) {
        if (offset < this.#at - base) return read(null);
        ahead = this.#tracker.copy();
        at = this.#at - base;
      }
      ahead.advance(view, at, offset);
      at = offset;
      return read(ahead);
    };
  }

  /** Goes on to byte `until` of the text; what is before it is not asked about any more. */
  goOn(view: Uint8Array, base: number, until: number): void {
    this.#tracker.advance(view, this.#at - base, until - base);
    this.#at = until;
  }
}
