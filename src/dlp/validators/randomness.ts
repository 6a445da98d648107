/**
 * Whether a value was made at random or by a person who names things. Shannon's entropy cannot tell the two apart in
 * twelve signs; which letter follows which can: `defaultToConfig` is made of what words are made of, `bSVJOaXGbEYb` is not.
 */

/**
 * How surprising a letter is behind another, in half bits as digits of base 26: a row for each first letter. Counted in
 * English prose, names in code, and words of the manuals of twenty languages.
 */
const AFTER = [
  'c988fdafagb696haf686acefde',
  '7bbb5cce7cf6cd8bg88c8efebf',
  '6ebd7eg58f89df5di9c7afihee',
  '6cca3cef5ggbdc7eh9ac9eeidg',
  'ac98bbbeagd8a5fbf568dceaef',
  '86cc77eh4jh9ed7ej9ba9hgidi',
  '7edc3eaa7hg9c99di78a8ggiff',
  '5ffd4fgg6ieacb6eh8b8ageici',
  'aa898a9hged8958bga77faieib',
  '5dba5dee8e9bcb6cfe7d7ccjgd',
  '6ede4ece7hb9db6dia889fdjdg',
  '6eda5ddf5ge7de7dhga9aehiag',
  '4aed4ffh6igc9d76ifad9ehhej',
  '7f977b6e8gcdeb8ehe75bcgide',
  'cb99ccbgcgc885a9j6899bafgf',
  '6fcd6dea8je8ee69i5a8ahfhch',
  '9fdebegeailadccdhbad1egihi',
  '6dba4ebf6jccaa7dhb88adfjce',
  '8f8e6ee97ibbdd99fe748feibe',
  '6fce4ef95jgcde7di79aageibe',
  '99ab8bbg8fe785e9j776gefdge',
  '5ece3ffh5jiddd7dkbbcdfehgj',
  '5dab5eda5kfcd97cj98dcgggbh',
  '8d7b6bed6ifbaca6fca5ceeadc',
  '7b8b8bagafc988a6ia68bfbfde',
  '6ecc3fec6igbcb8fifcb8gbjaa',
];
const SURPRISE = Uint8Array.from(AFTER.join(''), (digit) => Number.parseInt(digit, 26));

/** Half bits for what is no pair of letters. A new word in camel case, another kind of sign, a number that goes on. */
const NEW_WORD = 10;
const LETTER_AND_DIGIT = 11;
const DIGITS = 7;
const SIGN = 9;
/** The same sign again, or the next in order (`xxxx`, `1234`, `abcd`): nobody draws those. */
const IN_ORDER = 3;

/** Mean of half bits from which on a value is random: 19 of 20 drawn values of ten signs are above, 49 of 50 names below. */
const RANDOM_FROM = 9.3;

/** Above what names, words and numbers reach. Signs beyond ASCII count as any other sign. */
export function isRandomLooking(bytes: Uint8Array): boolean {
  const pairs = bytes.length - 1;
  if (pairs < 5) return false;
  let sum = 0;
  for (let i = 0; i < pairs; i += 1) sum += surprise(bytes[i] as number, bytes[i + 1] as number);
  return sum >= pairs * RANDOM_FROM;
}

function surprise(a: number, b: number): number {
  if (a === b || b === a + 1) return IN_ORDER;
  const first = letter(a);
  const second = letter(b);
  if (first >= 0 && second >= 0) return a >= 97 && b < 97 ? NEW_WORD : (SURPRISE[first * 26 + second] as number);
  const digits = Number(isDigit(a)) + Number(isDigit(b));
  if (digits === 2) return DIGITS;
  return digits === 1 && (first >= 0 || second >= 0) ? LETTER_AND_DIGIT : SIGN;
}

/** Which letter of the alphabet it is, in whatever case; -1 when none. */
function letter(byte: number): number {
  const folded = byte | 0x20;
  return folded >= 97 && folded <= 122 && byte < 0x80 ? folded - 97 : -1;
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57;
}
