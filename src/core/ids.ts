/** Identifiers: ULIDs (48-bit time, 80-bit randomness, Crockford base32), prefixed by what they name. */

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** `d` decision, `c` control change, `t` task, `p` pass, `f` flow, `e` other events. */
export type IdPrefix = 'd' | 'c' | 't' | 'p' | 'f' | 'e';

/** Makes `<prefix>_<26 characters>`. `random` holds 10 bytes; `now` is epoch ms. Pure: the edge supplies both. */
export function ulid(prefix: IdPrefix, now: number, random: Uint8Array): string {
  return `${prefix}_${timeText(now)}${fiveBytes(random, 0)}${fiveBytes(random, 5)}`;
}

const EACH = 10;
const AT_ONCE = 128;

/**
 * Makes new ids, `now` in epoch ms, of what `fill` puts into an array: randomness of an edge, drawn in blocks, as a
 * system call for each costs more than the id.
 */
export function idMaker(fill: (block: Uint8Array) => void): (prefix: IdPrefix, now: number) => string {
  const block = new Uint8Array(AT_ONCE * EACH);
  let used = block.length;
  return (prefix, now) => {
    if (used === block.length) {
      fill(block);
      used = 0;
    }
    used += EACH;
    return ulid(prefix, now, block.subarray(used - EACH, used));
  };
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
