/** Numbers of registers that came last: persons of Asia, the Balkans and Latin America, and securities. */

import { isDate, luhn, numberOf, oneDigitOnly, verhoeff, weighted } from './checksums.ts';
import { digitsIn, type TextCheck } from './text-check.ts';

/** National identification number of Albania: year and month of birth, day, serial, a letter over all of it. */
const alNid: TextCheck = (text) => {
  if (!/^[A-T][0-9]{8}[A-W]$/.test(text)) return false;
  const month = Number(text.slice(2, 4)) % 50;
  const day = Number(text.slice(4, 6));
  const sum = digitsIn(text).reduce((all, digit, i) => all + digit * (i + 1), text.charCodeAt(0) - 64);
  return isDate(2000, month, day) && 'WABCDEFGHIJKLMNOPQRSTUV'[sum % 23] === text.at(-1);
};

/** Individual identification number of Kazakhstan: a birthday, two rows of weights, modulo 11. */
const kzIin: TextCheck = (text) => {
  const d = digitsIn(text);
  if (d.length !== 12 || (d[6] ?? 9) > 6 || !isDate(2000, numberOf(d.slice(2, 4)), numberOf(d.slice(4, 6))))
    return false;
  const first = weighted(d, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]) % 11;
  const check = first === 10 ? weighted(d, [3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2]) % 11 : first;
  return check === d[11];
};

/** Identification number of Luxembourg: a birthday, then Luhn and Verhoeff over the same eleven digits. */
const luMatricule: TextCheck = (text) => {
  const d = digitsIn(text);
  if (d.length !== 13 || !isDate(numberOf(d.slice(0, 4)), numberOf(d.slice(4, 6)), numberOf(d.slice(6, 8))))
    return false;
  return luhn(d.slice(0, 12)) && verhoeff([...d.slice(0, 11), d[12] ?? 0]);
};

const ODD = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21];

/** Tax identification code of Cyprus: every other digit is translated, a letter over the sum. */
const cyTic: TextCheck = (text) => {
  const d = digitsIn(text);
  const sum = d.reduce((all, digit, i) => all + (i % 2 === 0 ? (ODD[digit] ?? 0) : digit), 0);
  return d.length === 8 && String.fromCharCode(65 + (sum % 26)) === text.at(-1);
};

/** Identity document of El Salvador: weights 9 to 2, modulo 10. */
const svDui: TextCheck = (text) => {
  const d = digitsIn(text);
  return d.length === 9 && !oneDigitOnly(d) && (weighted(d, [9, 8, 7, 6, 5, 4, 3, 2]) + (d[8] ?? 0)) % 10 === 0;
};

/** Identification code of Guatemala: weights 2 to 9, modulo 11, then department and municipality. */
const gtCui: TextCheck = (text) => {
  const d = digitsIn(text);
  const [department, town] = [numberOf(d.slice(9, 11)), numberOf(d.slice(11))];
  const isPlace = department >= 1 && department <= 22 && town >= 1 && town <= 38;
  return d.length === 13 && isPlace && weighted(d, [2, 3, 4, 5, 6, 7, 8, 9]) % 11 === d[8];
};

