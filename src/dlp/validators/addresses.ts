/** Addresses of ledgers, vehicles and phones: their own checksums. */

import { classifyAddress, parseIpv4Strict, parseIpv6 } from '../../core/ip-address.ts';
import { sha256Hex } from '../../core/sha256.ts';
import { luhn } from './checksums.ts';
import { eip55 } from './eip55.ts';
import { digitsIn, type TextCheck } from './text-check.ts';

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const BECH32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';

/** Base58Check (Bitcoin and its kin): 25 bytes, the last four are the double SHA-256 of the others. */
const base58check: TextCheck = (text) => {
  // 25 bytes are 35 digits at most; numbers without bound cost the square of their length.
  if (text.length > 35) return false;
  let value = 0n;
  for (const c of text) {
    const digit = BASE58.indexOf(c);
    if (digit < 0) return false;
    value = value * 58n + BigInt(digit);
  }
  const hex = value.toString(16).padStart(50, '0');
  if (hex.length !== 50) return false;
  const twice = sha256Hex(bytesOf(sha256Hex(bytesOf(hex.slice(0, 42)))));
  return twice.startsWith(hex.slice(42));
};

/** Bech32 and Bech32m (BIP 173, BIP 350). */
const bech32: TextCheck = (given) => {
  const text = given.toLowerCase();
  const at = text.lastIndexOf('1');
  if (at < 1 || at + 7 > text.length) return false;
  const prefix = [...text.slice(0, at)].map((c) => c.charCodeAt(0));
  const data = [...text.slice(at + 1)].map((c) => BECH32.indexOf(c));
  if (data.includes(-1)) return false;
  const sum = polymod([...prefix.map((c) => c >> 5), 0, ...prefix.map((c) => c & 31), ...data]);
  return sum === 1 || sum === 0x2bc830a3;
};

function polymod(values: readonly number[]): number {
  const generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
  let sum = 1;
  for (const value of values) {
    const top = sum >>> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ value;
    for (let i = 0; i < 5; i += 1) if ((top >>> i) & 1) sum ^= generator[i] ?? 0;
  }
  return sum >>> 0;
}

function bytesOf(hex: string): Uint8Array {
  const out = new Uint8Array(hex.length / 2);
  for (let i = 0; i < out.length; i += 1) out[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  return out;
}

const VIN_VALUES: Readonly<Record<string, number>> = Object.fromEntries(
  [...'ABCDEFGH', ...'JKLMN', 'P', 'R', ...'STUVWXYZ'].map((letter) => {
    const base = letter <= 'H' ? 65 : letter <= 'R' ? 73 : 81;
    return [letter, letter.charCodeAt(0) - base + (letter >= 'S' ? 0 : letter >= 'J' ? 0 : 1)];
  }),
);

/** Vehicle identification number (49 CFR 565): the ninth character checks the others. */
const vin: TextCheck = (text) => {
  const weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
  let sum = 0;
  for (let i = 0; i < 17; i += 1) {
    const c = text[i] ?? '';
    sum += (c >= '0' && c <= '9' ? Number(c) : (VIN_VALUES[c] ?? 0)) * (weights[i] ?? 0);
  }
  return '0123456789X'[sum % 11] === text[8];
};

/** IMEI: fifteen digits, Luhn. Sixteen are one with the version of its software in place of the check digit. */
const imei: TextCheck = (text) => {
  const digits = digitsIn(text);
  return digits.length === 16 ? text.includes('-') : digits.length === 15 && luhn(digits);
};

const ipv4Public: TextCheck = (text) => {
  const ip = parseIpv4Strict(text);
  return ip !== null && classifyAddress(ip) === 'public';
};

const ipAny: TextCheck = (text) => {
  const bare = text.replace(/[/%].*$/, '');
  return (bare.includes(':') ? parseIpv6(bare) : parseIpv4Strict(bare)) !== null;
};

/** E.164 numbers have at most fifteen digits; one digit over and over is no number. */
const phone: TextCheck = (text) => {
  const digits = digitsIn(text);
  return digits.length >= 7 && digits.length <= 15 && new Set(digits).size > 2;
};

export const ADDRESSES = { vin, imei, 'ipv4-public': ipv4Public, ip: ipAny, phone } as const satisfies Record<
  string,
  TextCheck
>;

/** These tell upper from lower case. */
export const CASED_ADDRESSES = { base58check, bech32, eip55 } as const satisfies Record<string, TextCheck>;
