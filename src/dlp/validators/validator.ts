/**
 * Validators: checks on a candidate that a regular expression cannot make. Each is pure and takes the secret's bytes.
 * To add one: write it in the file of its family, and name it in that file's table.
 */

import { ADDRESSES, CASED_ADDRESSES } from './addresses.ts';
import { counts, digitsOf, luhn, mod97, verhoeff } from './checksums.ts';
import { EUROPEAN_IDS } from './national-ids-europe.ts';
import { WORLD_IDS } from './national-ids-world.ts';
import { isRandomLooking } from './randomness.ts';
import { EUROPEAN_REGISTERS } from './registers-europe.ts';
import { FURTHER_REGISTERS } from './registers-further.ts';
import { WORLD_REGISTERS } from './registers-world.ts';
import type { TextCheck } from './text-check.ts';
import { githubChecksum, isJwt, shannonEntropy } from './tokens.ts';
import { VAT_NUMBERS } from './vat-numbers.ts';
import { WALLETS } from './wallets.ts';

export type Validator = (secret: Buffer) => boolean;

/** What a rule file may say. */
export type ValidatorSpec = ValidatorName | { readonly entropy: { readonly min: number } };

const upper =
  (check: TextCheck): Validator =>
  (secret) =>
    check(secret.toString('latin1').toUpperCase());
const cased =
  (check: TextCheck): Validator =>
  (secret) =>
    check(secret.toString('latin1'));

const NAMED = {
  luhn: (secret: Buffer) => luhn(digitsOf(secret)),
  mod97: cased(mod97),
  verhoeff: (secret: Buffer) => verhoeff(digitsOf(secret)),
  'no-count': (secret: Buffer) => !counts(secret.toString('latin1')),
  'random-looking': isRandomLooking,
  jwt: cased(isJwt),
  'github-crc32': cased(githubChecksum),
  ...mapped({ ...EUROPEAN_IDS, ...EUROPEAN_REGISTERS, ...VAT_NUMBERS }, upper),
  ...mapped({ ...WORLD_IDS, ...WORLD_REGISTERS, ...FURTHER_REGISTERS, ...ADDRESSES }, upper),
  ...mapped({ ...CASED_ADDRESSES, ...WALLETS }, cased),
} satisfies Record<string, Validator>;

export type ValidatorName = keyof typeof NAMED;

export const VALIDATOR_NAMES = Object.keys(NAMED) as [ValidatorName, ...ValidatorName[]];

/** The function of a validator's name. */
export function validatorOf(spec: ValidatorSpec): Validator {
  if (typeof spec === 'object') return (secret) => shannonEntropy(secret) >= spec.entropy.min;
  return NAMED[spec];
}

function mapped<K extends string>(
  checks: Readonly<Record<K, TextCheck>>,
  wrap: (check: TextCheck) => Validator,
): Record<K, Validator> {
  return Object.fromEntries(Object.entries<TextCheck>(checks).map(([name, check]) => [name, wrap(check)])) as Record<
    K,
    Validator
  >;
}
