/**
 * Finds many literals in one pass: a window of four folded bytes (three for the shortest) is hashed into a table of
 * flags; only where one is set are the literals compared (Wu and Manber, "A fast algorithm for multi-pattern
 * searching", 1994, without the skip, as our literals are short).
 */

const BITS = 16;
/** Knuth's multiplicative hashing: 2^32 over the golden ratio. */
const SPREAD = 0x9e3779b1;
const FOLD = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 65 && byte <= 90 ? byte | 32 : byte));

/** Shortest literal that it takes. */
export const SHORTEST_LITERAL = 3;

interface Entry {
  readonly id: number;
  /** Folded bytes. */
  readonly bytes: Uint8Array;
  /** Where in the literal the hashed window ends. */
  readonly end: number;
}

export class LiteralScanner {
  /** Whether a window of four, of three bytes may end here. */
  readonly #four = new Uint8Array(1 << BITS);
  readonly #three = new Uint8Array(1 << BITS);
  readonly #fours = new Map<number, Entry[]>();
  readonly #threes = new Map<number, Entry[]>();
  readonly #any: boolean;

  /** Literals in lower case, a character a byte; the index of each is its id. */
  constructor(literals: readonly string[]) {
    this.#any = literals.length > 0;
    literals.forEach((text, id) => {
      const bytes = Uint8Array.from(text, (c) => c.charCodeAt(0));
      const size = bytes.length >= 4 ? 4 : 3;
      const end = rarestWindow(bytes, size);
      let window = 0;
      for (let i = end - size; i < end; i += 1) window = ((window << 8) | (bytes[i] ?? 0)) >>> 0;
      (size === 4 ? this.#four : this.#three)[hash(window)] = 1;
      const map = size === 4 ? this.#fours : this.#threes;
      const entries = map.get(window);
      if (entries) entries.push({ id, bytes, end });
      else map.set(window, [{ id, bytes, end }]);
    });
  }

  /** Calls `hit` for every occurrence, by the place where the window ends: not quite in order of position. */
  scan(text: Uint8Array, hit: LiteralHit): void {
    if (!this.#any) return;
    const four = this.#four;
    const three = this.#three;
    const fold = FOLD;
    const end = text.length;
    let window = 0;
    for (let at = 0; at < end; at += 1) {
      window = (window << 8) | (fold[text[at] as number] as number);
      const flags =
        (four[Math.imul(window, SPREAD) >>> (32 - BITS)] as number) |
        (three[Math.imul(window & 0xffffff, SPREAD) >>> (32 - BITS)] as number);
      if (flags === 0) continue;
      report(this.#fours.get(window >>> 0), text, at + 1, hit);
      report(this.#threes.get(window & 0xffffff), text, at + 1, hit);
    }
  }
}

export type LiteralHit = (id: number, at: number) => void;

function report(entries: readonly Entry[] | undefined, text: Uint8Array, windowEnd: number, hit: LiteralHit): void {
  if (entries === undefined) return;
  for (const { id, bytes, end } of entries) {
    const at = windowEnd - end;
    if (at >= 0 && at + bytes.length <= text.length && equal(text, at, bytes)) hit(id, at);
  }
}

function equal(text: Uint8Array, at: number, bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i += 1) if (FOLD[text[at + i] as number] !== bytes[i]) return false;
  return true;
}

function hash(window: number): number {
  return Math.imul(window, SPREAD) >>> (32 - BITS);
}

/** The window that ordinary text holds least: few vowels and common consonants, rather digits and signs. */
function rarestWindow(bytes: Uint8Array, size: number): number {
  let best = size;
  let least = Number.POSITIVE_INFINITY;
  for (let end = size; end <= bytes.length; end += 1) {
    let common = 0;
    for (let i = end - size; i < end; i += 1) common += COMMON[bytes[i] ?? 0] ?? 0;
    if (common < least) {
      least = common;
      best = end;
    }
  }
  return best;
}

const COMMON: Readonly<Record<number, number>> = Object.fromEntries(
  [...' etaoinsrhldcumfpgwybvkxjqz'].map((c, i) => [c.charCodeAt(0), 27 - i]),
);
