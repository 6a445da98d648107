import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withLineEnds } from './line-ends.ts';

const shown = (text: string) => withLineEnds(Buffer.from(text, 'latin1')).toString('latin1');

describe('line ends that are escaped', () => {
  it.each([
    ['a\\nb', 'a\\\nb'],
    ['a\\r\\nb', 'a\\r\\\nb'],
    ['a\\tb', 'a\\\tb'],
    ['a\\\\nb', 'a\\\\\nb'],
    ['a\\n b', 'a\\n b'],
    ['a\\n', 'a\\n'],
    ['a\\xb', 'a\\xb'],
    ['\\', '\\'],
  ])('are shown as such before a word: %j', (text, expected) => {
    expect(shown(text)).toBe(expected);
  });

  it('leave every other byte as it is, in any bytes', () => {
    const part = fc.oneof(fc.constantFrom('\\', '\\n', '\\r', '\\t', 'n', 'a', '_', ' '), fc.string({ maxLength: 3 }));
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
        const text = Buffer.from(parts.join(''), 'latin1').toString('latin1');
        const expected = text.replaceAll(/(\\+)([nrt])(?=\w)/g, (_, before: string, letter: 'n' | 'r' | 't') => {
          return before + { n: '\n', r: '\r', t: '\t' }[letter];
        });
        expect(shown(text)).toBe(expected);
      }),
    );
  });

  it('are not copied where there are none', () => {
    const text = Buffer.from('C:\\Users and a \\d+');
    expect(withLineEnds(text)).toBe(text);
  });
});
