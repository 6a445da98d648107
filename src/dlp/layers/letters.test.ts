import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { confusableLayer as confusable, invisibleLayer as invisible, lettersIn } from './letters.ts';
import { nearChanges, type Undone } from './splices.ts';

const whole = (undone: Undone | null) => (undone === null ? null : ([...nearChanges(undone)][0] ?? null));
const invisibleLayer = (text: Buffer) => whole(invisible(text));
const confusableLayer = (text: Buffer) => whole(confusable(text));
const decoded = (layer: ReturnType<typeof invisibleLayer>) => layer?.decoded.toString('utf8') ?? null;

const placesIn = (stretches: readonly number[]) =>
  stretches.flatMap((from, i) =>
    i % 2 === 1 ? [] : Array.from({ length: (stretches[i + 1] as number) - from }, (_, at) => from + at),
  );

describe('letters that hide others', () => {
  it('are taken away also where a byte beside them is no UTF-8 (T-35)', () => {
    const hidden = Buffer.from('key-ab\u200bcd\u2060ef');
    for (const odd of [[0xff], [0xe2, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80]]) {
      const text = Buffer.concat([Buffer.from(odd), hidden, Buffer.from(odd)]);
      const layer = invisibleLayer(text);
      expect(layer?.decoded.toString('latin1')).toContain('key-abcdef');
      const at = layer?.decoded.indexOf('key-abcdef') ?? -1;
      expect(layer?.outer(at, at + 10)).toEqual([odd.length, odd.length + hidden.length]);
    }
  });

  it('keep every offset in any bytes', () => {
    const part = fc.oneof(
      fc.constantFrom('a', '\u200b', 'é', '𝄞', '\u2060', 'Ｋ').map((text) => Buffer.from(text)),
      fc.uint8Array({ minLength: 1, maxLength: 3 }).map((raw) => Buffer.from(raw)),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
        const text = Buffer.concat(parts);
        for (const layer of [invisibleLayer(text), confusableLayer(text)]) {
          if (layer === null) continue;
          let before = 0;
          for (let i = 0; i < layer.decoded.length; i += 1) {
            const [start, end] = layer.outer(i, i + 1);
            expect(start >= before && end > start && end <= text.length).toBe(true);
            before = start;
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['full-width letters and digits', 'ｋｅｙ-ａｂ１２', 'key-ab12'],
    ['mathematical letters', '\u{1d458}\u{1d452}\u{1d466}-ab', 'key-ab'],
    ['Cyrillic in a word of ASCII', 'АКIA', 'AKIA'],
    ['Cyrillic at its end', 'tokеп', null],
    ['Greek in a word of ASCII', 'ΑKIA', 'AKIA'],
  ])('are read as what they look like: %s', (_, text, expected) => {
    if (expected === null) expect(decoded(confusableLayer(Buffer.from(text)))).toContain('toke');
    else expect(decoded(confusableLayer(Buffer.from(text)))).toBe(expected);
  });

  it('are all in the stretches that are looked at, wherever the text lies in memory', () => {
    const part = fc.oneof(
      fc.constantFrom('\u200b', 'é', 'А', '𝄞').map((text) => Buffer.from(text)),
      fc.nat(150).map((n) => Buffer.from('abcdefgh '.repeat(20).slice(0, n))),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 10 }), fc.nat(5), (parts, shift) => {
        const text = Buffer.concat([Buffer.alloc(shift), ...parts]).subarray(shift);
        const looked = placesIn(lettersIn(text));
        expect(new Set(looked).size).toBe(looked.length);
        const beside = [...text.keys()]
          .filter((at) => (text[at] as number) > 127)
          .flatMap((at) => [at - 1, at, at + 1]);
        const due = beside.filter((at) => at >= 0 && at < text.length);
        expect(due.filter((at) => !looked.includes(at))).toEqual([]);
      }),
    );
  });

  it('cost no more than their length where nothing of ASCII is beside them', () => {
    const text = Buffer.from('а'.repeat(500_000));
    expect(confusableLayer(text)).toBeNull();
  });

  it('stay what they are in text of their own script', () => {
    for (const text of ['Все счастливые семьи похожи', 'Ο Όμηρος', 'naïve café', '日本語のテキスト']) {
      expect(confusableLayer(Buffer.from(text))).toBeNull();
    }
  });
});
