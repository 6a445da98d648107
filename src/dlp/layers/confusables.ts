/**
 * Letters that look like those of ASCII (T-35; Unicode TR39, the few that keys are made of): full-width and mathematical forms
 * wherever they stand, lookalikes of other scripts only in words that hold ASCII as well, so that Russian stays Russian.
 */

import { lettersReplaced } from './escapes.ts';
import type { Layer } from './layer.ts';

const CYRILLIC = 'АВЕЅІЈКМНОРСТУХЗаеѕіјорсухԁԛԝһӀ';
const CYRILLIC_AS = 'ABESIJKMHOPCTYX3aesijopcyxdqwhl';
const GREEK = 'ΑΒΕΖΗΙΚΜΝΟΡΤΥΧοναρ';
const GREEK_AS = 'ABEZHIKMNOPTYXovap';

const LOOKS_LIKE: ReadonlyMap<string, string> = new Map(
  [...CYRILLIC, ...GREEK].map((letter, i) => [letter, [...CYRILLIC_AS, ...GREEK_AS][i] ?? letter]),
);
const LOOKALIKE = `[${CYRILLIC}${GREEK}]`;
const PATTERN = new RegExp(
  `[\\uff01-\\uff5e\\u{1d400}-\\u{1d7ff}]+|(?<=[0-9A-Za-z_-])${LOOKALIKE}+|${LOOKALIKE}+(?=[0-9A-Za-z_-])`,
  'gu',
);
/** First bytes of all of them in UTF-8: most text has none. */
const FIRST_BYTES = [0xef, 0xf0, 0xd0, 0xd1, 0xd3, 0xd4, 0xce, 0xcf];

export function confusableLayer(text: Buffer): Layer | null {
  if (!FIRST_BYTES.some((byte) => text.includes(byte))) return null;
  return lettersReplaced(text, { encoding: 'confusable', pattern: PATTERN, value: plain });
}

function plain(letter: string): string {
  const known = LOOKS_LIKE.get(letter) ?? letter.normalize('NFKC');
  return /^[\x21-\x7e]$/.test(known) ? known : letter;
}
