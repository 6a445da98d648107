import fc from 'fast-check';
import { expect, it } from 'vitest';
import { twiceNamed } from './json-members.ts';

const CASES: readonly [text: string, name: string | null][] = [
  ['{"a":1,"b":1}', null],
  ['{"a":1,"a":1}', 'a'],
  ['{"a":1,"\\u0061":1}', '\\u0061'],
  ['{"a":{"a":1},"b":[{"a":1},{"a":1}]}', null],
  ['{"a":{"b":1 , "b"\n:1}}', 'b'],
  ['[{"a":1},[{"c":"\\"a\\":", "c":2}]]', 'c'],
  ['{"a":"a","b":"a"}', null],
  ['{"a\\\\":"","a\\\\":""}', 'a\\\\'],
  ['{"":1,"":2}', ''],
  ['{"__proto__":1,"__proto__":2}', '__proto__'],
  ['"a"', null],
];

it.each(CASES)('of %s', (text, name) => {
  expect(twiceNamed(text)).toBe(name);
  JSON.parse(text);
});

it('looks only as deep as it is told to', () => {
  expect(twiceNamed('{"a":{"b":1,"b":1}}', 1)).toBeNull();
  expect(twiceNamed('{"a":{"b":1,"b":1},"a":1}', 1)).toBe('a');
});

it('finds nothing in what was written from a value, however it nests', () => {
  fc.assert(fc.property(fc.json(), (text) => twiceNamed(JSON.stringify(JSON.parse(text))) === null));
  expect(twiceNamed('['.repeat(100_000) + ']'.repeat(100_000))).toBeNull();
});
