/** More numbers of Europe's registers of persons, companies and accounts, with the check digits that their issuers publish. */

import { isDate, luhn, numberOf, oneDigitOnly, weighted } from './checksums.ts';
import { digitsIn, type TextCheck } from './text-check.ts';

/** Personal codes of Estonia and Lithuania: a date, two rounds of weights. */
const balticCode: TextCheck = (text) => {
  const d = digitsIn(text);
  if (d.length !== 11 || !isDate(2000, numberOf(d.slice(3, 5)), numberOf(d.slice(5, 7)))) return false;
  const sum = (from: number) => d.slice(0, 10).reduce((all, digit, i) => all + digit * (((i + from) % 9) + 1), 0) % 11;
  const first = sum(0);
  return (d[0] ?? 0) > 0 && (first === 10 ? sum(2) % 10 : first) === d[10];
};

/** Organisation code of Estonia: eight digits, two rounds of weights. */
const eeRegister: TextCheck = (text) => {
  const d = digitsIn(text);
  const sum = (weights: readonly number[]) => weighted(d, weights) % 11;
  const first = sum([1, 2, 3, 4, 5, 6, 7]);
  return d.length === 8 && (first === 10 ? sum([3, 4, 5, 6, 7, 8, 9]) % 10 : first) === d[7];
};

