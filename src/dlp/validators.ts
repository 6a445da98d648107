/** Validators: checks on a candidate that a regular expression cannot make. Each is pure and takes the secret's bytes. */

import { classifyAddress, parseIpv4Strict } from '../core/ip-address.ts';
import type { ValidatorSpec } from './rule-schema.ts';

export type Validator = (secret: Buffer) => boolean;

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** The function of a validator's name. */
export function validatorOf(spec: ValidatorSpec): Validator {
  if (typeof spec === 'object') return (secret) => shannonEntropy(secret) >= spec.entropy.min;
  return NAMED[spec];
}

const NAMED: Record<Extract<ValidatorSpec, string>, Validator> = {
  luhn: (secret) => luhn(digitsOf(secret)),
  mod97: (secret) => mod97(secret.toString('latin1')),
  jwt: (secret) => isJwt(secret.toString('latin1')),
  'github-crc32': (secret) => githubChecksum(secret.toString('latin1')),
  verhoeff: (secret) => verhoeff(digitsOf(secret)),
  ssn: (secret) => socialSecurityNumber(digitsOf(secret)),
  'ipv4-public': (secret) => {
    const ip = parseIpv4Strict(secret.toString('latin1'));
    return ip !== null && classifyAddress(ip) === 'public';
  },
};

function digitsOf(secret: Buffer): number[] {
  const out: number[] = [];
  for (const byte of secret) if (byte >= 48 && byte <= 57) out.push(byte - 48);
  return out;
}

/** Bits per byte, by frequency of bytes (Shannon). */
export function shannonEntropy(bytes: Uint8Array): number {
  const counts = new Map<number, number>();
  for (const byte of bytes) counts.set(byte, (counts.get(byte) ?? 0) + 1);
  let sum = 0;
  for (const n of counts.values()) sum -= (n / bytes.length) * Math.log2(n / bytes.length);
  return sum;
}

/** ISO/IEC 7812-1 annex B. A run of one digit passes the sum and is never a card. */
export function luhn(digits: readonly number[]): boolean {
  if (digits.length < 2 || new Set(digits).size === 1) return false;
  let sum = 0;
  for (const [i, digit] of [...digits].reverse().entries()) {
    const twice = i % 2 === 1 ? digit * 2 : digit;
    sum += twice > 9 ? twice - 9 : twice;
  }
  return sum % 10 === 0;
}

/** ISO 7064 MOD 97-10 as IBAN uses it (ISO 13616). */
export function mod97(text: string): boolean {
  const compact = text.replace(/[\s-]/g, '').toUpperCase();
  if (compact.length < 15) return false;
  let rest = 0;
  for (const c of compact.slice(4) + compact.slice(0, 4)) {
    const value = Number.parseInt(c, 36);
    if (Number.isNaN(value)) return false;
    rest = (value > 9 ? rest * 100 + value : rest * 10 + value) % 97;
  }
  return rest === 1;
}

/** Three base64url parts of which the first is a JSON object that names an algorithm (RFC 7519). */
export function isJwt(text: string): boolean {
  const [head = '', body = ''] = text.split('.');
  try {
    const header: unknown = JSON.parse(Buffer.from(head, 'base64url').toString('utf8'));
    return typeof header === 'object' && header !== null && 'alg' in header && body.length > 0;
  } catch {
    return false;
  }
}

/** GitHub's tokens end in six base62 digits of the CRC-32 of the thirty before them. */
export function githubChecksum(token: string): boolean {
  const body = token.slice(token.indexOf('_') + 1);
  if (body.length !== 36) return false;
  let sum = crc32(body.slice(0, 30));
  let text = '';
  for (let i = 0; i < 6; i += 1) {
    text = (BASE62[sum % 62] ?? '') + text;
    sum = Math.floor(sum / 62);
  }
  return text === body.slice(30);
}

function crc32(text: string): number {
  let crc = 0xffff_ffff;
  for (let i = 0; i < text.length; i += 1) {
    crc ^= text.charCodeAt(i);
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb8_8320 : crc >>> 1;
  }
  return (crc ^ 0xffff_ffff) >>> 0;
}

/** Dihedral group D5 (Verhoeff, 1969), as Aadhaar uses it. */
export function verhoeff(digits: readonly number[]): boolean {
  if (digits.length < 2) return false;
  let check = 0;
  for (const [i, digit] of [...digits].reverse().entries()) check = D5[check]?.[PERMUTE[i % 8]?.[digit] ?? 0] ?? 0;
  return check === 0;
}

const D5 = Array.from({ length: 10 }, (_, a) => Array.from({ length: 10 }, (_, b) => d5(a, b)));
const PERMUTE = permutations();

function d5(a: number, b: number): number {
  if (a < 5) return b < 5 ? (a + b) % 5 : 5 + ((a + b) % 5);
  return b < 5 ? 5 + ((a - b + 5) % 5) : (a - b + 5) % 5;
}

function permutations(): number[][] {
  const first = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
  const rows = [Array.from({ length: 10 }, (_, i) => i)];
  for (let i = 1; i < 8; i += 1) rows.push((rows[i - 1] ?? []).map((n) => first[n] ?? 0));
  return rows;
}

/** Numbers that the Social Security Administration has never issued are not findings. */
export function socialSecurityNumber(digits: readonly number[]): boolean {
  const text = digits.join('');
  const [area, group, serial] = [text.slice(0, 3), text.slice(3, 5), text.slice(5)];
  return text.length === 9 && area !== '000' && area !== '666' && area < '900' && group !== '00' && serial !== '0000';
}
