/** What is not tried as brotli is none, or says nothing. */

import { createHash } from 'node:crypto';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { mayBeBrotli } from './compressed.ts';

const noise = (seed: number, length: number) => createHash('sha512').update(String(seed)).digest().subarray(0, length);

/** The two largest windows, by the low half of the first byte, and lengths at which nothing is taken for brotli. */
const BEGINS = [0x0b, 0x0f];
const DIGESTS = [16, 20, 28, 32, 48, 64, 65, 72];

function saidBy(blob: Uint8Array): number {
  try {
    return brotliDecompressSync(blob).length;
  } catch {
    return 0;
  }
}

describe('mayBeBrotli', () => {
  it('takes what an encoder makes, by its head alone as well', () => {
    let met = 0;
    for (let i = 0; i < 400; i += 1) {
      const text = i % 3 === 0 ? noise(i, 1 + (i % 64)) : Buffer.from(`password ${i} `.repeat(1 + (i % 50)));
      const params = {
        [constants.BROTLI_PARAM_QUALITY]: i % 12,
        [constants.BROTLI_PARAM_LGWIN]: i % 2 === 0 ? 22 : 24,
      };
      const blob = brotliCompressSync(text, { params });
      if (!BEGINS.includes((blob[0] ?? 0) & 0x0f) || DIGESTS.includes(blob.length)) continue;
      met += 1;
      expect(mayBeBrotli(blob)).toBe(true);
      expect(mayBeBrotli(blob.subarray(0, 47), blob.length)).toBe(true);
    }
    expect(met).toBeGreaterThan(100);
  });

  it('leaves out nothing that says something', () => {
    let left = 0;
    for (let i = 0; i < 20_000; i += 1) {
      const blob = Buffer.from(noise(i, 17 + (i % 40)));
      blob[0] = ((blob[0] as number) & 0xf0) | (BEGINS[i % 2] as number);
      if (DIGESTS.includes(blob.length) || mayBeBrotli(blob)) continue;
      left += 1;
      expect(saidBy(blob)).toBe(0);
    }
    // More than half of what begins like it.
    expect(left).toBeGreaterThan(9_000);
  });

  it('takes a block that stands as it is where all of it is there', () => {
    const all = stored(17, 17);
    expect(saidBy(all)).toBe(17);
    expect(mayBeBrotli(all)).toBe(true);
    const cut = stored(100, 17);
    expect(saidBy(cut)).toBe(0);
    expect(mayBeBrotli(cut)).toBe(false);
  });
});

/** A window of 22 bits, and one block that is not the last: so many bytes by its head, and those that are there. */
function stored(length: number, there: number): Buffer {
  const head = 0x0b | ((length - 1) << 7) | (1 << 23);
  return Buffer.from([head & 255, (head >>> 8) & 255, head >>> 16, ...Buffer.alloc(there, 'a'), 3]);
}
