import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chainsOf } from './chains.ts';

/** String values of a document, in order, as it is written. */
function strings(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(strings);
  return value !== null && typeof value === 'object' ? Object.values(value).flatMap(strings) : [];
}

const isWord = (text: string) => text !== '' && text.length <= 512 && /^[\w+/=.~:@!$-]+$/.test(text);

const word = fc.stringMatching(/^[\w+/=.~:@!$-]{1,12}$/);
const key = fc.oneof(fc.string(), fc.constantFrom('a"b', 'back\\', ' ', 'k:'));
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof({ maxDepth: 4 }, word, fc.string(), fc.integer(), fc.constant(null), tie('array'), tie('object')),
  array: fc.array(tie('tree'), { maxLength: 5 }),
  object: fc.dictionary(key, tie('tree'), { maxKeys: 5 }),
}));

describe('the strings of a JSON document', () => {
  it('are one chain, in order, as far as they are words', () => {
    fc.assert(
      fc.property(fc.array(tree, { minLength: 1, maxLength: 6 }), fc.constantFrom(0, 2), (document, indent) => {
        const text = Buffer.from(JSON.stringify(document, null, indent), 'latin1');
        const words = strings(JSON.parse(text.toString('latin1'))).filter(isWord);
        fc.pre(words.length > 1);
        const [first] = chainsOf(text, { isForm: false });
        expect(first?.map(({ start, end }) => text.toString('latin1', start, end))).toEqual(words);
      }),
      { numRuns: 500 },
    );
  });

  it('are a chain for each field, known by the last key before them', () => {
    const text = Buffer.from('{"k": ["one two", "x"], "j": {"k" : "three \\" four"}, "l": "", "m": "cut');
    const chains = chainsOf(text, { isForm: false }).map((chain) =>
      chain.map(({ start, end }) => text.toString('latin1', start, end)),
    );
    const [keys, ...fields] = chains;
    expect(fields).toEqual([['one two', 'x', 'three \\" four']]);
    expect(keys).toEqual(['k', 'j', 'k', 'l', 'm']);
  });
});
