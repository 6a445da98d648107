/** Identifiers: ULIDs (48-bit time, 80-bit randomness, Crockford base32), prefixed by what they name. */

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** `d` decision, `c` control change, `t` task, `p` pass, `f` flow, `e` other events. */
export type IdPrefix = 'd' | 'c' | 't' | 'p' | 'f' | 'e';

/** Makes `<prefix>_<26 characters>`. `random` holds 10 bytes; `now` is epoch ms. Pure: the edge supplies both. */
export function ulid(prefix: IdPrefix, now: number, random: Uint8Array): string {
  let time = '';
  let rest = now;
  for (let i = 0; i < 10; i += 1) {
    time = ALPHABET[rest % 32] + time;
    rest = Math.floor(rest / 32);
  }
  let tail = '';
  let bits = 0;
  let held = 0;
  for (const byte of random.subarray(0, 10)) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      tail += ALPHABET[(held >>> bits) & 31];
    }
    held &= (1 << bits) - 1;
  }
  return `${prefix}_${time}${tail}`;
}
