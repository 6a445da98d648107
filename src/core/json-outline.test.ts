import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { type OutlineBounds, outlined } from './json-outline.ts';

const BOUNDS: OutlineBounds = { levels: Number.POSITIVE_INFINITY, deepest: 1000, members: 64 };

async function read(text: string, bounds: Partial<OutlineBounds> = {}) {
  let pauses = 0;
  const outline = await outlined(text, { ...BOUNDS, ...bounds }, async () => {
    pauses += 1;
  });
  if (!outline.ok) return { fault: outline.error, pauses };
  const parts = [...(outline.value ?? [])].map(([name, [from, to]]) => [name, text.slice(from, to)]);
  return { members: outline.value && Object.fromEntries(parts), pauses };
}

test.each<[text: string, members: object | null]>([
  ['{}', {}],
  [' { "a" : [ 1.0 , "}" ] , "b":12345678901234567890 }\n', { a: '[ 1.0 , "}" ]', b: '12345678901234567890' }],
  ['{"a":"\\"b\\":1,{","b":{"a":{"a":1}}}', { a: '"\\"b\\":1,{"', b: '{"a":{"a":1}}' }],
  ['{"js\\u006fn":1e2,"":null}', { json: '1e2', '': 'null' }],
  ['[{"a":1},{"a":1}]', null],
  ['"a"', null],
  [' -0.5e-3 ', null],
])('members of %s', async (text, members) => {
  expect((await read(text)).members).toEqual(members);
});

test.each<[text: string, fault: object, bounds?: Partial<OutlineBounds>]>([
  ['{"a":1,"\\u0061":1}', { kind: 'twice', name: '\\u0061' }],
  ['[{"b":{"a":1,"c":2, "a"\n:3}}]', { kind: 'twice', name: 'a' }],
  ['{"a":1,"a":{"b":1,"b":1}}', { kind: 'twice', name: 'a' }, { levels: 1 }],
  ['{"x":{"a":[1e400]}}', { kind: 'number', member: 'x' }],
  [`[${'9'.repeat(400)}]`, { kind: 'number', member: null }],
  ['{"a":[],"x":[[[1]]]}', { kind: 'deep', member: 'x' }, { deepest: 2 }],
  ['['.repeat(3_000_000), { kind: 'deep', member: null }],
  ['{"a":1,"b":2,"c":3}', { kind: 'many' }, { members: 2 }],
  ['{"a":1', { kind: 'invalid' }],
  ['', { kind: 'invalid' }],
])('what is wrong with %s', async (text, fault, bounds) => {
  expect((await read(text, bounds)).fault).toEqual(fault);
});

it('looks for names only as deep as it is told to', async () => {
  expect((await read('{"a":{"b":1,"b":1}}', { levels: 1 })).members).toEqual({ a: '{"b":1,"b":1}' });
});

describe('takes what JSON.parse takes, and nothing else', () => {
  const agrees = async (text: string) => {
    let parsed: unknown;
    let isJson = true;
    try {
      parsed = JSON.parse(text);
    } catch {
      isJson = false;
    }
    const { fault, members } = await read(text, { levels: 0 });
    // A number beyond all numbers is one to `JSON.parse`, and is told before whatever comes behind it.
    expect([text, fault?.kind === 'invalid' || (fault?.kind === 'number' && !isJson)]).toEqual([text, !isJson]);
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
    if (!isObject || fault) return;
    const read1 = Object.entries(members ?? {}).map(([name, value]) => [name, JSON.parse(value as string)]);
    expect(Object.fromEntries(read1)).toEqual(parsed);
  };

  it('of values as they are written', () =>
    fc.assert(
      fc.asyncProperty(fc.json(), fc.nat(3), (text, indent) => agrees(JSON.stringify(JSON.parse(text), null, indent))),
    ));

  it('of pieces put together', () => {
    const piece = fc.constantFrom(
      ...[
        '{',
        '}',
        '[',
        ']',
        ',',
        ':',
        '"a"',
        '"',
        '\\',
        '\\"',
        '"\\u00e9"',
        '"\\u00g0"',
        '"\\x"',
        '0',
        '-',
        '01',
        '1.5',
        '1.',
      ],
      ...[
        '.5',
        '1e5',
        '1E+5',
        'e',
        '-0',
        'true',
        'tru',
        'null',
        'false',
        ' ',
        '\n',
        '\t',
        '\f',
        '\u00a0',
        '"\n"',
        '\ud800',
        '"é"',
        '+1',
      ],
    );
    const broken = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
    return fc.assert(fc.asyncProperty(broken, agrees), { numRuns: 3000 });
  });

  it('of values that lost or got a character', () => {
    const changed = fc
      .tuple(fc.json(), fc.nat(), fc.constantFrom('', '"', ',', '}', ']', '\\', '0', ' ', ':'))
      .map(([text, at, put]) => `${text.slice(0, at % text.length)}${put}${text.slice((at % text.length) + 1)}`);
    return fc.assert(fc.asyncProperty(changed, agrees), { numRuns: 1000 });
  });
});

it('finds the first name that stands twice, however it is written', () => {
  const name = fc.constantFrom('a', 'b', '\\u0061', 'c', '__proto__');
  const members = fc.array(fc.tuple(name, fc.constantFrom('1', '"a"', '[{}]', '{"a":1}')), { maxLength: 4 });
  return fc.assert(
    fc.asyncProperty(members, async (pairs) => {
      const names = pairs.map(([written]) => JSON.parse(`"${written}"`) as string);
      const twice = pairs.find((_, i) => names.indexOf(names[i] ?? '') < i)?.[0];
      const { fault } = await read(`[{${pairs.map(([written, value]) => `"${written}":${value}`).join(',')}}]`);
      expect(fault).toEqual(twice === undefined ? undefined : { kind: 'twice', name: twice });
    }),
  );
});

describe('others have their turn', () => {
  const large = 2_000_000;
  test.each([
    ['small values', `[${'[],'.repeat(large / 3)}[]]`],
    ['one string', `"${'a'.repeat(large)}"`],
    ['escapes', `"${'\\u0041'.repeat(large / 6)}"`],
    ['blanks', `${' '.repeat(large / 2)}[${' '.repeat(large / 2)}]`],
    [
      'members of one object',
      `{"a":{${Array.from({ length: large / 10 }, (_, i) => `"${i.toString(36).padStart(4)}":1`).join(',')}}}`,
    ],
  ])('between steps of %s', async (_what, text) => {
    const { fault, pauses } = await read(text);
    expect(fault).toBeUndefined();
    expect(pauses).toBeGreaterThanOrEqual(Math.floor(text.length / 40_000));
  });

  it('and a small text is read at once', async () => {
    expect((await read('{"a":[1,2,3]}')).pauses).toBe(0);
  });
});
