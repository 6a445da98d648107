import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ulid } from './ids.ts';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** The same number in Crockford base32, one digit at a time. */
function digits(value: bigint, count: number): string {
  let text = '';
  for (let rest = value; text.length < count; rest /= 32n) text = `${ALPHABET[Number(rest % 32n)]}${text}`;
  return text;
}

it('writes 48 bits of time and 80 of randomness, most significant first', () => {
  const random = fc.uint8Array({ minLength: 10, maxLength: 10 });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), random, fc.boolean(), (now, bytes, again) => {
      if (again) ulid('f', now, bytes);
      const tail = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
      expect(ulid('d', now, bytes)).toBe(`d_${digits(BigInt(now), 10)}${digits(tail, 16)}`);
    }),
  );
});
