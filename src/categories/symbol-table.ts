/**
 * Compression of host names in the index: a table of at most 256 strings of 1–8 characters, trained on the names
 * themselves (the idea of FSST, Boncz et al. 2020). Decoding is a table walk, so a lookup compares the stored name with
 * the one asked for character by character without unpacking it. Training and coding are deterministic.
 */

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789-_.:';
const MAX_SYMBOLS = 256;
const MAX_LENGTH = 8;
const ROUNDS = 5;

/** Trains a table on a sample of names. The single characters of canonical hosts come first, so any name can be coded. */
export function trainSymbols(sample: readonly string[]): readonly string[] {
  const singles = [...ALPHABET];
  let table = new Set(singles);
  for (let round = 0; round < ROUNDS; round += 1) {
    const multi = bestSymbols(countUses(sample, table), MAX_SYMBOLS - singles.length);
    table = new Set([...singles, ...multi]);
  }
  return [...table];
}

/** Uses of each symbol, and of each pair of neighbours that would fit one symbol. */
function countUses(sample: readonly string[], table: ReadonlySet<string>): Map<string, number> {
  const uses = new Map<string, number>();
  for (const name of sample) {
    let before = '';
    for (let at = 0; at < name.length; ) {
      const symbol = longest(name, at, table);
      uses.set(symbol, (uses.get(symbol) ?? 0) + 1);
      const pair = before + symbol;
      if (before !== '' && pair.length <= MAX_LENGTH) uses.set(pair, (uses.get(pair) ?? 0) + 1);
      before = symbol;
      at += symbol.length;
    }
  }
  return uses;
}

function longest(name: string, at: number, table: ReadonlySet<string>): string {
  for (let n = Math.min(MAX_LENGTH, name.length - at); n > 1; n -= 1) {
    const candidate = name.slice(at, at + n);
    if (table.has(candidate)) return candidate;
  }
  return name.charAt(at);
}

function bestSymbols(uses: ReadonlyMap<string, number>, room: number): string[] {
  return [...uses]
    .filter(([symbol, count]) => symbol.length > 1 && count > 1)
    .map(([symbol, count]) => ({ symbol, gain: count * (symbol.length - 1) }))
    .sort((a, b) => b.gain - a.gain || (a.symbol < b.symbol ? -1 : 1))
    .slice(0, room)
    .map((s) => s.symbol);
}

/** Codes names, longest symbol first; for the compiler. */
export class SymbolEncoder {
  readonly #next: Int16Array;
  readonly #code: Int16Array;

  constructor(symbols: readonly string[]) {
    const nodes = symbols.reduce((sum, s) => sum + s.length, 1);
    this.#next = new Int16Array(nodes * 128);
    this.#code = new Int16Array(nodes).fill(-1);
    let used = 1;
    for (const [code, symbol] of symbols.entries()) {
      let node = 0;
      for (let i = 0; i < symbol.length; i += 1) {
        const edge = node * 128 + symbol.charCodeAt(i);
        if (this.#next[edge] === 0) this.#next[edge] = used++;
        node = this.#next[edge] as number;
      }
      this.#code[node] = code;
    }
  }

  /** Appends the codes of `names[from, to)`. */
  encode(names: Uint8Array, from: number, to: number, into: { readonly out: Uint8Array; at: number }): void {
    for (let p = from; p < to; ) {
      let node = 0;
      let code = -1;
      let end = p;
      for (let q = p; q < to; q += 1) {
        node = this.#next[node * 128 + (names[q] as number)] as number;
        if (node === 0) break;
        const here = this.#code[node] as number;
        if (here < 0) continue;
        code = here;
        end = q + 1;
      }
      if (code < 0) throw new RangeError('a name holds a character that no canonical host has');
      into.out[into.at++] = code;
      p = end;
    }
  }
}

/** Decodes and compares over one index's records; for lookups. */
export class SymbolDecoder {
  readonly #coded: Uint8Array;
  readonly #bytes: Uint8Array;
  readonly #start: Uint16Array;

  constructor(symbols: readonly string[], coded: Uint8Array) {
    this.#coded = coded;
    this.#start = new Uint16Array(MAX_SYMBOLS + 1);
    const bytes: number[] = [];
    for (let code = 0; code < MAX_SYMBOLS; code += 1) {
      for (const c of symbols[code] ?? '') bytes.push(c.charCodeAt(0));
      this.#start[code + 1] = bytes.length;
    }
    this.#bytes = Uint8Array.from(bytes);
  }

  /** Whether the codes at `[at, end)` spell exactly `name` from `from` on. */
  spells(at: number, end: number, name: string, from: number): boolean {
    let pos = from;
    for (let p = at; p < end; p += 1) {
      const code = this.#coded[p] as number;
      const stop = this.#start[code + 1] as number;
      for (let s = this.#start[code] as number; s < stop; s += 1) {
        if (name.charCodeAt(pos) !== this.#bytes[s]) return false;
        pos += 1;
      }
    }
    return pos === name.length;
  }

  text(at: number, end: number): string {
    let out = '';
    for (let p = at; p < end; p += 1) {
      const code = this.#coded[p] as number;
      const stop = this.#start[code + 1] as number;
      for (let s = this.#start[code] as number; s < stop; s += 1) out += String.fromCharCode(this.#bytes[s] as number);
    }
    return out;
  }
}
