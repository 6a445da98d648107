/**
 * VAT numbers of the European Union and its neighbours, with the prefix of their state: each state's check digits, as the
 * Commission's VIES and the states' tax offices publish them.
 */

import { luhn, mod1110, numberOf, oneDigitOnly, weighted } from './checksums.ts';
import { digitsIn, type TextCheck } from './text-check.ts';

type Digits = readonly number[];

/** The weighted sum of all digits is a multiple. */
const multiple =
  (weights: Digits, modulus: number): TextCheck =>
  (text) => {
    const d = digitsIn(text);
    return d.length === weights.length && weighted(d, weights) % modulus === 0;
  };

/** Digits and letters without what stands between them. */
const bare = (text: string): string => text.replace(/[^0-9A-Z]/g, '');

/** UID: the Luhn sum of the digits, with an offset of four. */
const austria: TextCheck = (text) => {
  const d = digitsIn(text);
  if (d.length !== 8) return false;
  let sum = 4;
  for (let i = 0; i < 7; i += 1) {
    const twice = (d[i] ?? 0) * (i % 2 === 0 ? 1 : 2);
    sum += twice > 9 ? twice - 9 : twice;
  }
  return (10 - (sum % 10)) % 10 === d[7];
};

/** Enterprise number: 97 minus the remainder of the first eight; nine digits are written without their zero. */
const belgium: TextCheck = (text) => {
  const found = digitsIn(text);
  const d = found.length === 9 ? [0, ...found] : found;
  return d.length === 10 && (d[0] ?? 9) < 2 && 97 - (numberOf(d.slice(0, 8)) % 97) === numberOf(d.slice(8));
};

const bulgaria: TextCheck = (text) => {
  const d = digitsIn(text);
  if (d.length === 10) return bulgarianTen(d);
  if (d.length !== 9) return false;
  const first = weighted(d, [1, 2, 3, 4, 5, 6, 7, 8]) % 11;
  return (first === 10 ? (weighted(d, [3, 4, 5, 6, 7, 8, 9, 10]) % 11) % 10 : first) === d[8];
};

