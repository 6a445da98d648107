/** Ethereum addresses: the case of their letters is a checksum (EIP-55), by Keccak-256 as it was before FIPS 202. */

import type { TextCheck } from './text-check.ts';

const LANE = 0xffff_ffff_ffff_ffffn;
const RATE = 136;
const ROTATIONS = rotations();
const ROUND_CONSTANTS = roundConstants();

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
  const block = new Uint8Array(RATE);
  block.set(message);
  block[message.length] = 1;
  block[RATE - 1] = (block[RATE - 1] ?? 0) | 0x80;
  const view = new DataView(block.buffer);
  const state = Array.from({ length: 25 }, (_, i) => (i * 8 < RATE ? view.getBigUint64(i * 8, true) : 0n));
  for (const constant of ROUND_CONSTANTS) round(state, constant);
  const out = new Uint8Array(32);
  const lanes = new DataView(out.buffer);
  for (let i = 0; i < 4; i += 1) lanes.setBigUint64(i * 8, state[i] ?? 0n, true);
  return out;
}

/** Theta, rho and pi, chi, iota (FIPS 202, section 3.2). */
function round(state: bigint[], constant: bigint): void {
  const lane = (i: number) => state[i] ?? 0n;
  const parity = [0, 1, 2, 3, 4].map((x) => lane(x) ^ lane(x + 5) ^ lane(x + 10) ^ lane(x + 15) ^ lane(x + 20));
  for (let i = 0; i < 25; i += 1) {
    state[i] = lane(i) ^ (parity[(i + 4) % 5] ?? 0n) ^ rotated(parity[(i + 1) % 5] ?? 0n, 1n);
  }
  const moved: bigint[] = [];
  for (let i = 0; i < 25; i += 1) {
    const [x, y] = [i % 5, Math.floor(i / 5)];
    moved[y + 5 * ((2 * x + 3 * y) % 5)] = rotated(lane(i), ROTATIONS[i] ?? 0n);
  }
  for (let i = 0; i < 25; i += 1) {
    const row = i - (i % 5);
    const [one = 0n, two = 0n] = [moved[row + ((i + 1) % 5)], moved[row + ((i + 2) % 5)]];
    state[i] = (moved[i] ?? 0n) ^ (~one & LANE & two);
  }
  state[0] = lane(0) ^ constant;
}

function rotated(value: bigint, by: bigint): bigint {
  return by === 0n ? value : ((value << by) | (value >> (64n - by))) & LANE;
}

function rotations(): bigint[] {
  const out: bigint[] = Array.from({ length: 25 }, () => 0n);
  let [x, y] = [1, 0];
  for (let t = 0; t < 24; t += 1) {
    out[x + 5 * y] = BigInt((((t + 1) * (t + 2)) / 2) % 64);
    [x, y] = [y, (2 * x + 3 * y) % 5];
  }
  return out;
}

/** Of a linear feedback shift register (FIPS 202, algorithm 5). */
function roundConstants(): bigint[] {
  let register = 1;
  return Array.from({ length: 24 }, () => {
    let constant = 0n;
    for (let j = 0; j < 7; j += 1) {
      if (register & 1) constant |= 1n << ((1n << BigInt(j)) - 1n);
      register = (register << 1) ^ (register >> 7 ? 0x171 : 0);
    }
    return constant;
  });
}
