/** Sets of bytes, as tables that are quicker to ask than anything else. */

export const LETTERS_AND_DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** One byte a character of the alphabet, 1 at each of its members. */
export function alphabet(of: string): Uint8Array {
  const set = new Uint8Array(256);
  for (const c of of) set[c.charCodeAt(0)] = 1;
  return set;
}

/** Signs of a word that could be cut out of a key: no blanks, quotes or brackets. */
export const KEY_SIGNS = alphabet(`${LETTERS_AND_DIGITS}+/-_=.~:@!$`);
