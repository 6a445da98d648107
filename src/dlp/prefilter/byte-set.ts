/** Sets of bytes, as regular expressions over UTF-8 use them. */

/** 256 flags, and whether a character of several bytes may stand here too. */
export interface ByteSet {
  readonly has: Uint8Array;
  /** True when the set holds characters beyond ASCII: then it is 1 to 4 bytes long. */
  readonly wide: boolean;
}

export const WORD = setOf([
  [48, 57],
  [65, 90],
  [95, 95],
  [97, 122],
]);
export const DIGIT = setOf([[48, 57]]);
export const SPACE = setOf([
  [9, 10],
  [12, 13],
  [32, 32],
]);

/** Under (?i) the long s is also `s` and `S`, the Kelvin sign `k` and `K`: no other letters fold so, in RE2 as in Unicode. */
const FOLDED_INTO_ASCII = [
  [0x17f, 'sS'],
  [0x212a, 'kK'],
] as const;

function addFolded(has: Uint8Array, from: number, to: number): void {
  for (const [code, letters] of FOLDED_INTO_ASCII)
    if (from <= code && code <= to) for (const letter of letters) has[letter.charCodeAt(0)] = 1;
}

/** A set from ranges of code points, both ends in it. */
export function setOf(ranges: readonly (readonly [number, number])[], fold = false): ByteSet {
  const has = new Uint8Array(256);
  let wide = false;
  for (const [from, to] of ranges) {
    for (let code = from; code <= Math.min(to, 127); code += 1) {
      has[code] = 1;
      if (fold && isLetter(code)) has[code ^ 32] = 1;
    }
    if (fold) addFolded(has, from, to);
    if (to > 127) wide = true;
  }
  return wide ? widened(has) : { has, wide };
}

/** Everything that is not in it; always wide, as most characters are not ASCII. */
export function negated(set: ByteSet): ByteSet {
  return widened(set.has.map((flag, code) => (code < 128 && flag === 0 ? 1 : 0)));
}

export function union(a: ByteSet, b: ByteSet): ByteSet {
  return { has: a.has.map((flag, i) => flag | (b.has[i] ?? 0)), wide: a.wide || b.wide };
}

/** The bytes of characters beyond ASCII are all taken to be possible: too much rather than too little. */
function widened(has: Uint8Array): ByteSet {
  return { has: has.map((flag, code) => (code > 127 ? 1 : flag)), wide: true };
}

export const isLetter = (code: number): boolean => (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
