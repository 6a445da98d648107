import fc from 'fast-check';
import { expect, it } from 'vitest';
import { idMaker, ulid } from './ids.ts';

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

it('draws randomness in blocks and uses each byte once', () => {
  let drawn = 0;
  const next = idMaker((block) => {
    for (let i = 0; i < block.length; i += 2) new DataView(block.buffer).setUint16(i, drawn++);
  });
  const ids = Array.from({ length: 1000 }, () => next('t', 7));
  expect(ids[0]).toBe(ulid('t', 7, Uint8Array.of(0, 0, 0, 1, 0, 2, 0, 3, 0, 4)));
  // Five numbers each, in order and without a gap: the last id holds the last of 5,000.
  expect(
    ids[999]?.endsWith(ulid('t', 7, Uint8Array.of(...[4995, 4996, 4997, 4998, 4999].flatMap(halves))).slice(2)),
  ).toBe(true);
  expect(new Set(ids).size).toBe(1000);
});

const halves = (n: number) => [n >>> 8, n & 255];
