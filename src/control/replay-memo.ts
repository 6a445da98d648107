/**
 * Recognises records that differ from one that was found right only in what no decision depends on: agents ask for the
 * same things again and again. Such a record is right too while nothing that it depends on has ended, and need not be
 * parsed.
 *
 * It works on the canonical JSON of entries (RFC 8785: keys sorted, no spaces), in which a quote inside a string is
 * escaped, so that a key with its quotes is found nowhere but as a key.
 */

import { hash } from 'node:crypto';

/** Keys whose values are left out of the comparison, in the order in which they stand; none of these holds a comma. */
const CUTS = ['id', 'now', 'path_hash', 'parent', 'time'].map((name) => ({ name, key: Buffer.from(`,"${name}":`) }));
const COMMA = 0x2c;
const DECISION = Buffer.from('"type":"decision"');
/** Records remembered; some 10 MB. */
const MAX_KNOWN = 65_536;
const MAX_BYTES = 4096;

/**
 * Recognising costs a third of deciding again, so it pays only where more than so many records are recognised. Where they are
 * not, it rests, and looks again now and then.
 */
const WORTH = 3 / 8;
const LOOK = { tries: 32_768, judged: 4096, rest: 131_072 } as const;

/** A record without what does not matter, by its digest. */
export interface Likeness {
  readonly key: string;
  /** Epoch ms, of its input. */
  readonly now: number;
}

export class ReplayMemo {
  readonly #known = new Map<string, { from: number; until: number }>();
  readonly #scratch = Buffer.allocUnsafe(MAX_BYTES);
  /** Records to look at until it is judged whether looking pays; negative while it rests. */
  #left: number = LOOK.tries;
  #hits = 0;

  /** Null for what is no decision of the usual form, and while too few are alike. */
  likeness(bytes: Buffer): Likeness | null {
    if (bytes.length > MAX_BYTES || this.#rests()) return null;
    let length = 0;
    let at = 0;
    let now = Number.NaN;
    for (const { name, key } of CUTS) {
      const found = bytes.indexOf(key, at);
      if (found < 0) return null;
      const begin = found + key.length;
      const end = bytes.indexOf(COMMA, begin);
      if (end < 0) return null;
      if (name === 'now') now = Number(bytes.toString('latin1', begin, end));
      length += bytes.copy(this.#scratch, length, at, begin);
      at = end;
    }
    if (bytes.indexOf(DECISION, at) < 0 || !Number.isSafeInteger(now)) return null;
    length += bytes.copy(this.#scratch, length, at);
    return { key: hash('sha256', this.#scratch.subarray(0, length), 'base64'), now };
  }

  /** Was one like it found right, at an instant from which that holds until its own? */
  knows({ key, now }: Likeness): boolean {
    const known = this.#known.get(key);
    const right = known !== undefined && now >= known.from && now < known.until;
    if (right && this.#left < LOOK.judged) this.#hits += 1;
    return right;
  }

  #rests(): boolean {
    if (this.#left < 0) {
      this.#left += 1;
      if (this.#left === 0) this.#left = LOOK.tries;
      return true;
    }
    if (this.#left > 0) this.#left -= 1;
    else {
      this.#left = this.#hits < LOOK.judged * WORTH ? -LOOK.rest : LOOK.tries;
      this.#hits = 0;
    }
    return this.#left < 0;
  }

  /** `until` is exclusive. */
  add({ key, now }: Likeness, until: number): void {
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(key, { from: now, until });
  }
}
