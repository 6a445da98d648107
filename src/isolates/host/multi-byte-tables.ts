/**
 * What the bytes of one character stand for in an encoding of more than one byte: by Node's own decoder, but for Hangul
 * beyond KS X 1001, which it has not, and for what it keeps for private use. Its Big5 has no HKSCS.
 */

const WRONG = '\ufffd';
const PRIVATE = /[\ue000-\uf8ff]/;

export const within = (byte: number, from: number, to: number): boolean => byte >= from && byte <= to;

/** Of each encoding, by its bytes as one number. */
const tables = new Map<string, Map<number, string | null>>();

/** Null for nothing. */
export function textOfBytes(encoding: string, bytes: readonly number[]): string | null {
  // There are more than a million of four.
  if (bytes.length > 3) return found(encoding, bytes);
  const table = tables.get(encoding) ?? new Map<number, string | null>();
  tables.set(encoding, table);
  const key = bytes.reduce((number, byte) => number * 256 + byte, 0);
  const known = table.get(key);
  if (known !== undefined) return known;
  const text = found(encoding, bytes);
  table.set(key, text);
  return text;
}

function found(encoding: string, bytes: readonly number[]): string | null {
  const own = encoding === 'euc-kr' ? korean(bytes) : undefined;
  const text = own ?? new TextDecoder(encoding).decode(Uint8Array.from(bytes));
  if (text.includes(WRONG)) return isReplacement(bytes) ? text : null;
  return (encoding === 'big5' || encoding === 'euc-kr') && PRIVATE.test(text) ? null : text;
}

/** The one way to write U+FFFD itself (GB 18030). */
function isReplacement([a, b, c, d]: readonly number[]): boolean {
  return a === 0x84 && b === 0x31 && c === 0xa4 && d === 0x37;
}

let hangul: ReadonlyMap<number, string> | null = null;

/** What Node's EUC-KR has not: two newer signs, and Unified Hangul Code. */
function korean([lead = 0, trail = 0]: readonly number[]): string | undefined {
  if (lead === 0xa2 && trail === 0xe6) return '\u20ac';
  if (lead === 0xa2 && trail === 0xe7) return '\u00ae';
  if (lead > 0xc6 || (lead > 0xa0 && trail > 0xa0)) return undefined;
  hangul ??= unifiedHangul();
  return hangul.get(lead * 256 + trail) ?? WRONG;
}

/** The syllables that KS X 1001 left out, in their order, in the places that it left free. */
function unifiedHangul(): ReadonlyMap<number, string> {
  const standard = new TextDecoder('euc-kr');
  const known = new Set<string>();
  for (let lead = 0xb0; lead <= 0xc8; lead += 1) {
    for (let trail = 0xa1; trail <= 0xfe; trail += 1) known.add(standard.decode(Uint8Array.of(lead, trail)));
  }
  const left: string[] = [];
  for (let code = 0xac00; code <= 0xd7a3; code += 1) {
    const syllable = String.fromCharCode(code);
    if (!known.has(syllable)) left.push(syllable);
  }
  return new Map(freePlaces().map((place, i) => [place, left[i] ?? WRONG]));
}

function freePlaces(): number[] {
  const places: number[] = [];
  for (let lead = 0x81; lead <= 0xc6; lead += 1) {
    for (let trail = 0x41; trail <= (lead < 0xa1 ? 0xfe : 0xa0); trail += 1) {
      if (!(within(trail, 0x5b, 0x60) || within(trail, 0x7b, 0x80))) places.push(lead * 256 + trail);
    }
  }
  return places;
}
