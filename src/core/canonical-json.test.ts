import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, type Json } from './canonical-json.ts';

describe('canonical JSON', () => {
  it.each([
    ['keys by UTF-16 code units', { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\u{1f600}': 5, '\u0080': 6, ö: 7 }],
    ['numbers as ECMAScript writes them', [333333333.3333333, 1e30, 4.5, 2e-3, 1e-27, -0, 9007199254740992]],
    ['escapes', ['\u20ac$\u000f\u000aA\'\u0042\u0022\u005c\\"\u002f']],
    ['literals and nesting', { a: [null, true, false, {}, [], ''], b: { c: { d: 1 } } }],
    ['many keys', Object.fromEntries(Array.from({ length: 99 }, (_, i) => [`k${(i * 37) % 100}`, i]))],
  ])('writes %s as RFC 8785 does', (_, value) => {
    expect(canonicalJson(value as Json)).toBe(canonicalize(value));
  });

  it('agrees with another implementation on any value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'grapheme' }), (value) => {
        expect(canonicalJson(value as Json)).toBe(canonicalize(value));
      }),
    );
  });

  it('writes the same whether or not the keys came in order', () => {
    const sorted = (value: unknown): unknown => {
      if (typeof value !== 'object' || value === null) return value;
      if (Array.isArray(value)) return value.map(sorted);
      const keys = Object.keys(value).sort();
      return Object.fromEntries(keys.map((key) => [key, sorted((value as Record<string, unknown>)[key])]));
    };
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'grapheme' }), (value) => {
        expect(canonicalJson(sorted(value) as Json)).toBe(canonicalize(value));
      }),
    );
    expect(canonicalJson({ a: '\\ud800' })).toBe('{"a":"\\\\ud800"}');
    expect(() => canonicalJson({ a: ['\ud800'] })).toThrow(/lone surrogates/);
    expect(() => canonicalJson({ a: [Number.POSITIVE_INFINITY] })).toThrow(/infinity/);
  });

  it('leaves undefined out and refuses what JSON cannot say', () => {
    expect(canonicalJson({ a: undefined, b: 1 })).toBe('{"b":1}');
    expect(() => canonicalJson(Number.NaN)).toThrow(/NaN/);
    expect(() => canonicalJson('\ud800')).toThrow(/lone surrogates/);
    expect(() => canonicalJson({ '\udc00': 1 })).toThrow(/lone surrogates/);
  });
});
