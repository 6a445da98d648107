/** National numbers outside Europe; see national-ids-europe.ts. */

import { isDate, luhn, numberOf, oneDigitOnly, verhoeff, weighted } from './checksums.ts';
import { digitsIn, type TextCheck } from './text-check.ts';

/** US social security number: ranges that were never issued are not findings. */
const ssn: TextCheck = (text) => {
  const digits = digitsIn(text).join('');
  const [area, group, serial] = [digits.slice(0, 3), digits.slice(3, 5), digits.slice(5)];
  const advertised = digits === '078051120' || digits === '123456789';
  if (digits.length !== 9 || advertised) return false;
  return area !== '000' && area !== '666' && area < '900' && group !== '00' && serial !== '0000';
};

/** US individual taxpayer number: 9xx, the group in the ranges that the IRS uses. */
const usItin: TextCheck = (text) => {
  const d = digitsIn(text);
  const group = numberOf(d.slice(3, 5));
  if (d.length !== 9 || d[0] !== 9) return false;
  return (group >= 50 && group <= 65) || (group >= 70 && group <= 88) || (group >= 90 && group !== 93);
};

/** US bank routing number: weights 3 7 1, and a district that exists. */
const usAba: TextCheck = (text) => {
  const d = digitsIn(text);
  const district = numberOf(d.slice(0, 2));
  const known =
    district <= 12 || (district >= 21 && district <= 32) || (district >= 61 && district <= 72) || district === 80;
  return d.length === 9 && known && !oneDigitOnly(d) && weighted(d, [3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 === 0;
};

/** US national provider identifier: Luhn with 80840 before it. */
const usNpi: TextCheck = (text) => {
  const d = digitsIn(text);
  return d.length === 10 && (d[0] === 1 || d[0] === 2) && luhn([8, 0, 8, 4, 0, ...d]);
};

/** US DEA registration: odd digits and twice the even ones. */
const usDea: TextCheck = (text) => {
  const d = digitsIn(text);
  return d.length === 7 && weighted(d, [1, 2, 1, 2, 1, 2]) % 10 === d[6];
};

/** Canadian social insurance number: nine digits, Luhn; none begins with 0. */
const caSin: TextCheck = (text) => digitsIn(text).length === 9 && digitsIn(text)[0] !== 0 && luhn(digitsIn(text));

/** Brazilian CPF: two digits, modulo 11. */
const brCpf: TextCheck = (text) => {
  const d = digitsIn(text);
  const check = (length: number) => {
    let sum = 0;
    for (let i = 0; i < length; i += 1) sum += (d[i] ?? 0) * (length + 1 - i);
    return ((sum * 10) % 11) % 10;
  };
  return d.length === 11 && !oneDigitOnly(d) && check(9) === d[9] && check(10) === d[10];
};

/** Brazilian CNPJ: two digits, modulo 11. */
const brCnpj: TextCheck = (text) => {
  const d = digitsIn(text);
  const check = (weights: readonly number[]) => {
    const rest = weighted(d, weights) % 11;
    return rest < 2 ? 0 : 11 - rest;
  };
  const first = [5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2];
  return d.length === 14 && !oneDigitOnly(d) && check(first) === d[12] && check([6, ...first]) === d[13];
};

/** Mexican CURP: the last digit over an alphabet with Ñ. */
const mxCurp: TextCheck = (text) => {
  const alphabet = '0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ';
  let sum = 0;
  for (let i = 0; i < 17; i += 1) sum += alphabet.indexOf(text[i] ?? '') * (18 - i);
  return (10 - (sum % 10)) % 10 === Number(text[17]);
};

/** Argentine CUIT and CUIL: weights 5 4 3 2 7 6 5 4 3 2, modulo 11. */
const arCuit: TextCheck = (text) => {
  const d = digitsIn(text);
  const check = 11 - (weighted(d, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11);
  return d.length === 11 && (check === 11 ? 0 : check) === d[10];
};

/** Chilean RUT: weights 2 to 7 from the right, modulo 11, ten is K. */
const clRut: TextCheck = (text) => {
  const body = text.replace(/[\s.-]/g, '');
  const d = digitsIn(body.slice(0, -1)).reverse();
  const check = 11 - (d.reduce((sum, digit, i) => sum + digit * (2 + (i % 6)), 0) % 11);
  return body.at(-1) === (check === 11 ? '0' : check === 10 ? 'K' : String(check));
};

/** Colombian NIT: weights from the right, modulo 11. */
const coNit: TextCheck = (text) => {
  const d = digitsIn(text);
  const rest = weighted(d.slice(0, -1).reverse(), [3, 7, 13, 17, 19, 23, 29, 37, 41]) % 11;
  return d.length === 10 && (rest < 2 ? rest : 11 - rest) === d[9];
};

/** Indian GSTIN: base 36, factors 1 and 2 in turn. */
const inGstin: TextCheck = (text) => {
  let sum = 0;
  for (let i = 0; i < 14; i += 1) {
    const product = Number.parseInt(text[i] ?? '', 36) * (i % 2 === 0 ? 1 : 2);
    sum += Math.floor(product / 36) + (product % 36);
  }
  return ((36 - (sum % 36)) % 36).toString(36).toUpperCase() === text[14];
};

/** Aadhaar: twelve digits, not beginning with 0 or 1, Verhoeff. */
const inAadhaar: TextCheck = (text) => {
  const d = digitsIn(text);
  return d.length === 12 && (d[0] ?? 0) > 1 && verhoeff(d);
};

/** Australian tax file number: weights 1 4 3 7 5 8 6 9 10, modulo 11. */
const auTfn: TextCheck = (text) => {
  const d = digitsIn(text);
  return d.length === 9 && !oneDigitOnly(d) && weighted(d, [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 === 0;
};

/** Australian business number: one off the first digit, modulo 89. */
const auAbn: TextCheck = (text) => {
  const d = digitsIn(text);
  const body = [(d[0] ?? 0) - 1, ...d.slice(1)];
  return d.length === 11 && d[0] !== 0 && weighted(body, [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]) % 89 === 0;
};

/** Australian company number: weights 8 to 1, modulo 10. */
const auAcn: TextCheck = (text) => {
  const d = digitsIn(text);
  return d.length === 9 && !oneDigitOnly(d) && (10 - (weighted(d, [8, 7, 6, 5, 4, 3, 2, 1]) % 10)) % 10 === d[8];
};

/** Australian Medicare number: weights 1 3 7 9, the ninth digit checks the first eight. */
const auMedicare: TextCheck = (text) => {
  const d = digitsIn(text);
  return (d.length === 10 || d.length === 11) && (d[0] ?? 0) > 1 && weighted(d, [1, 3, 7, 9, 1, 3, 7, 9]) % 10 === d[8];
};

/** New Zealand IRD number: two rounds of weights, modulo 11. */
const nzIrd: TextCheck = (text) => {
  const found = digitsIn(text);
  const d = found.length === 8 ? [0, ...found] : found;
  if (d.length !== 9 || oneDigitOnly(d)) return false;
  const check = (weights: readonly number[]) => (11 - (weighted(d, weights) % 11)) % 11;
  const first = check([3, 2, 7, 6, 5, 4, 3, 2]);
  return (first === 10 ? check([7, 4, 3, 2, 5, 2, 7, 6]) : first) === d[8];
};

/** South African identity number: a date, a citizen digit, Luhn. */
const zaId: TextCheck = (text) => {
  const d = digitsIn(text);
  return (
    d.length === 13 && (d[10] ?? 9) < 2 && isDate(2000, numberOf(d.slice(2, 4)), numberOf(d.slice(4, 6))) && luhn(d)
  );
};

/** Singapore NRIC and FIN: weights 2 7 6 5 4 3 2; the letter by series. */
const sgNric: TextCheck = (text) => {
  const series = text[0] ?? '';
  const offset = series === 'T' || series === 'G' ? 4 : series === 'M' ? 3 : 0;
  const rest = (weighted(digitsIn(text), [2, 7, 6, 5, 4, 3, 2]) + offset) % 11;
  const letters = series === 'S' || series === 'T' ? 'JZIHGFEDCBA' : series === 'M' ? 'XWUTRQPNJLK' : 'XWUTRQPNMLK';
  return letters[series === 'M' ? 10 - rest : rest] === text[8] || letters[rest] === text[8];
};

/** Korean resident registration number: weights 2 to 9 and 2 to 5, modulo 11; since 2020 only the date is sure. */
const krRrn: TextCheck = (text) => {
  const d = digitsIn(text);
  return (
    d.length === 13 &&
    isDate(2000, numberOf(d.slice(2, 4)), numberOf(d.slice(4, 6))) &&
    (d[6] ?? -1) >= 0 &&
    (d[6] ?? 10) <= 9
  );
};

/** Japanese individual number: weights 6 5 4 3 2 7 6 5 4 3 2, modulo 11. */
const jpMyNumber: TextCheck = (text) => {
  const d = digitsIn(text);
  const rest = weighted(d, [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
  return d.length === 12 && !oneDigitOnly(d) && (rest <= 1 ? 0 : 11 - rest) === d[11];
};

/** Chinese resident identity number: a date and ISO 7064 MOD 11-2. */
const cnId: TextCheck = (text) => {
  const d = digitsIn(text);
  if (!isDate(numberOf(d.slice(6, 10)), numberOf(d.slice(10, 12)), numberOf(d.slice(12, 14)))) return false;
  return '10X98765432'[weighted(d, [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]) % 11] === text.at(-1);
};

/** Hong Kong identity card: letters from 10, weights 9 to 2, modulo 11. */
const hkId: TextCheck = (text) => {
  const body = text.replace(/[()\s]/g, '');
  const padded = body.length === 8 ? ` ${body}` : body;
  let sum = 0;
  for (let i = 0; i < 8; i += 1) {
    const c = padded[i] ?? ' ';
    sum += (c === ' ' ? 36 : Number.parseInt(c, 36)) * (9 - i);
  }
  const last = padded[8] === 'A' ? 10 : Number(padded[8]);
  return (sum + last) % 11 === 0;
};

/** Taiwanese national id: a letter as two digits, weights 1 9 8 7 6 5 4 3 2 1 1. */
const twId: TextCheck = (text) => {
  const value = 'ABCDEFGHJKLMNPQRSTUVXYWZIO'.indexOf(text[0] ?? '') + 10;
  const d = [Math.floor(value / 10), value % 10, ...digitsIn(text)];
  return d.length === 11 && weighted(d, [1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1]) % 10 === 0;
};

/** Thai national id: weights 13 to 2, modulo 11. */
const thId: TextCheck = (text) => {
  const d = digitsIn(text);
  const sum = weighted(d, [13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
  return d.length === 13 && (11 - (sum % 11)) % 10 === d[12];
};

/** Israeli identity number: Luhn over nine digits. */
const ilId: TextCheck = (text) => digitsIn(text).length === 9 && luhn(digitsIn(text));

/** Turkish identity number: the tenth and eleventh digits. */
const trTckn: TextCheck = (text) => {
  const d = digitsIn(text);
  if (d.length !== 11 || d[0] === 0) return false;
  const odd = weighted(d, [1, 0, 1, 0, 1, 0, 1, 0, 1]);
  const even = weighted(d, [0, 1, 0, 1, 0, 1, 0, 1]);
  const tenth = (((odd * 7 - even) % 10) + 10) % 10;
  return tenth === d[9] && (odd + even + tenth) % 10 === d[10];
};

/** Iranian national number: weights 10 to 2, modulo 11. */
const irNationalId: TextCheck = (text) => {
  const d = digitsIn(text);
  if (d.length !== 10 || oneDigitOnly(d) || numberOf(d.slice(0, 9)) < 1000) return false;
  const rest = weighted(d, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
  return d[9] === (rest < 2 ? rest : 11 - rest);
};

export const WORLD_IDS = {
  'ir-national-id': irNationalId,
  ssn,
  'us-itin': usItin,
  'us-aba': usAba,
  'us-npi': usNpi,
  'us-dea': usDea,
  'ca-sin': caSin,
  'br-cpf': brCpf,
  'br-cnpj': brCnpj,
  'mx-curp': mxCurp,
  'ar-cuit': arCuit,
  'cl-rut': clRut,
  'co-nit': coNit,
  'in-gstin': inGstin,
  'in-aadhaar': inAadhaar,
  'au-tfn': auTfn,
  'au-abn': auAbn,
  'au-acn': auAcn,
  'au-medicare': auMedicare,
  'nz-ird': nzIrd,
  'za-id': zaId,
  'sg-nric': sgNric,
  'kr-rrn': krRrn,
  'jp-my-number': jpMyNumber,
  'cn-id': cnId,
  'hk-id': hkId,
  'tw-id': twId,
  'th-id': thId,
  'il-id': ilId,
  'tr-tckn': trTckn,
} as const satisfies Record<string, TextCheck>;
