/** Ethereum addresses: the case of their letters is a checksum (EIP-55), by Keccak-256 as it was before FIPS 202. */

import type { TextCheck } from './text-check.ts';

const RATE = 136;
const ROTATIONS = rotations();
const ROUND_CONSTANTS = roundConstants();
/** A lane is two words, the low one first. */
const WORDS = 50;

/** An address in one case has no checksum; one in mixed case must have the right one. */
export const eip55: TextCheck = (text) => {
  const hex = text.slice(2);
  if (!/^[0-9A-Fa-f]{40}$/.test(hex)) return false;
  if (hex === hex.toLowerCase() || hex === hex.toUpperCase()) return true;
  const hash = keccak256(new TextEncoder().encode(hex.toLowerCase()));
  return [...hex].every((c, i) => {
    const nibble = ((hash[i >> 1] ?? 0) >> (i % 2 === 0 ? 4 : 0)) & 15;
    return c < 'A' || c === (nibble >= 8 ? c.toUpperCase() : c.toLowerCase());
  });
};

/** Keccak-256 of less than 136 bytes: one block. */
function keccak256(message: Uint8Array): Uint8Array {
  const block = new Uint8Array(4 * WORDS);
  block.set(message);
  block[message.length] = 1;
  block[RATE - 1] = (block[RATE - 1] ?? 0) | 0x80;
  const view = new DataView(block.buffer);
  const state = Int32Array.from({ length: WORDS }, (_, i) => view.getInt32(4 * i, true));
  for (let i = 0; i < ROUND_CONSTANTS.length; i += 2)
    round(state, ROUND_CONSTANTS[i] as number, ROUND_CONSTANTS[i + 1] as number);
  const out = new DataView(new ArrayBuffer(32));
  for (let i = 0; i < 8; i += 1) out.setInt32(4 * i, state[i] as number, true);
  return new Uint8Array(out.buffer);
}

const parity = new Int32Array(10);
const moved = new Int32Array(WORDS);
/** Of each lane: its two neighbours' parities and where it is moved to. Of each word: the same one and two lanes on in its row. */
const lanes = Array.from({ length: 25 }, (_, lane) => [lane % 5, Math.floor(lane / 5)] as const);
const NEXT = Uint8Array.from(lanes, ([x]) => 2 * ((x + 1) % 5));
const BEFORE = Uint8Array.from(lanes, ([x]) => 2 * ((x + 4) % 5));
const TO = Uint8Array.from(lanes, ([x, y]) => 2 * (y + 5 * ((2 * x + 3 * y) % 5)));
const ONE_ON = Uint8Array.from({ length: WORDS }, (_, i) => i - (i % 10) + ((i + 2) % 10));
const TWO_ON = Uint8Array.from({ length: WORDS }, (_, i) => i - (i % 10) + ((i + 4) % 10));

/** Theta, rho and pi, chi, iota (FIPS 202, section 3.2). */
function round(state: Int32Array, low: number, high: number): void {
  for (let i = 0; i < 10; i += 1) {
    let sum = 0;
    for (let at = i; at < WORDS; at += 10) sum ^= state[at] as number;
    parity[i] = sum;
  }
  for (let lane = 0; lane < 25; lane += 1) {
    const next = NEXT[lane] as number;
    const before = BEFORE[lane] as number;
    const a = parity[next] as number;
    const b = parity[next + 1] as number;
    const one = (state[2 * lane] as number) ^ (parity[before] as number) ^ ((a << 1) | (b >>> 31));
    const two = (state[2 * lane + 1] as number) ^ (parity[before + 1] as number) ^ ((b << 1) | (a >>> 31));
    const by = ROTATIONS[lane] as number;
    if (by < 32) rotate(one, two, by, TO[lane] as number);
    else rotate(two, one, by - 32, TO[lane] as number);
  }
  for (let i = 0; i < WORDS; i += 1)
    state[i] =
      (moved[i] as number) ^ (~(moved[ONE_ON[i] as number] as number) & (moved[TWO_ON[i] as number] as number));
  state[0] = (state[0] as number) ^ low;
  state[1] = (state[1] as number) ^ high;
}

/** Two words, the low one first, to the left by less than 32 bits, into `moved`. */
function rotate(low: number, high: number, by: number, to: number): void {
  moved[to] = by === 0 ? low : (low << by) | (high >>> (32 - by));
  moved[to + 1] = by === 0 ? high : (high << by) | (low >>> (32 - by));
}

function rotations(): Uint8Array {
  const out = new Uint8Array(25);
  let [x, y] = [1, 0];
  for (let t = 0; t < 24; t += 1) {
    out[x + 5 * y] = (((t + 1) * (t + 2)) / 2) % 64;
    [x, y] = [y, (2 * x + 3 * y) % 5];
  }
  return out;
}

/** Of a linear feedback shift register (FIPS 202, algorithm 5); two words each. */
function roundConstants(): Int32Array {
  let register = 1;
  const out = new Int32Array(48);
  for (let i = 0; i < 24; i += 1) {
    for (let j = 0; j < 7; j += 1) {
      const bit = (1 << j) - 1;
      const word = 2 * i + (bit >>> 5);
      if (register & 1) out[word] = (out[word] as number) | (1 << (bit & 31));
      register = (register << 1) ^ (register >> 7 ? 0x171 : 0);
    }
  }
  return out;
}
