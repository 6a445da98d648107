import { expect, test } from 'vitest';
import { anyJson, memberText } from './json-value.ts';

const nested = (levels: number) => JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as unknown;

test.each([
  ['null', null, true],
  ['what is named like a prototype', JSON.parse('{"__proto__":{"a":[1,"x",true]}}'), true],
  ['a thousand levels', nested(1000), true],
  ['more', nested(1002), false],
  ['so many that the stack does not reach', nested(100_000), false],
  ['a number beyond all numbers', JSON.parse('{"a":[1e400]}'), false],
])('%s fits or does not', (_what, value, fits) => {
  const parsed = anyJson.safeParse(value);
  expect(parsed.success).toBe(fits);
  // As it is: a copy would have lost `__proto__`.
  if (parsed.success) expect(JSON.stringify(parsed.data)).toBe(JSON.stringify(value));
});

test.each([
  ['{"json":12345678901234567890}', '12345678901234567890'],
  ['{ "a" : "\\"json\\":1,{" , "json" : { "x" : [ 1.0 , "}" ] } , "z":2 }', '{ "x" : [ 1.0 , "}" ] }'],
  ['{"a":{"json":1},"b":["json",{"json":2}]}', null],
  ['{"json":1,"json":"\\\\"}', '"\\\\"'],
  ['{"js\\u006fn":1e2}', '1e2'],
  ['{"a":"json"}', null],
  ['{}', null],
])('the member `json` of %s is %j', (text, expected) => {
  expect(memberText(text, 'json')).toBe(expected);
});
