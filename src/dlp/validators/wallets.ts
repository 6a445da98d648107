/** Keys, seed phrases and addresses of ledgers beyond Bitcoin's and Ethereum's, by their own checksums. */

import { sha256Hex } from '../../core/sha256.ts';
import { BIP39_WORDS } from './bip39-words.ts';
import type { TextCheck } from './text-check.ts';

const BITCOIN_58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const RIPPLE_58 = 'rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz';
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const CASH_32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';

/** Digits of 82 bytes, the longest of these; numbers without bound cost the square of their length. */
const LONGEST_58 = 112;

/** The payload of base 58, of one of these lengths, whose last four bytes are the double SHA-256 of the others; null otherwise. */
function checked58(text: string, alphabet: string, lengths: readonly number[]): Uint8Array | null {
  if (text.length > LONGEST_58) return null;
  let value = 0n;
  for (const c of text) {
    const digit = alphabet.indexOf(c);
    if (digit < 0) return null;
    value = value * 58n + BigInt(digit);
  }
  let zeros = 0;
  while (text[zeros] === alphabet[0]) zeros += 1;
  const hex = value.toString(16);
  const bytes = Buffer.from('00'.repeat(zeros) + (hex.length % 2 === 0 ? hex : `0${hex}`), 'hex');
  const body = bytes.subarray(0, -4);
  if (!lengths.includes(body.length)) return null;
  const twice = sha256Hex(Buffer.from(sha256Hex(body), 'hex'));
  return twice.startsWith(bytes.subarray(-4).toString('hex')) ? body : null;
}

/** Private keys of Bitcoin and its kin: WIF (33 or 34 bytes) and extended keys of BIP-32 (78 bytes). */
const base58key: TextCheck = (text) => checked58(text, BITCOIN_58, [33, 34, 78]) !== null;

/** Addresses of Litecoin, Dogecoin, Dash, Zcash, Tron (21 or 22 bytes) and Tezos (23). */
const base58address: TextCheck = (text) => checked58(text, BITCOIN_58, [21, 22, 23]) !== null;

/** Addresses of the XRP ledger: their own alphabet, a zero byte and twenty. */
const ripple: TextCheck = (text) => checked58(text, RIPPLE_58, [21])?.[0] === 0;

/** Keys of Stellar (SEP-23): base 32 with CRC-16/XMODEM, low byte first. */
const stellar: TextCheck = (text) => {
  if (text.length !== 56) return false;
  let bits = 0n;
  for (const c of text) {
    const digit = BASE32.indexOf(c);
    if (digit < 0) return false;
    bits = bits * 32n + BigInt(digit);
  }
  const bytes = Buffer.from(bits.toString(16).padStart(70, '0'), 'hex');
  if (bytes.length !== 35) return false;
  let crc = 0;
  for (const byte of bytes.subarray(0, 33)) {
    crc ^= byte << 8;
    for (let i = 0; i < 8; i += 1) crc = ((crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)) & 0xffff;
  }
  return bytes.readUInt16LE(33) === crc;
};

/** Addresses of Bitcoin Cash: a polynomial over the prefix and the payload. */
const cashaddr: TextCheck = (text) => {
  const [prefix = '', body = ''] = text.toLowerCase().split(':');
  const data = [...body].map((c) => CASH_32.indexOf(c));
  if (data.length !== 42 || data.includes(-1)) return false;
  const generator = [0x98f2bc8e61n, 0x79b76d99e2n, 0xf33e5fb3c4n, 0xae2eabe2a8n, 0x1e4f43e470n];
  let sum = 1n;
  for (const value of [...[...prefix].map((c) => c.charCodeAt(0) & 31), 0, ...data]) {
    const top = sum >> 35n;
    sum = ((sum & 0x07ffffffffn) << 5n) ^ BigInt(value);
    for (const [i, one] of generator.entries()) if ((top >> BigInt(i)) & 1n) sum ^= one;
  }
  return sum === 1n;
};

/** Seed phrases (BIP-39): words of the list, the last bits the first of the SHA-256 of the others. */
const bip39: TextCheck = (text) => {
  const words = text.toLowerCase().match(/[a-z]+/g) ?? [];
  if (![12, 15, 18, 21, 24].includes(words.length)) return false;
  const indices = words.map((word) => INDEX.get(word));
  if (indices.includes(undefined)) return false;
  const bits = indices.map((index) => (index ?? 0).toString(2).padStart(11, '0')).join('');
  const length = (words.length * 11 * 32) / 33;
  const entropy = Buffer.from(
    bits.slice(0, length).replace(/.{8}/g, (byte) => Number.parseInt(byte, 2).toString(16).padStart(2, '0')),
    'hex',
  );
  const [first = 0] = Buffer.from(sha256Hex(entropy), 'hex');
  return first.toString(2).padStart(8, '0').startsWith(bits.slice(length));
};

const INDEX = new Map(BIP39_WORDS.map((word, i) => [word, i]));

/** Second line of a passport's machine-readable zone (ICAO 9303, part 4): three check digits and one over all of them. */
const mrzPassport: TextCheck = (text) => {
  const line = text.trim().split(/\s+/).at(-1) ?? '';
  const holds = (part: string, check: string | undefined) =>
    String(weighted731(part)) === (check === '<' ? '0' : check);
  return (
    line.length === 44 &&
    holds(line.slice(0, 9), line[9]) &&
    holds(line.slice(13, 19), line[19]) &&
    holds(line.slice(21, 27), line[27]) &&
    holds(line.slice(0, 10) + line.slice(13, 20) + line.slice(21, 43), line[43])
  );
};

function weighted731(text: string): number {
  let sum = 0;
  for (let i = 0; i < text.length; i += 1) {
    const value = text[i] === '<' ? 0 : Number.parseInt(text[i] ?? '0', 36);
    sum += value * ([7, 3, 1][i % 3] ?? 0);
  }
  return sum % 10;
}

export const WALLETS = {
  base58key,
  base58address,
  ripple,
  stellar,
  cashaddr,
  bip39,
  'mrz-passport': mrzPassport,
} as const satisfies Record<string, TextCheck>;