/** Kennitala of Iceland: a date, with 40 added for companies; the ninth digit checks the others. */
const isKennitala: TextCheck = (text) => {
  const d = digitsIn(text);
  const day = numberOf(d.slice(0, 2));
  return (
    d.length === 10 &&
    isDate(2000, numberOf(d.slice(2, 4)), day > 40 ? day - 40 : day) &&
    (d[9] === 9 || d[9] === 0) &&
    weighted(d, [3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0
  );
};

/** JMBG and EMŠO of the states of former Yugoslavia: a date and a sum modulo 11. */
const exYuJmbg: TextCheck = (text) => {
  const d = digitsIn(text);
  if (d.length !== 13 || !isDate(2000, numberOf(d.slice(2, 4)), numberOf(d.slice(0, 2)))) return false;
  const check = (11 - (weighted(d, [7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11;
  return check % 10 === d[12];
};

/** Tax number of North Macedonia and of Montenegro, likewise. */
const yuSum: TextCheck = (text) => {
  const d = digitsIn(text);
  const weights = d.length === 8 ? [8, 7, 6, 5, 4, 3, 2] : [7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2];
  return (
    (d.length === 13 || d.length === 8) &&
    !oneDigitOnly(d) &&
    ((11 - (weighted(d, weights) % 11)) % 11) % 10 === d.at(-1)
  );
};

/** Identification number of legal units of Moldova: weights 7 3 1, modulo 10. */
const mdIdno: TextCheck = (text) => {
  const d = digitsIn(text);
  return d.length === 13 && weighted(d, [7, 3, 1, 7, 3, 1, 7, 3, 1, 7, 3, 1]) % 10 === d[12];
};

/** Tax number of Serbia: ISO 7064 MOD 11-10 is the VAT office's own. */
const rsPib: TextCheck = (text) => {
  const d = digitsIn(text);
  let product = 10;
  for (const digit of d.slice(0, -1)) product = (((digit + product) % 10 || 10) * 2) % 11;
  return d.length === 9 && (11 - product) % 10 === d[8];
};

/** INN of Russia: ten digits of a company with one check digit, twelve of a person with two. */
const ruInn: TextCheck = (text) => {
  const d = digitsIn(text);
  const check = (weights: readonly number[]) => (weighted(d, weights) % 11) % 10;
  if (oneDigitOnly(d)) return false;
  if (d.length === 10) return check([2, 4, 10, 3, 5, 9, 4, 6, 8]) === d[9];
  const eleventh = check([7, 2, 4, 10, 3, 5, 9, 4, 6, 8]);
  return d.length === 12 && eleventh === d[10] && check([3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) === d[11];
};

/** SNILS of Russia: weights 9 to 1, modulo 101. */
const ruSnils: TextCheck = (text) => {
  const d = digitsIn(text);
  return (
    d.length === 11 &&
    !oneDigitOnly(d) &&
    (weighted(d, [9, 8, 7, 6, 5, 4, 3, 2, 1]) % 101) % 100 === numberOf(d.slice(9))
  );
};

/** OGRN of Russia: the remainder of the others by 11 (13 digits) or 13 (15 digits). */
const ruOgrn: TextCheck = (text) => {
  const d = digitsIn(text);
  const modulus = d.length === 13 ? 11 : d.length === 15 ? 13 : 0;
  return modulus > 0 && (numberOf(d.slice(0, -1)) % modulus) % 10 === d.at(-1);
};

/** Taxpayer number of Ukraine: ten digits; the weights may be below zero. */
const uaRntrc: TextCheck = (text) => {
  const d = digitsIn(text);
  const rest = weighted(d, [-1, 5, 7, 9, 4, 6, 10, 5, 7]) % 11;
  return d.length === 10 && !oneDigitOnly(d) && (rest < 0 ? rest + 11 : rest) % 10 === d[9];
};

/** Register of enterprises of Ukraine: eight digits, weights by range, two rounds. */
const uaEdrpou: TextCheck = (text) => {
  const d = digitsIn(text);
  const middle = (d[0] ?? 0) >= 3 && (d[0] ?? 0) <= 5;
  const weights = middle ? [7, 1, 2, 3, 4, 5, 6] : [1, 2, 3, 4, 5, 6, 7];
  const first = weighted(d, weights) % 11;
  const second =
    weighted(
      d,
      weights.map((weight) => weight + 2),
    ) % 11;
  return d.length === 8 && !oneDigitOnly(d) && (first === 10 ? second % 10 : first) === d[7];
};

/** Payer's number of Belarus: letters stand for digits in the first two places. */
const byUnp: TextCheck = (text) => {
  const body = text.replace(/[^0-9A-Z]/g, '').replace(/^UNP/, '');
  if (!/^[1-7ABCEHKM][0-9ABCEHKMOPT][0-9]{7}$/.test(body)) return false;
  const second = /^[A-Z]{2}/.test(body) ? String('ABCEHKMOPT'.indexOf(body[1] ?? '')) : body[1];
  const values = [...`${body[0]}${second}${body.slice(2)}`].map((c) => Number.parseInt(c, 36));
  return weighted(values, [29, 23, 19, 17, 13, 7, 5, 3]) % 11 === values[8];
};

/** REGON of Poland, of nine or fourteen digits. */
const plRegonLong: TextCheck = (text) => {
  const d = digitsIn(text);
  const nine = (weighted(d, [8, 9, 2, 3, 4, 5, 6, 7]) % 11) % 10 === d[8];
  if (d.length === 9) return nine;
  return d.length === 14 && nine && (weighted(d, [2, 4, 8, 5, 0, 9, 7, 3, 6, 1, 2, 4, 8]) % 11) % 10 === d[13];
};

/** Citizen card of Portugal: Luhn over digits and letters, the odd places from the right once. */
const ptCc: TextCheck = (text) => {
  const body = text.replace(/[^0-9A-Z]/g, '');
  if (!/^[0-9]{9}[A-Z0-9]{2}[0-9]$/.test(body)) return false;
  let sum = 0;
  for (const [i, c] of [...body].reverse().entries()) {
    const value = Number.parseInt(c, 36) * (i % 2 === 0 ? 1 : 2);
    sum += i % 2 === 1 && value > 9 ? value - 9 : value;
  }
  return sum % 10 === 0;
};

/** Bank account of Norway: weights 5 4 3 2 7 6 5 4 3 2, modulo 11. */
const noAccount: TextCheck = (text) => {
  const d = digitsIn(text);
  return (
    d.length === 11 && !oneDigitOnly(d) && (11 - (weighted(d, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11 === d[10]
  );
};

/** Bank account of Spain (CCC): two check digits. */
const esCcc: TextCheck = (text) => {
  const d = digitsIn(text);
  const check = (part: readonly number[]) => {
    const rest = 11 - (weighted(part, [1, 2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11);
    return rest === 11 ? 0 : rest === 10 ? 1 : rest;
  };
  return d.length === 20 && check([0, 0, ...d.slice(0, 8)]) === d[8] && check(d.slice(10)) === d[9];
};

/** Meter point of Spain (CUPS): a remainder by 529 as two letters. */
const esCups: TextCheck = (text) => {
  const body = /^ES([0-9]{16})([A-Z]{2})/.exec(text.replace(/[^0-9A-Z]/g, ''));
  if (!body) return false;
  const rest = Number(BigInt(body[1] ?? '0') % 529n);
  const letters = 'TRWAGMYFPDXBNJZSQVHLCKE';
  return `${letters[Math.floor(rest / 23)]}${letters[rest % 23]}` === body[2];
};

/** Bank account of Czechia: both parts by weights, modulo 11. */
const czAccount: TextCheck = (text) => {
  const parts = /^(?:([0-9]{1,6})-)?([0-9]{2,10})\/[0-9]{4}$/.exec(text);
  const holds = (part: string) =>
    weighted(digitsIn(part.padStart(10, '0')), [6, 3, 7, 9, 10, 5, 8, 4, 2, 1]) % 11 === 0;
  return parts !== null && holds(parts[1] ?? '0') && holds(parts[2] ?? '0') && !/^0+$/.test(parts[2] ?? '');
};

/** Reference of a Swiss payment slip: the recursive modulo 10. */
const chReference: TextCheck = (text) => {
  const d = digitsIn(text);
  let carry = 0;
  for (const digit of d.slice(0, -1)) carry = [0, 9, 4, 6, 8, 2, 7, 1, 3, 5][(digit + carry) % 10] ?? 0;
  return d.length >= 15 && d.length <= 27 && (10 - carry) % 10 === d.at(-1);
};

/** School number of the Netherlands: the eleven test with a remainder of five. */
const nlSchool: TextCheck = (text) => {
  const d = digitsIn(text);
  const rest = weighted(d, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11;
  return d.length === 9 && d[0] === 1 && d[1] === 0 && (rest + 11) % 11 === 5;
};

/** Pupil number of England: a letter by the remainder by 23. */
const ukUpn: TextCheck = (text) => {
  const alphabet = 'ABCDEFGHJKLMNPQRTUVWXYZ0123456789';
  let sum = 0;
  for (let i = 1; i < 13; i += 1) sum += (i + 1) * alphabet.indexOf(text[i] ?? 'A');
  return alphabet[sum % 23] === text[0];
};

/** Health insurance number of Germany: the letter as two digits, weights 1 and 2, sums of digits, modulo 10. */
const deKvnr: TextCheck = (text) => {
  const letter = text.charCodeAt(0) - 64;
  const d = [Math.floor(letter / 10), letter % 10, ...digitsIn(text)];
  let sum = 0;
  for (let i = 0; i < 10; i += 1) {
    const product = (d[i] ?? 0) * (i % 2 === 0 ? 1 : 2);
    sum += Math.floor(product / 10) + (product % 10);
  }
  return d.length === 11 && letter >= 1 && letter <= 26 && sum % 10 === d[10];
};

/** Personal number of Hungary: weights 1 to 10, since 1997 10 to 1, modulo 11. */
const huPersonal: TextCheck = (text) => {
  const d = digitsIn(text);
  const up = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  return d.length === 11 && [up, [...up].reverse()].some((weights) => weighted(d, weights) % 11 === d[10]);
};

/** Tax number of Serbia, of nine digits, or of Montenegro, of eight. */
const pib: TextCheck = (text) =>
  digitsIn(text).length === 9 ? rsPib(text) : digitsIn(text).length === 8 && yuSum(text);

/** An account of Spain, as an IBAN or without its first four signs. */
const esAccount: TextCheck = (text) => esCcc(text.replace(/^ES[0-9]{2}[ -]?/, ''));

/** Ten digits by Luhn, a prefix or a suffix of a state around them. */
const luhnTen: TextCheck = (text) => luhn(digitsIn(text).slice(0, 10));

/** Nine digits or more, the last by Luhn. */
const luhnDigits: TextCheck = (text) => luhn(digitsIn(text));

export const EUROPEAN_REGISTERS = {
  'baltic-code': balticCode,
  'ee-register': eeRegister,
  'is-kennitala': isKennitala,
  'ex-yu-jmbg': exYuJmbg,
  'yu-sum': yuSum,
  'md-idno': mdIdno,
  'ru-inn': ruInn,
  'ru-snils': ruSnils,
  'ru-ogrn': ruOgrn,
  'ua-rntrc': uaRntrc,
  'ua-edrpou': uaEdrpou,
  'by-unp': byUnp,
  'pl-regon-long': plRegonLong,
  'pt-cc': ptCc,
  'no-account': noAccount,
  'es-cups': esCups,
  'cz-account': czAccount,
  'ch-reference': chReference,
  'nl-school': nlSchool,
  'uk-upn': ukUpn,
  'luhn-digits': luhnDigits,
  'luhn-ten': luhnTen,
  'de-kvnr': deKvnr,
  'hu-personal': huPersonal,
  pib,
  'es-account': esAccount,
} as const satisfies Record<string, TextCheck>;
