/**
 * National numbers of Europe: the check digits that their issuers publish. Each takes the candidate as it was written,
 * separators and all, in upper case, and says whether it can be one.
 */

import { isDate, luhn, mod1110, numberOf, oneDigitOnly, weighted } from './checksums.ts';
import { digitsIn, type TextCheck } from './text-check.ts';

/** NHS number, England: ten digits, weights 10 to 2, modulo 11. */
const ukNhs: TextCheck = (text) => {
  const d = digitsIn(text);
  const check = 11 - (weighted(d, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11);
  return d.length === 10 && !oneDigitOnly(d) && check !== 10 && check % 11 === d[9];
};

/** UK unique taxpayer reference: the first digit checks the other nine. */
const ukUtr: TextCheck = (text) => {
  const d = digitsIn(text);
  return d.length === 10 && '21987654321'[weighted(d.slice(1), [6, 7, 8, 9, 10, 5, 4, 3, 2]) % 11] === String(d[0]);
};

/** German tax id: eleven digits, one digit twice or thrice among the first ten, ISO 7064 MOD 11-10. */
const deSteuerId: TextCheck = (text) => {
  const d = digitsIn(text);
  const distinct = new Set(d.slice(0, 10)).size;
  return d.length === 11 && d[0] !== 0 && (distinct === 9 || distinct === 8) && mod1110(d);
};

/** ICAO 9303 check digit, weights 7 3 1, over digits and letters (German identity card and passport). */
const mrz: TextCheck = (text) => {
  const body = text.replaceAll(' ', '');
  let sum = 0;
  for (let i = 0; i < body.length - 1; i += 1) {
    const value = Number.parseInt(body[i] ?? '', 36);
    if (Number.isNaN(value)) return false;
    sum += value * ([7, 3, 1][i % 3] ?? 0);
  }
  return sum % 10 === Number(body.at(-1));
};

/** French social security number: thirteen characters and 97 minus their remainder; Corsica counts as 19 and 18. */
const frNir: TextCheck = (text) => {
  const body = text
    .replace(/[\s.-]/g, '')
    .replace('2A', '19')
    .replace('2B', '18');
  if (!/^[1-478][0-9]{14}$/.test(body)) return false;
  const month = Number(body.slice(3, 5));
  const known = (month >= 1 && month <= 12) || (month >= 20 && month <= 42) || month >= 50;
  return known && 97 - (Number(body.slice(0, 13)) % 97) === Number(body.slice(13));
};

const OMOCODE_ODD = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

/** Italian fiscal code: the sixteenth character checks the others, odd and even places by different tables. */
const itCodiceFiscale: TextCheck = (text) => {
  if (text.length !== 16) return false;
  let sum = 0;
  for (let i = 0; i < 15; i += 1) {
    const code = text.charCodeAt(i);
    const value = code <= 57 ? code - 48 : code - 65;
    sum += i % 2 === 0 ? (OMOCODE_ODD[value] ?? 0) : value;
  }
  return text.charCodeAt(15) - 65 === sum % 26;
};

/** Italian VAT number: the Luhn sum over eleven digits. */
const itVat: TextCheck = (text) => digitsIn(text).length === 11 && luhn(digitsIn(text));

/** Spanish DNI and NIE: the letter is the remainder by 23. */
const esNif: TextCheck = (text) => {
  const body = text.replace(/[\s.-]/g, '');
  const digits = body.slice(0, -1).replace(/^[XYZ]/, (letter) => String('XYZ'.indexOf(letter)));
  return 'TRWAGMYFPDXBNJZSQVHLCKE'[Number(digits) % 23] === body.at(-1);
};

/** Portuguese NIF: nine digits, weights 9 to 2, modulo 11. */
const ptNif: TextCheck = (text) => {
  const d = digitsIn(text);
  const rest = weighted(d, [9, 8, 7, 6, 5, 4, 3, 2]) % 11;
  return d.length === 9 && !oneDigitOnly(d) && (rest < 2 ? 0 : 11 - rest) === d[8];
};

/** Dutch citizen service number: the eleven test, the last weight negative. */
const nlBsn: TextCheck = (text) => {
  const d = digitsIn(text);
  return d.length === 9 && !oneDigitOnly(d) && weighted(d, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0;
};

/**
 * Belgian national number: 97 minus the remainder, for births from 2000 with a 2 before. In a BIS number, of people outside of the
 * register, the month is 20 more, or 40 more where the sex is known.
 */
const beNationalNumber: TextCheck = (text) => {
  const d = digitsIn(text);
  const month = numberOf(d.slice(2, 4));
  if (d.length !== 11 || month > 52 || month % 20 > 12 || numberOf(d.slice(4, 6)) > 31) return false;
  const body = numberOf(d.slice(0, 9));
  const check = numberOf(d.slice(9));
  return 97 - (body % 97) === check || 97 - ((2_000_000_000 + body) % 97) === check;
};

/** Polish PESEL: weights 1 3 7 9; the month carries the century. */
const plPesel: TextCheck = (text) => {
  const d = digitsIn(text);
  const month = numberOf(d.slice(2, 4)) % 20;
  const day = numberOf(d.slice(4, 6));
  if (d.length !== 11 || month < 1 || month > 12 || day < 1 || day > 31) return false;
  return (10 - (weighted(d, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10)) % 10 === d[10];
};

/** Polish NIP: weights 6 5 7 2 3 4 5 6 7, modulo 11. */
const plNip: TextCheck = (text) => {
  const d = digitsIn(text);
  return d.length === 10 && !oneDigitOnly(d) && weighted(d, [6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 === d[9];
};

/** Polish REGON of nine digits: weights 8 9 2 3 4 5 6 7, modulo 11. */
const plRegon: TextCheck = (text) => {
  const d = digitsIn(text);
  return d.length === 9 && !oneDigitOnly(d) && (weighted(d, [8, 9, 2, 3, 4, 5, 6, 7]) % 11) % 10 === d[8];
};

/** Swedish personal number: a date (day +60 for coordination numbers) and Luhn over the last ten digits. */
const sePersonnummer: TextCheck = (text) => {
  const all = digitsIn(text);
  const d = all.length === 12 ? all.slice(2) : all;
  const day = numberOf(d.slice(4, 6)) % 60;
  return d.length === 10 && isDate(2000, numberOf(d.slice(2, 4)), day) && luhn(d);
};

/** Finnish identity code: the control character is the remainder by 31. */
const fiHetu: TextCheck = (text) => {
  const digits = text.slice(0, 6) + text.slice(7, 10);
  const known = isDate(2000, Number(text.slice(2, 4)), Number(text.slice(0, 2)));
  return known && '0123456789ABCDEFHJKLMNPRSTUVWXY'[Number(digits) % 31] === text[10];
};

/** Danish CPR: a date. Numbers issued since 2007 need not satisfy the modulo 11 sum. */
const dkCpr: TextCheck = (text) => {
  const d = digitsIn(text);
  return d.length === 10 && isDate(2000, numberOf(d.slice(2, 4)), numberOf(d.slice(0, 2)));
};

/** Norwegian birth number: two control digits, modulo 11; the day +40 for D numbers. */
const noFodselsnummer: TextCheck = (text) => {
  const d = digitsIn(text);
  if (d.length !== 11 || !isDate(2000, numberOf(d.slice(2, 4)), numberOf(d.slice(0, 2)) % 40)) return false;
  return (
    weighted(d, [3, 7, 6, 1, 8, 9, 4, 5, 2, 1]) % 11 === 0 && weighted(d, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0
  );
};

/** Swiss AHV number: an EAN-13 that begins with 756. */
const chAhv: TextCheck = (text) => {
  const d = digitsIn(text);
  if (d.length !== 13 || numberOf(d.slice(0, 3)) !== 756) return false;
  return (10 - (weighted(d, [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3]) % 10)) % 10 === d[12];
};

/** Austrian social security number: the fourth digit checks the others. */
const atSvnr: TextCheck = (text) => {
  const d = digitsIn(text);
  const month = numberOf(d.slice(6, 8));
  if (d.length !== 10 || d[0] === 0 || month < 1 || month > 15 || numberOf(d.slice(4, 6)) > 31) return false;
  return weighted(d, [3, 7, 9, 0, 5, 8, 4, 2, 1, 6]) % 11 === d[3];
};

/** Irish PPS number: weights 8 to 2 and 9 for a second letter, modulo 23. */
const iePps: TextCheck = (text) => {
  const d = digitsIn(text);
  const second = text.length > 8 ? Math.max(0, text.charCodeAt(8) - 64) : 0;
  const rest = (weighted(d, [8, 7, 6, 5, 4, 3, 2]) + second * 9) % 23;
  return 'WABCDEFGHIJKLMNOPQRSTUV'[rest] === text[7];
};

/** Greek AMKA: a date and the Luhn sum. */
const grAmka: TextCheck = (text) => {
  const d = digitsIn(text);
  return d.length === 11 && isDate(2000, numberOf(d.slice(2, 4)), numberOf(d.slice(0, 2))) && luhn(d);
};

/** Czech and Slovak birth number: divisible by 11; the month +50 for women, +20 or +70 where numbers ran out. */
const czRodneCislo: TextCheck = (text) => {
  const d = digitsIn(text);
  const month = numberOf(d.slice(2, 4)) % 50;
  const known = (month >= 1 && month <= 12) || (month >= 21 && month <= 32);
  return d.length === 10 && known && numberOf(d.slice(4, 6)) <= 31 && numberOf(d) % 11 === 0;
};

/** Romanian CNP: weights 2 7 9 1 4 6 3 5 8 2 7 9, modulo 11, ten counts as one. */
const roCnp: TextCheck = (text) => {
  const d = digitsIn(text);
  if (d.length !== 13 || !isDate(2000, numberOf(d.slice(3, 5)), numberOf(d.slice(5, 7)))) return false;
  const rest = weighted(d, [2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11;
  return (rest === 10 ? 1 : rest) === d[12];
};

/** Bulgarian EGN: weights 2 4 8 5 10 9 7 3 6, modulo 11; the month +20 or +40 for other centuries. */
const bgEgn: TextCheck = (text) => {
  const d = digitsIn(text);
  if (d.length !== 10 || !isDate(2000, numberOf(d.slice(2, 4)) % 20, numberOf(d.slice(4, 6)))) return false;
  return (weighted(d, [2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11) % 10 === d[9];
};

/** Croatian OIB: ISO 7064 MOD 11-10. */
const hrOib: TextCheck = (text) => {
  const d = digitsIn(text);
  return d.length === 11 && !oneDigitOnly(d) && mod1110(d);
};

export const EUROPEAN_IDS = {
  'uk-nhs': ukNhs,
  'uk-utr': ukUtr,
  'de-steuer-id': deSteuerId,
  mrz,
  'fr-nir': frNir,
  'it-codice-fiscale': itCodiceFiscale,
  'it-vat': itVat,
  'es-nif': esNif,
  'pt-nif': ptNif,
  'nl-bsn': nlBsn,
  'be-national-number': beNationalNumber,
  'pl-pesel': plPesel,
  'pl-nip': plNip,
  'pl-regon': plRegon,
  'se-personnummer': sePersonnummer,
  'fi-hetu': fiHetu,
  'dk-cpr': dkCpr,
  'no-fodselsnummer': noFodselsnummer,
  'ch-ahv': chAhv,
  'at-svnr': atSvnr,
  'ie-pps': iePps,
  'gr-amka': grAmka,
  'cz-rodne-cislo': czRodneCislo,
  'ro-cnp': roCnp,
  'bg-egn': bgEgn,
  'hr-oib': hrOib,
} as const satisfies Record<string, TextCheck>;
