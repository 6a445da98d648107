import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { keyedHash } from './keyed-hash.ts';

it('is HMAC-SHA-256, for every key and text', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 130 }), fc.string({ unit: 'grapheme' }), (key, text) => {
      expect(keyedHash(key, text)).toBe(createHmac('sha256', key).update(text).digest('hex'));
      expect(keyedHash(key, `${text}?`)).toBe(createHmac('sha256', key).update(`${text}?`).digest('hex'));
    }),
  );
});
