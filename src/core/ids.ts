/** Identifiers: ULIDs (48-bit time, 80-bit randomness, Crockford base32), prefixed by what they name. */

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** `d` decision, `c` control change, `t` task, `p` pass, `f` flow, `e` other events. */
export type IdPrefix = 'd' | 'c' | 't' | 'p' | 'f' | 'e';

/** Makes `<prefix>_<26 characters>`. `random` holds 10 bytes; `now` is epoch ms. Pure: the edge supplies both. */
export function ulid(prefix: IdPrefix, now: number, random: Uint8Array): string {
  return `${prefix}_${timeText(now)}${fiveBytes(random, 0)}${fiveBytes(random, 5)}`;
}

/** Two characters for each ten bits. */
const PAIRS = Array.from({ length: 1024 }, (_, n) => `${ALPHABET[n >>> 5]}${ALPHABET[n & 31]}`);

let last = { now: Number.NaN, text: '' };

/** Ids of one millisecond share theirs. */
function timeText(now: number): string {
  if (now === last.now) return last.text;
  let text = '';
  let rest = now;
  for (let i = 0; i < 5; i += 1) {
    text = PAIRS[rest % 1024] + text;
    rest = Math.floor(rest / 1024);
  }
  last = { now, text };
  return text;
}

/** Forty bits as eight characters. */
function fiveBytes(of: Uint8Array, at: number): string {
  const byte = (i: number): number => of[at + i] as number;
  const high = (byte(0) << 12) | (byte(1) << 4) | (byte(2) >>> 4);
  const low = ((byte(2) & 15) << 16) | (byte(3) << 8) | byte(4);
  return `${PAIRS[high >>> 10]}${PAIRS[high & 1023]}${PAIRS[low >>> 10]}${PAIRS[low & 1023]}`;
}
