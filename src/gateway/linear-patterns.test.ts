import { expect, it } from 'vitest';
import { parseTools } from './tool-file.ts';

const argsOf = (args: object) => {
  const file = { version: 1, name: 't', description: 'x', url: 'https://a.example/', read_only: true, args };
  const parsed = parseTools([{ path: 'tools/t.yaml', text: JSON.stringify(file) }]);
  if (!parsed.ok) throw new Error(parsed.error[0]?.message);
  const tool = parsed.value.get('t');
  return (value: unknown) => tool?.args.safeParse(value).success;
};
const text = (pattern: string) => ({ type: 'string', pattern });

it('T-60 a pattern of a schema is no way to keep the appliance waiting', () => {
  const fits = argsOf({
    type: 'object',
    properties: {
      mail: text('^\\S+@\\S+\\.\\S+$'),
      all: { anyOf: [text('^(a+)+$'), { type: 'array', items: text('^(?:.*,)*x$') }] },
    },
  });
  // Each would take V8's own engine from a quarter of an hour to for ever.
  expect(fits({ mail: `a@${'.'.repeat(1_000_000)} ` })).toBe(false);
  expect(fits({ all: `${'a'.repeat(5000)}!` })).toBe(false);
  expect(fits({ all: [`${'a,'.repeat(20_000)}!`] })).toBe(false);
  expect(fits({ mail: 'a@b.c', all: ['a,b,x'] })).toBe(true);
  expect(fits({ mail: 'a b', all: 'aaa' })).toBe(false);
  expect(fits({ mail: 'ä@b.c', all: 'aaa' })).toBe(true);
});

it('refuses a file whose pattern cannot be matched so', () => {
  expect(() => argsOf({ type: 'object', properties: { a: text('^(?!x)') } })).toThrow('RE2');
  expect(() => argsOf({ type: 'object', properties: { a: text('(') } })).toThrow('RE2');
});
