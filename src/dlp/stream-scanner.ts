/** The scan of a text of any length in flat memory: windows that overlap as far as a finding reaches. */

import { addAll } from '../core/large-lists.ts';
import type { CompiledRule } from './compiled-rule.ts';
import type { RuleSet } from './compiled-rules.ts';
import { JsonPlaces } from './json-places.ts';
import { NOWHERE } from './scan.ts';
import { LAYER_LIMITS, type LayerLimits, lookInto } from './scan-layers.ts';

/** A window finds what begins in it. */
const WINDOW = 256 * 1024;
/** How far a finding may reach beyond its window; longer ones are cut there. */
const REACH = 64 * 1024;
/** How far back word boundaries, context words and the start of the line look. */
const BEHIND = 4096;
const NEWLINE = 0x0a;
/** A window is four times what a guard looks at at once, and so may be what is encoded in it. */
export const STREAM_LIMITS: LayerLimits = { ...LAYER_LIMITS, bytes: 4 * LAYER_LIMITS.bytes };

export interface Found {
  readonly rule: CompiledRule;
  readonly likelihood: string;
  /** Byte offsets in the whole text; end exclusive. */
  readonly start: number;
  readonly end: number;
  readonly from: Place;
  readonly to: Place;
}

/** Both from 1; columns in code points, from the start of the line or of the last 4 KB of it. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export class StreamScanner {
  readonly #rules: RuleSet;
  readonly #limits: LayerLimits;
  readonly #json = new JsonPlaces();
  #pieces: Uint8Array[] = [];
  #waiting = 0;
  /** The bytes since `#base`, of which the first were searched already. */
  #held = Buffer.alloc(0);
  #base = 0;
  /** Offset from which nothing was searched yet. */
  #next = 0;
  /** Of the first byte that is held. */
  #place: Place = { line: 1, column: 1 };
  #isWhole = true;

  constructor(rules: RuleSet, limits: LayerLimits = STREAM_LIMITS) {
    this.#rules = rules;
    this.#limits = limits;
  }

  /** False once more was encoded in a window than the limits let be undone. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** The bytes are kept until they are searched; do not change them. */
  push(chunk: Uint8Array): Found[] {
    this.#pieces.push(chunk);
    this.#waiting += chunk.length;
    const out: Found[] = [];
    if (this.#base + this.#held.length + this.#waiting - this.#next < WINDOW + REACH) return out;
    this.#gather();
    while (this.#base + this.#held.length - this.#next >= WINDOW + REACH)
      addAll(out, this.#search(this.#next + WINDOW));
    return out;
  }

  end(): Found[] {
    this.#gather();
    const out: Found[] = [];
    const end = this.#base + this.#held.length;
    while (this.#next < end) addAll(out, this.#search(Math.min(this.#next + WINDOW, end)));
    return out;
  }

  #gather(): void {
    this.#held = Buffer.concat([this.#held, ...this.#pieces]);
    this.#pieces = [];
    this.#waiting = 0;
  }

  /** Everything that begins before `until`. */
  #search(until: number): Found[] {
    const view = this.#held.subarray(0, until + REACH - this.#base);
    const places = new Places(view, this.#place);
    const out: Found[] = [];
    const context = { ...NOWHERE, pathAt: this.#json.over(view, this.#base) };
    const scan = lookInto(view, this.#rules, context, this.#limits);
    this.#isWhole &&= scan.isWhole;
    for (const { rule, start, end, likelihood, continues } of scan.found) {
      if (continues !== undefined) continue;
      const at = this.#base + start;
      if (at < this.#next || at >= until) continue;
      const [from, to] = [places.of(start), places.after(end)];
      out.push({ rule, likelihood, start: at, end: this.#base + end, from, to });
    }
    this.#json.goOn(view, this.#base, until);
    this.#next = until;
    const keep = Math.max(this.#base, until - BEHIND);
    this.#place = places.of(keep - this.#base);
    this.#held = this.#held.subarray(keep - this.#base);
    this.#base = keep;
    return out;
  }
}

/** Lines and columns (in characters) of offsets, of which each is looked for from the last one on. */
class Places {
  readonly #text: Buffer;
  readonly #first: Place;
  #at = 0;
  #place: Place;

  /** `first` is the place of the first byte. */
  constructor(text: Buffer, first: Place) {
    this.#text = text;
    this.#first = first;
    this.#place = first;
  }

  /** Cheap where offsets ascend. */
  of(offset: number): Place {
    this.#place = offset < this.#at ? this.#from(0, this.#first, offset) : this.#from(this.#at, this.#place, offset);
    this.#at = offset;
    return this.#place;
  }

  /** Of what is not far behind the last one. */
  after(offset: number): Place {
    return this.#from(this.#at, this.#place, offset);
  }

  #from(at: number, { line, column }: Place, offset: number): Place {
    let [lines, signs] = [line, column];
    for (let i = at; i < offset; i += 1) {
      const byte = this.#text[i] as number;
      if (byte === NEWLINE) {
        lines += 1;
        signs = 1;
      } else if ((byte & 0xc0) !== 0x80) signs += 1;
    }
    return { line: lines, column: signs };
  }
}