/** A citizen, a foreigner or another payer. */
function bulgarianTen(d: Digits): boolean {
  const citizen = (weighted(d, [2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11) % 10;
  const foreigner = weighted(d, [21, 19, 17, 13, 11, 9, 7, 3, 1]) % 10;
  const other = (11 - (weighted(d, [4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11;
  return [citizen, foreigner, other].includes(d[9] ?? -1);
}

const CYPRIOT_EVEN = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21];

const cyprus: TextCheck = (text) => {
  const d = digitsIn(text);
  const sum = d.reduce((all, digit, i) => all + (i % 2 === 0 ? (CYPRIOT_EVEN[digit] ?? 0) : digit), 0);
  return d.length === 8 && String.fromCharCode(65 + (sum % 26)) === bare(text).at(-1);
};

/** Companies by eight digits; persons by their birth number. */
const czechia: TextCheck = (text) => {
  const d = digitsIn(text);
  if (d.length !== 8) return (d.length === 9 || d.length === 10) && (d.length === 9 || numberOf(d) % 11 === 0);
  const check = (11 - (weighted(d, [8, 7, 6, 5, 4, 3, 2]) % 11)) % 11;
  return (check || 1) % 10 === d[7];
};

const greece: TextCheck = (text) => {
  const d = digitsIn(text);
  return d.length === 9 && !oneDigitOnly(d) && (weighted(d, [256, 128, 64, 32, 16, 8, 4, 2]) % 11) % 10 === d[8];
};

/** SIREN with two characters before it; two digits are a key over it. */
const france: TextCheck = (text) => {
  const body = bare(text);
  const siren = body.slice(2);
  if (body.length !== 11 || !/^[0-9]{9}$/.test(siren)) return false;
  const key = body.slice(0, 2);
  // Newer keys hold a letter, for which the tax office publishes no sum.
  if (!/^[0-9]{2}$/.test(key)) return /^[0-9A-HJ-NP-Z]{2}$/.test(key) && luhn(digitsIn(siren));
  return Number(`${siren}12`) % 97 === Number(key);
};

/** Modulo 97, or for newer numbers the same with 55 added. */
const britain: TextCheck = (text) => {
  const d = digitsIn(text);
  const rest = weighted(d, [8, 7, 6, 5, 4, 3, 2, 10, 1]) % 97;
  return (d.length === 9 || d.length === 12) && (rest === 0 || rest === 42);
};

/** Seven digits and a letter; a second letter counts nine times. The older form has its letter second. */
export const irish: TextCheck = (text) => {
  const body = bare(text);
  const old = /^([0-9])[A-Z+*]([0-9]{5})([A-W])$/.exec(body);
  const now = /^([0-9]{7})([A-W])([A-IWT]?)$/.exec(body);
  const digits = old ? `0${old[2]}${old[1]}` : (now?.[1] ?? '');
  if (digits === '') return false;
  const second = (now?.[3] ?? '').replace('T', '');
  const sum = weighted(digitsIn(digits), [8, 7, 6, 5, 4, 3, 2]) + 9 * 'WABCDEFGHI'.indexOf(second || 'W');
  return 'WABCDEFGHIJKLMNOPQRSTUV'[sum % 23] === (old?.[3] ?? now?.[2]);
};

const lithuania: TextCheck = (text) => {
  const d = digitsIn(text);
  if (d.length !== 9 && d.length !== 12) return false;
  const sum = (from: number) => d.slice(0, -1).reduce((all, digit, i) => all + digit * (((i + from) % 9) + 1), 0) % 11;
  const first = sum(0);
  return (first === 10 ? sum(2) % 10 : first) === d.at(-1) && d.at(-2) === 1;
};

const luxembourg: TextCheck = (text) => {
  const d = digitsIn(text);
  return d.length === 8 && numberOf(d.slice(0, 6)) % 89 === numberOf(d.slice(6));
};

/** Companies by their sum; persons by their code, of which only the date is sure. */
const latvia: TextCheck = (text) => {
  const d = digitsIn(text);
  if (d.length !== 11) return false;
  if ((d[0] ?? 0) > 3) return weighted(d, [9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1]) % 11 === 3;
  return (1101 - weighted(d, [1, 6, 3, 7, 9, 10, 5, 8, 4, 2])) % 11 === d[10];
};

/** The eleven test over the first nine, or for sole traders modulo 97 over all. */
const netherlands: TextCheck = (text) => {
  const body = /^([0-9]{7,9})B([0-9]{2})$/.exec(bare(text));
  if (!body) return false;
  const digits = (body[1] ?? '').padStart(9, '0');
  const eleven = weighted(digitsIn(digits), [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0;
  let rest = 0;
  for (const c of `NL${digits}B${body[2]}`) {
    const value = Number.parseInt(c, 36);
    rest = (value > 9 ? rest * 100 + value : rest * 10 + value) % 97;
  }
  return eleven || rest === 1;
};

const poland: TextCheck = (text) => {
  const d = digitsIn(text);
  return d.length === 10 && weighted(d, [6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 === d[9];
};

const portugal: TextCheck = (text) => {
  const d = digitsIn(text);
  const rest = weighted(d, [9, 8, 7, 6, 5, 4, 3, 2]) % 11;
  return d.length === 9 && d[0] !== 0 && (rest < 2 ? 0 : 11 - rest) === d[8];
};

/** Companies: up to ten digits, weights 7 5 3 2 1 7 5 3 2 from the right. */
export const romanian: TextCheck = (text) => {
  const d = digitsIn(text);
  if (d.length < 4 || d.length > 10) return false;
  const padded = [...Array.from({ length: 10 - d.length }, () => 0), ...d];
  return ((10 * weighted(padded, [7, 5, 3, 2, 1, 7, 5, 3, 2])) % 11) % 10 === padded[9];
};

/** Organisation number of Sweden: ten digits, Luhn; its VAT number adds 01. */
const sweden: TextCheck = (text) => {
  const d = digitsIn(text);
  return d.length === 12 && d[10] === 0 && d[11] === 1 && luhn(d.slice(0, 10));
};

const slovenia: TextCheck = (text) => {
  const d = digitsIn(text);
  const check = (11 - (weighted(d, [8, 7, 6, 5, 4, 3, 2]) % 11)) % 11;
  return d.length === 8 && d[0] !== 0 && check % 10 === d[7];
};

/** Spanish numbers of companies and persons. */
export const spanish: TextCheck = (text) => {
  const body = bare(text).replace(/^ES(?=.{9}$)/, '');
  if (!/^[A-Z0-9][0-9]{7}[A-Z0-9]$/.test(body)) return false;
  const person = /^[XYZKLM0-9]/.test(body);
  if (person) {
    const digits = body.slice(0, -1).replace(/^[XYZKLM]/, (letter) => String(Math.max(0, 'XYZ'.indexOf(letter))));
    return 'TRWAGMYFPDXBNJZSQVHLCKE'[Number(digits) % 23] === body.at(-1);
  }
  const d = digitsIn(body.slice(1, 8));
  const sum = d.reduce(
    (all, digit, i) => all + (i % 2 === 0 ? Math.floor((digit * 2) / 10) + ((digit * 2) % 10) : digit),
    0,
  );
  const check = (10 - (sum % 10)) % 10;
  return body.at(-1) === String(check) || body.at(-1) === 'JABCDEFGHI'[check];
};

const slovakia: TextCheck = (text) => {
  const d = digitsIn(text);
  return d.length === 10 && d[0] !== 0 && [2, 3, 4, 7, 8, 9].includes(d[2] ?? -1) && numberOf(d) % 11 === 0;
};

export const swiss: TextCheck = (text) => {
  const d = digitsIn(text);
  const check = (11 - (weighted(d, [5, 4, 3, 2, 7, 6, 5, 4]) % 11)) % 11;
  return d.length === 9 && check === d[8];
};

/** Organisation number of Norway. */
export const norwegian: TextCheck = (text) => {
  const d = digitsIn(text);
  return d.length === 9 && (11 - (weighted(d, [3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11 === d[8];
};

const germany: TextCheck = (text) => {
  const d = digitsIn(text);
  return d.length === 9 && d[0] !== 0 && mod1110(d);
};

const croatia: TextCheck = (text) => {
  const d = digitsIn(text);
  return d.length === 11 && mod1110(d);
};

const italy: TextCheck = (text) => {
  const d = digitsIn(text);
  return d.length === 11 && luhn(d);
};

/** By the two letters that a number begins with. */
const STATES: Readonly<Record<string, TextCheck>> = {
  AT: austria,
  BE: belgium,
  BG: bulgaria,
  CH: swiss,
  CY: cyprus,
  CZ: czechia,
  DE: germany,
  DK: multiple([2, 7, 6, 5, 4, 3, 2, 1], 11),
  EE: multiple([3, 7, 1, 3, 7, 1, 3, 7, 1], 10),
  EL: greece,
  ES: spanish,
  FI: multiple([7, 9, 10, 5, 8, 4, 2, 1], 11),
  FR: france,
  GB: britain,
  GR: greece,
  HR: croatia,
  HU: multiple([9, 7, 3, 1, 9, 7, 3, 1], 10),
  IE: irish,
  IT: italy,
  LT: lithuania,
  LU: luxembourg,
  LV: latvia,
  MT: multiple([3, 4, 6, 7, 8, 9, 10, 1], 37),
  NL: netherlands,
  NO: norwegian,
  PL: poland,
  PT: portugal,
  RO: romanian,
  SE: sweden,
  SI: slovenia,
  SK: slovakia,
  XI: britain,
};

/** With its prefix. */
const euVat: TextCheck = (text) => STATES[text.slice(0, 2)]?.(text.slice(2)) === true;

/** The prefix may be left out. */
const netherlandsPrefixed: TextCheck = (text) => netherlands(text.replace(/^NL/, ''));

/** Without a prefix, where the words around it say what it is: the check digits of one state or another. */
const vatBody: TextCheck = (text) => Object.values(STATES).some((check) => check(text));

export const VAT_NUMBERS = {
  'eu-vat': euVat,
  'nl-vat': netherlandsPrefixed,
  'vat-body': vatBody,
  'es-cif': spanish,
  'fi-business': multiple([7, 9, 10, 5, 8, 4, 2, 1], 11),
  'hu-tax': multiple([9, 7, 3, 1, 9, 7, 3, 1], 10),
  'dk-cvr': multiple([2, 7, 6, 5, 4, 3, 2, 1], 11),
  'gr-afm': greece,
  'ch-uid': swiss,
  'no-orgnr': norwegian,
  'ro-cui': romanian,
  'ie-tax': irish,
  'si-tax': slovenia,
  'bg-number': bulgaria,
  'lt-code': lithuania,
  'lv-code': latvia,
} as const satisfies Record<string, TextCheck>;
