import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonLayer, percentLayer } from './escapes.ts';
import { nearChanges, type Undone } from './splices.ts';

const around = (undone: Undone | null) => (undone === null ? [] : [...nearChanges(undone, 1024)]);

describe('nearChanges', () => {
  it('gives what is near an escape and leaves out what was read in the clear', () => {
    const text = Buffer.from(`${'a'.repeat(5000)}key\\u003dvalue${'b'.repeat(5000)}`);
    const [one, ...more] = around(jsonLayer(text));
    expect(more).toEqual([]);
    expect(one?.decoded.toString()).toBe(`${'a'.repeat(1021)}key=value${'b'.repeat(1019)}`);
    const at = one?.decoded.indexOf('value') ?? 0;
    expect(one?.outer(at, at + 5)).toEqual([5009, 5014]);
    expect(one?.counts).toEqual([64, (one?.decoded.length ?? 0) - 64]);
  });

  it('keeps escapes together that are near one another, and the ends of a text whole', () => {
    const near = Buffer.from(`a%20b${'c'.repeat(2000)}d%20e`);
    const far = Buffer.from(`a%20b${'c'.repeat(3000)}d%20e`);
    expect(around(percentLayer(near)).map(({ counts }) => counts)).toEqual([[0, 2006]]);
    expect(around(percentLayer(far)).map(({ counts }) => counts)).toEqual([
      [0, 962],
      [64, 1026],
    ]);
  });

  it('points at the same places as the whole, whatever the text', () => {
    const part = fc.oneof(
      fc.constant('%41'),
      fc.integer({ min: 0, max: 2500 }).map((n) => 'x'.repeat(n)),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        const text = Buffer.from(parts.join(''));
        const whole = percentLayer(text);
        let changes = 0;
        for (const layer of around(whole)) {
          for (let i = layer.decoded.indexOf('A'); i >= 0; i = layer.decoded.indexOf('A', i + 1)) {
            const [start, end] = layer.outer(i, i + 1);
            expect(text.subarray(start, end).toString()).toBe('%41');
            expect(layer.counts?.[0] ?? 0).toBeLessThanOrEqual(i);
            changes += 1;
          }
        }
        expect(changes).toBe(whole?.splices.count ?? 0);
      }),
    );
  });
});
