/** Check digits that many numbers share. Digits are given as numbers, in order. */

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

/** Sum of digit × weight, over the shorter of both. */
export function weighted(digits: readonly number[], weights: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < weights.length && i < digits.length; i += 1) sum += (digits[i] ?? 0) * (weights[i] ?? 0);
  return sum;
}

/** ISO 7064 MOD 11-10: the last digit is the check digit (German tax id, Croatian OIB). */
export function mod1110(digits: readonly number[]): boolean {
  let product = 10;
  for (const digit of digits.slice(0, -1)) {
    const sum = (digit + product) % 10 || 10;
    product = (sum * 2) % 11;
  }
  return (11 - product) % 10 === digits.at(-1);
}

/** Every digit the same: passes many sums and is nobody's number. */
export function oneDigitOnly(digits: readonly number[]): boolean {
  return new Set(digits).size <= 1;
}

/** A day that exists. `year` is full. */
export function isDate(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1) return false;
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  return day <= (days[month - 1] ?? 0);
}

/** The digits of ASCII bytes, whatever stands between them. */
export function digitsOf(secret: Uint8Array): number[] {
  const out: number[] = [];
  for (const byte of secret) if (byte >= 48 && byte <= 57) out.push(byte - 48);
  return out;
}

/** Digits of text as a number: `number([1, 2]) === 12`. */
export function numberOf(digits: readonly number[]): number {
  return digits.reduce((sum, digit) => sum * 10 + digit, 0);
}

/**
 * Groups of four digits of which two neighbours differ by one, or all by little: a row of a table that counts, no number of
 * anybody.
 */
export function counts(text: string): boolean {
  const groups = text.split(/[^0-9]+/).filter((group) => group.length === 4);
  const steps = groups.slice(1).map((group, i) => Math.abs(Number(group) - Number(groups[i])));
  return steps.includes(1) || (steps.length > 1 && steps.every((step) => step < 32));
}
