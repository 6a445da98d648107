import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lineDiff } from './line-diff.ts';

const text = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 12 }).map((lines) => lines.join('\n'));

describe('the line diff', () => {
  it('is empty exactly when nothing is changed', () => {
    fc.assert(fc.property(text, text, (a, b) => (lineDiff(a, b).length === 0) === (a === b)));
  });

  it('has every line that went and came, in order, and no other', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        const lines = lineDiff(a, b);
        const side = (skip: string) => lines.filter(({ sign }) => sign !== skip).map((line) => line.text);
        const holds = (whole: string, part: readonly string[]) => `\n${whole}\n`.includes(`\n${part.join('\n')}\n`);
        expect(lines.length === 0 || (holds(a, side('+')) && holds(b, side('-')))).toBe(true);
        const count = (sign: string) => lines.filter((line) => line.sign === sign).length;
        expect(count('+') - count('-')).toBe(b.split('\n').length - a.split('\n').length);
      }),
    );
  });

  it('shows what is changed with two lines round it', () => {
    const before = ['1', '2', '3', '4', '5', '6', '7'].join('\n');
    expect(lineDiff(before, before.replace('4', 'x')).map(({ sign, text: line }) => sign + line)).toEqual([
      ...[' 2', ' 3', '-4', '+x', ' 5', ' 6'],
    ]);
  });
});
