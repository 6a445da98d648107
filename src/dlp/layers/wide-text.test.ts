import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { wideLayers } from './wide-text.ts';

type Form = '16le' | '16be' | '32le' | '32be';
const FORMS: readonly Form[] = ['16le', '16be', '32le', '32be'];

function wide(text: string, form: Form): Buffer {
  const width = form.startsWith('16') ? 2 : 4;
  const out = Buffer.alloc(text.length * width);
  for (let i = 0; i < text.length; i += 1) out[i * width + (form.endsWith('le') ? 0 : width - 1)] = text.charCodeAt(i);
  return out;
}

describe('UTF-16 and UTF-32 layers', () => {
  it('are found in either order, at any offset, between any other bytes (T-35)', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'Z', '0', ' ', '\n', '~'), minLength: 10, maxLength: 40 });
    const other = fc.constantFrom(
      ...[[], [0xff, 0xfe], [0xfe, 0xff, 0xe9], [1, 2, 3], [0x78], [0x20, 0x78], [0], [0x41, 0x01]].map((bytes) =>
        Buffer.from(bytes),
      ),
    );
    fc.assert(
      fc.property(letters, fc.constantFrom(...FORMS), other, other, (text, form, before, after) => {
        const body = Buffer.concat([before, wide(text, form), after]);
        const found = [...wideLayers(body, () => true)].find(({ decoded }) => decoded.includes(text.slice(1, -1)));
        const at = found?.decoded.indexOf(text.slice(1, -1)) ?? -1;
        const [start, end] = found?.outer(at, at + text.length - 2) ?? [0, 0];
        const mended = Buffer.concat([
          body.subarray(0, start),
          found?.encode(0, 0, Buffer.from('[X]')) ?? body,
          body.subarray(end),
        ]);
        const expected = Buffer.concat([before, wide(`${text[0]}[X]${text.at(-1)}`, form), after]);
        expect(mended.equals(expected)).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  it.each(FORMS)('in %s hold the whole text whatever letter stands beside it (T-35)', (form) => {
    for (const before of ['', 'x', ' ', 'xy', '\0', '\0\0\0', '\u0001A'])
      for (const after of ['', 'x', ' ', '\0']) {
        const body = Buffer.concat([Buffer.from(before), wide('ghp_0123456789', form), Buffer.from(after)]);
        const texts = [...wideLayers(body, () => true)].map(({ decoded }) => decoded.toString());
        expect(
          texts.some((text) => /(?:^|\W)ghp_0123456789(?:\W|$)/.test(text)),
          `${before}|${after}`,
        ).toBe(true);
      }
  });

  it.each(FORMS)('in %s are found wherever runs of zeros stand round them', (form) => {
    for (const before of [1, 2, 3, 4, 5, 15, 16, 17, 18, 100])
      for (const after of [0, 1, 2, 3, 16, 17, 100]) {
        const body = Buffer.concat([Buffer.alloc(before), wide('ghp_0123456789', form), Buffer.alloc(after)]);
        const texts = [...wideLayers(body, () => true)].map(({ decoded }) => decoded.toString());
        expect(texts, `${before}|${after}`).toContain('ghp_0123456789');
      }
  });

  it('cost no search for each zero of a file that is full of them', () => {
    const search = vi.spyOn(Buffer.prototype, 'indexOf');
    try {
      const zeros = Buffer.alloc(100_000);
      const pairs = Buffer.alloc(100_000, Buffer.from([0, 1]));
      const quads = Buffer.alloc(100_000, Buffer.from([0, 0, 0, 1]));
      for (const bytes of [zeros, pairs, quads]) expect([...wideLayers(bytes, () => true)]).toEqual([]);
      expect(search.mock.calls.length).toBeLessThan(100);
    } finally {
      search.mockRestore();
    }
  });

  it('are not seen in text, in zeroes, or in numbers', () => {
    const numbers = Buffer.alloc(400);
    for (let i = 0; i < 100; i += 1) numbers.writeUInt32LE(i * 701, i * 4);
    for (const bytes of [Buffer.from('plain text, nothing else'), Buffer.alloc(1000), numbers]) {
      expect([...wideLayers(bytes, () => true)]).toEqual([]);
    }
  });

  it('cost no more than the length of hostile bytes', () => {
    for (const pattern of ['a\0\0b\0\0', 'a\0\0\0b\0\0']) {
      const hostile = Buffer.alloc(1_000_000, Buffer.from(pattern));
      expect([...wideLayers(hostile, () => true)].length).toBe(0);
    }
  });
});
