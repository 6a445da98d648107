/** More numbers of registers outside Europe, with the check digits that their issuers publish. */

import { isDate, luhn, numberOf, oneDigitOnly, weighted } from './checksums.ts';
import { digitsIn, type TextCheck } from './text-check.ts';

/** Bank account of Argentina (CBU): two parts, each with weights 3 1 7 9 from the right. */
const arCbu: TextCheck = (text) => {
  const d = digitsIn(text);
  const holds = (part: readonly number[]) => {
    const sum = part
      .slice(0, -1)
      .reverse()
      .reduce((all, digit, i) => all + digit * ([3, 1, 7, 9][i % 4] ?? 0), 0);
    return (10 - (sum % 10)) % 10 === part.at(-1);
  };
  return d.length === 22 && !oneDigitOnly(d) && holds(d.slice(0, 8)) && holds(d.slice(8));
};

/** Identity card of Ecuador: a province, Luhn. Its tax number adds an establishment. */
const ecCedula: TextCheck = (text) => {
  const d = digitsIn(text);
  const province = numberOf(d.slice(0, 2));
  if (d.length !== 10 && d.length !== 13) return false;
  if (!((province >= 1 && province <= 24) || province === 30 || province === 50)) return false;
  if (d.length === 10) return (d[2] ?? 9) <= 6 && luhn(d);
  if ((d[2] ?? 0) < 6) return luhn(d.slice(0, 10));
  if (d[2] === 6) return weighted(d, [3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0 || luhn(d.slice(0, 10));
  return d[2] === 9 && weighted(d, [4, 3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0;
};

/** Identity card of Peru: eight digits, and mostly a letter or digit over them. */
const peDni: TextCheck = (text) => {
  const body = text.replace(/[^0-9A-Z]/g, '');
  const index = weighted(digitsIn(body.slice(0, 8)), [3, 2, 7, 6, 5, 4, 3, 2]) % 11;
  return (
    body.length === 8 || (body.length === 9 && ('65432110987'[index] === body[8] || 'KJIHGFEDCBA'[index] === body[8]))
  );
};

/** Tax number of Peru: weights 5 4 3 2 7 6 5 4 3 2, modulo 11. */
const peRuc: TextCheck = (text) => {
  const d = digitsIn(text);
  const check = (11 - (weighted(d, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 10;
  return d.length === 11 && [10, 15, 16, 17, 20].includes(numberOf(d.slice(0, 2))) && check === d[10];
};

/** Tax number of Paraguay: weights from two at the right, modulo 11. */
const pyRuc: TextCheck = (text) => {
  const d = digitsIn(text);
  const sum = d
    .slice(0, -1)
    .reverse()
    .reduce((all, digit, i) => all + digit * (i + 2), 0);
  return d.length >= 5 && d.length <= 9 && ((11 - (sum % 11)) % 11) % 10 === d.at(-1);
};

/** Tax number of Uruguay: twelve digits, weights 4 3 2 9 8 7 6 5 4 3 2, modulo 11. */
const uyRut: TextCheck = (text) => {
  const d = digitsIn(text);
  const office = numberOf(d.slice(0, 2));
  const check = (11 - (weighted(d, [4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 11;
  return d.length === 12 && office >= 1 && office <= 22 && check === d[11];
};

/** Identity card of Uruguay: weights 2 9 8 7 6 3 4, modulo 10. */
const uyCi: TextCheck = (text) => {
  const found = digitsIn(text);
  const d = found.length === 7 ? [0, ...found] : found;
  return d.length === 8 && !oneDigitOnly(d) && (10 - (weighted(d, [2, 9, 8, 7, 6, 3, 4]) % 10)) % 10 === d[7];
};

/** Tax number of Venezuela: the letter counts, modulo 11. */
const veRif: TextCheck = (text) => {
  const kind = { V: 4, E: 8, J: 12, C: 12, P: 16, G: 20 }[text[0] ?? ''];
  const d = digitsIn(text);
  if (kind === undefined || d.length !== 9) return false;
  const rest = 11 - ((kind + weighted(d, [3, 2, 7, 6, 5, 4, 3, 2])) % 11);
  return (rest > 9 ? 0 : rest) === d[8];
};

/** Tax number of the Dominican Republic: weights 7 9 8 6 5 4 3 2. */
const doRnc: TextCheck = (text) => {
  const d = digitsIn(text);
  return d.length === 9 && ((10 - (weighted(d, [7, 9, 8, 6, 5, 4, 3, 2]) % 11) + 9) % 9) + 1 === d[8];
};

/** Identity card of the Dominican Republic: eleven digits, Luhn. */
const doCedula: TextCheck = (text) => digitsIn(text).length === 11 && luhn(digitsIn(text));

/** Tax number of Guatemala: weights from two at the right, modulo 11, ten is K. */
const gtNit: TextCheck = (text) => {
  const body = text.replace(/[^0-9K]/g, '');
  const sum = digitsIn(body.slice(0, -1))
    .reverse()
    .reduce((all, digit, i) => all + digit * (i + 2), 0);
  const check = (11 - (sum % 11)) % 11;
  return body.at(-1) === (check === 10 ? 'K' : String(check));
};

/** Tax number of El Salvador: two ways of summing, by the serial number. */
const svNit: TextCheck = (text) => {
  const d = digitsIn(text);
  if (d.length !== 14) return false;
  const old = numberOf(d.slice(10, 13)) <= 100;
  const rest = old
    ? (weighted(d, [14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11) % 10
    : ((11 - (weighted(d, [2, 7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11) % 10;
  return rest === d[13];
};

/** Tax number of Colombia, of eight to sixteen digits. */
const coNitLong: TextCheck = (text) => {
  const d = digitsIn(text);
  const rest = weighted(d.slice(0, -1).reverse(), [3, 7, 13, 17, 19, 23, 29, 37, 41, 43, 47, 53, 59, 67, 71]) % 11;
  return d.length >= 8 && d.length <= 16 && (rest < 2 ? rest : 11 - rest) === d.at(-1);
};

/** Number of Cuba: a date first. */
const cuNi: TextCheck = (text) => {
  const d = digitsIn(text);
  return d.length === 11 && isDate(2000, numberOf(d.slice(2, 4)), numberOf(d.slice(4, 6)));
};

/** Business number of Canada: nine digits, Luhn. */
const caBn: TextCheck = (text) => luhn(digitsIn(text).slice(0, 9));

/** Business registration of Korea: weights 1 3 7 1 3 7 1 3 5. */
const krBrn: TextCheck = (text) => {
  const d = digitsIn(text);
  const sum = weighted(d, [1, 3, 7, 1, 3, 7, 1, 3, 5]) + Math.floor(((d[8] ?? 0) * 5) / 10);
  return d.length === 10 && !oneDigitOnly(d) && (10 - (sum % 10)) % 10 === d[9];
};

/** Corporate number of Japan: the first digit checks the others. */
const jpCorporate: TextCheck = (text) => {
  const d = digitsIn(text);
  const sum = d
    .slice(1)
    .reverse()
    .reduce((all, digit, i) => all + digit * (i % 2 === 0 ? 1 : 2), 0);
  return d.length === 13 && 9 - (sum % 9) === d[0];
};

/** Unified social credit code of China (GB 32100): base 31, modulo 31. */
const cnUscc: TextCheck = (text) => {
  const alphabet = '0123456789ABCDEFGHJKLMNPQRTUWXY';
  const values = [...text].map((c) => alphabet.indexOf(c));
  if (values.length !== 18 || values.includes(-1)) return false;
  const sum = weighted(values, [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28]);
  return (31 - (sum % 31)) % 31 === values[17];
};

/** Unified business number of Taiwan: digit sums of products; a seventh digit of 7 allows two results. */
const twUbn: TextCheck = (text) => {
  const d = digitsIn(text);
  let sum = 0;
  for (const [i, weight] of [1, 2, 1, 2, 1, 2, 4, 1].entries()) {
    const product = (d[i] ?? 0) * weight;
    sum += Math.floor(product / 10) + (product % 10);
  }
  return d.length === 8 && !oneDigitOnly(d) && (sum % 5 === 0 || (d[6] === 7 && (sum + 1) % 5 === 0));
};

/** Tax number of Vietnam: weights 31 to 3, modulo 11. */
const vnMst: TextCheck = (text) => {
  const d = digitsIn(text);
  return (d.length === 10 || d.length === 13) && 10 - (weighted(d, [31, 29, 23, 19, 17, 13, 7, 5, 3]) % 11) === d[9];
};

/** Tax number of Indonesia: the first nine digits by Luhn. */
const idNpwp: TextCheck = (text) => {
  const d = digitsIn(text);
  return (d.length === 15 || d.length === 16) && luhn(d.slice(0, 9));
};

/** Entity number of Singapore: businesses, companies and others, each with a letter. */
const sgUen: TextCheck = (text) => {
  const d = digitsIn(text);
  const last = text.at(-1);
  if (/^[0-9]{8}[A-Z]$/.test(text)) return 'XMKECAWLJDB'[weighted(d, [10, 4, 9, 3, 8, 2, 7, 1]) % 11] === last;
  if (/^[0-9]{9}[A-Z]$/.test(text)) return 'ZKCMDNERGWH'[weighted(d, [10, 8, 6, 4, 9, 7, 5, 3, 1]) % 11] === last;
  const alphabet = 'ABCDEFGHJKLMNPQRSTUVWX0123456789';
  const values = [...text.slice(0, -1)].map((c) => alphabet.indexOf(c));
  const sum = weighted(values, [4, 3, 5, 3, 10, 2, 2, 5, 7]);
  return /^[RST][0-9]{2}[A-Z]{2}[0-9]{4}[A-Z]$/.test(text) && alphabet[(((sum - 5) % 11) + 11) % 11] === last;
};

/** Tax number of Turkey: each digit's own power of two, modulo 9. */
const trVkn: TextCheck = (text) => {
  const d = digitsIn(text);
  let sum = 0;
  for (let i = 0; i < 9; i += 1) {
    const one = ((d[i] ?? 0) + 9 - i) % 10;
    const two = (one * 2 ** (9 - i)) % 9;
    sum += one !== 0 && two === 0 ? 9 : two;
  }
  return d.length === 10 && !oneDigitOnly(d) && (10 - (sum % 10)) % 10 === d[9];
};

/** Common number of companies of Morocco: ISO 7064 MOD 97-10. */
const maIce: TextCheck = (text) => {
  const d = digitsIn(text);
  return d.length === 15 && !oneDigitOnly(d) && Number(BigInt(d.join('')) % 97n) === 0;
};

/** Tax number of Ghana: a letter, weights 1 to 9, modulo 11, ten is X. */
const ghTin: TextCheck = (text) => {
  const sum = weighted(digitsIn(text.slice(1, 10)), [1, 2, 3, 4, 5, 6, 7, 8, 9]) % 11;
  return (sum === 10 ? 'X' : String(sum)) === text[10];
};

/** National number of Egypt: century, date, governorate. */
const egId: TextCheck = (text) => {
  const d = digitsIn(text);
  return (
    d.length === 14 &&
    (d[0] === 2 || d[0] === 3) &&
    isDate(2000, numberOf(d.slice(3, 5)), numberOf(d.slice(5, 7))) &&
    numberOf(d.slice(7, 9)) <= 88
  );
};

/** Health number of New Zealand: letters without I and O, modulo 11. */
const nzNhi: TextCheck = (text) => {
  const alphabet = 'ABCDEFGHJKLMNPQRSTUVWXYZ';
  const values = [...text].map((c) => (c <= '9' ? Number(c) : alphabet.indexOf(c) + 1));
  const check = 11 - (weighted(values, [7, 6, 5, 4, 3, 2]) % 11);
  return values.length === 7 && check !== 11 && check % 10 === values[6];
};

/** Health number of Ontario: ten digits, Luhn. */
const caOhip: TextCheck = (text) => digitsIn(text).length === 10 && luhn(digitsIn(text));

/** Health number of British Columbia: nine, then weights 2 4 8 5 10 9 7 3, modulo 11. */
const caBcPhn: TextCheck = (text) => {
  const d = digitsIn(text);
  return d.length === 10 && d[0] === 9 && (11 - (weighted(d.slice(1), [2, 4, 8, 5, 10, 9, 7, 3]) % 11)) % 11 === d[9];
};

/** Bank account of Mexico (CLABE): weights 3 7 1, each product modulo 10. */
const mxClabe: TextCheck = (text) => {
  const d = digitsIn(text);
  const sum = d.slice(0, 17).reduce((all, digit, i) => all + ((digit * ([3, 7, 1][i % 3] ?? 0)) % 10), 0);
  return d.length === 18 && (10 - (sum % 10)) % 10 === d[17];
};

/** Identity or company number of Israel: nine digits by Luhn, zeros before them left out. */
const ilShort: TextCheck = (text) => {
  const d = digitsIn(text);
  return (d.length === 8 || d.length === 9) && luhn(d);
};

export const WORLD_REGISTERS = {
  'ar-cbu': arCbu,
  'ec-cedula': ecCedula,
  'pe-dni': peDni,
  'pe-ruc': peRuc,
  'py-ruc': pyRuc,
  'uy-rut': uyRut,
  'uy-ci': uyCi,
  've-rif': veRif,
  'do-rnc': doRnc,
  'do-cedula': doCedula,
  'gt-nit': gtNit,
  'sv-nit': svNit,
  'co-nit-long': coNitLong,
  'cu-ni': cuNi,
  'ca-bn': caBn,
  'kr-brn': krBrn,
  'jp-corporate': jpCorporate,
  'cn-uscc': cnUscc,
  'tw-ubn': twUbn,
  'vn-mst': vnMst,
  'id-npwp': idNpwp,
  'sg-uen': sgUen,
  'tr-vkn': trVkn,
  'ma-ice': maIce,
  'gh-tin': ghTin,
  'eg-id': egId,
  'nz-nhi': nzNhi,
  'ca-ohip': caOhip,
  'ca-bc-phn': caBcPhn,
  'mx-clabe': mxClabe,
  'il-id-short': ilShort,
} as const satisfies Record<string, TextCheck>;