/** Social integration number of Brazil (PIS, PASEP, NIS): weights 3 2 9 8 7 6 5 4 3 2, modulo 11. */
const brPis: TextCheck = (text) => {
  const d = digitsIn(text);
  const check = 11 - (weighted(d, [3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) % 11);
  return d.length === 11 && !oneDigitOnly(d) && (check > 9 ? 0 : check) === d[10];
};

/** Voter registration of Brazil: serial, state, two check digits modulo 11. */
const brTitulo: TextCheck = (text) => {
  const d = digitsIn(text);
  const state = numberOf(d.slice(8, 10));
  const first = (weighted(d, [2, 3, 4, 5, 6, 7, 8, 9]) % 11) % 10;
  const second = (weighted(d.slice(8), [7, 8, 9]) % 11) % 10;
  return d.length === 12 && state >= 1 && state <= 28 && first === d[10] && second === d[11];
};

/** Health card of Brazil: weights 15 to 1, modulo 11. */
const brCns: TextCheck = (text) => {
  const d = digitsIn(text);
  const sum = d.reduce((all, digit, i) => all + digit * (15 - i), 0);
  return d.length === 15 && [1, 2, 7, 8, 9].includes(d[0] ?? 0) && sum % 11 === 0;
};

/** Company number of Brazil with letters, as it is given out since 2026: signs count as their code less 48. */
const brCnpjLetters: TextCheck = (text) => {
  const body = text.replace(/[^0-9A-Z]/g, '');
  if (!/^[0-9A-Z]{12}[0-9]{2}$/.test(body)) return false;
  const values = [...body].map((sign) => sign.charCodeAt(0) - 48);
  if (oneDigitOnly(values)) return false;
  const check = (weights: readonly number[]) => {
    const rest = weighted(values, weights) % 11;
    return rest < 2 ? 0 : 11 - rest;
  };
  const first = check([5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]);
  return first === values[12] && check([6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) === values[13];
};

/** Social insurance number of Hungary (TAJ): weights 3 and 7, modulo 10. */
const huTaj: TextCheck = (text) => {
  const d = digitsIn(text);
  return d.length === 9 && !oneDigitOnly(d) && weighted(d, [3, 7, 3, 7, 3, 7, 3, 7]) % 10 === d[8];
};

/** Tax number of a person in Hungary: an eight, days since 1867, weights 1 to 9, modulo 11. */
const huTaxPerson: TextCheck = (text) => {
  const d = digitsIn(text);
  return d.length === 10 && d[0] === 8 && weighted(d, [1, 2, 3, 4, 5, 6, 7, 8, 9]) % 11 === d[9];
};

/** Personal number of Uzbekistan: century and sex, a birthday, weights 7 3 1, modulo 10. */
const uzPinfl: TextCheck = (text) => {
  const d = digitsIn(text);
  if (d.length !== 14 || !isDate(2000, numberOf(d.slice(3, 5)), numberOf(d.slice(1, 3)))) return false;
  return weighted(d, [7, 3, 1, 7, 3, 1, 7, 3, 1, 7, 3, 1, 7]) % 10 === d[13];
};

/** National identification number of Zimbabwe: a letter over office and serial, modulo 23. */
const zwId: TextCheck = (text) => {
  const [, digits = '', letter = ''] = /^([0-9]{8,9})([A-Z])[0-9]{2}$/.exec(text.replace(/[\s-]/g, '')) ?? [];
  return digits !== '' && 'ZABCDEFGHJKLMNPQRSTVWXY'[Number(digits) % 23] === letter;
};

/** Letters as numbers from ten on, as securities and entities are numbered. */
function inDigits(text: string): string {
  return [...text.replace(/[^0-9A-Z]/g, '')].map((sign) => Number.parseInt(sign, 36)).join('');
}

/** International securities identification number: Luhn over letters as numbers. */
const isin: TextCheck = (text) => text.length === 12 && luhn([...inDigits(text)].map(Number));

/** Legal entity identifier: ISO 7064 MOD 97-10 as it stands. */
const lei: TextCheck = (text) => text.length === 20 && BigInt(inDigits(text) || '0') % 97n === 1n;

export const FURTHER_REGISTERS = {
  'al-nid': alNid,
  'zw-id': zwId,
  'kz-iin': kzIin,
  'lu-matricule': luMatricule,
  'cy-tic': cyTic,
  'sv-dui': svDui,
  'gt-cui': gtCui,
  'br-pis': brPis,
  'br-titulo': brTitulo,
  'br-cns': brCns,
  'br-cnpj-letters': brCnpjLetters,
  'hu-taj': huTaj,
  'hu-tax-person': huTaxPerson,
  'uz-pinfl': uzPinfl,
  isin,
  lei,
};
