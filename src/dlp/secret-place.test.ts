/** What is concluded of a secret's place is what RE2 says of its groups. */
import fc from 'fast-check';
import RE2 from 're2';
import { describe, expect, it } from 'vitest';
import { shippedRules } from '../../test/dlp/shipped-rules.ts';
import { secretPlace } from './secret-place.ts';

/** Every match of the text: where the place was concluded, and where RE2 has the group. */
function places(regex: RE2, group: number, text: Buffer): { concluded: number[] | null; told: number[] | undefined }[] {
  const place = secretPlace(regex.source, group);
  if (place === null) return [];
  const out: { concluded: number[] | null; told: number[] | undefined }[] = [];
  for (let from = 0; ; ) {
    regex.lastIndex = from;
    const match = regex.exec(text);
    if (match === null) return out;
    const { indices } = match as unknown as { indices: (number[] | undefined)[] };
    const end = indices[0]?.[1] as number;
    out.push({ concluded: place(text, from, end), told: indices[group] });
    from = end;
  }
}

function wrong(found: ReturnType<typeof places>): ReturnType<typeof places> {
  return found.filter(({ concluded, told }) => concluded !== null && concluded.join() !== told?.join());
}

describe('the place of a secret', () => {
  const rules = shippedRules().rules.map((rule) => ({ ...rule, regex: new RE2(rule.spec.regex, 'gd') }));
  const samples = rules.flatMap(({ spec }) => spec.tests.match);

  it('is that of the group in every sample of every rule, and is concluded for most', () => {
    const all = rules.flatMap(({ spec, regex }) =>
      spec.tests.match.flatMap((text) => places(regex, spec.secret_group, Buffer.from(`\n${text}\n${text}`))),
    );
    expect(wrong(all)).toEqual([]);
    expect(all.length).toBeGreaterThan(rules.length);
    expect(all.filter(({ concluded }) => concluded !== null).length).toBeGreaterThan(all.length / 2);
  });

  it('is that of the group in samples cut, joined and changed at random', () => {
    const sign = fc.constantFrom(
      ' ',
      '\n',
      '"',
      "'",
      '=',
      ': ',
      ',',
      '-',
      '_',
      '.',
      '\\',
      '\u017f',
      '\u212a',
      'é',
      '密',
      'a',
      '0',
    );
    const cut = fc
      .tuple(fc.constantFrom(...samples), fc.nat(60), fc.nat(60), sign)
      .map(
        ([text, from, length, by]) =>
          text.slice(0, from % (text.length + 1)) + by + text.slice((from + length) % (text.length + 1)),
      );
    const text = fc.array(fc.oneof(fc.constantFrom(...samples), cut, sign), { maxLength: 12 });
    fc.assert(
      fc.property(text, fc.nat(), (parts, seed) => {
        const bytes = Buffer.from(parts.join(''));
        for (let i = 0; i < 40; i += 1) {
          const { spec, regex } = rules[(seed + i * 31) % rules.length] as (typeof rules)[number];
          expect(wrong(places(regex, spec.secret_group, bytes))).toEqual([]);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('is that of the group for expressions made at random', () => {
    const atom = fc.constantFrom(
      '[ab]',
      '[a-c:]',
      'a',
      'b',
      ':',
      '(?:ab|:)',
      '[^b]',
      '\\b',
      '\\s',
      'k',
      '(?:=|$)',
      '.',
    );
    const many = fc.constantFrom('', '?', '*', '+', '{1,3}', '{2}', '*?', '+?');
    const part = fc.tuple(atom, many).map(([a, m]) => (/^(?:\\b)$/.test(a) ? a : a + m));
    const parts = fc.array(part, { minLength: 1, maxLength: 3 }).map((all) => all.join(''));
    const gap = fc.constantFrom('', ':', '[:=]', '\\s?', '[:=]{1,2}', '=?');
    const end = fc.oneof(fc.constantFrom('', '\\b', '(?:[:= ]|$)', '[^b]', '$', ' ?'), parts);
    const regex = fc
      .tuple(fc.constantFrom('', '(?i)'), fc.oneof(parts, fc.constantFrom('', '\\b')), gap, parts, end)
      .map(([flags, before, sign, secret, after]) => `${flags}${before}${sign}(${secret})${after}`);
    let concluded = 0;
    fc.assert(
      fc.property(
        regex,
        fc.array(fc.constantFrom('a', 'b', 'c', ':', '=', ' ', 'k', '\u212a', 'é'), { minLength: 8, maxLength: 40 }),
        (source, of) => {
          const tried = new RE2(source, 'gd');
          // Matches may be empty: then it would not get on.
          if (tried.test('')) return;
          tried.lastIndex = 0;
          const text = Buffer.from(of.join(''));
          const first = new RE2(source, 'd').exec(text) as unknown as { indices: (number[] | undefined)[] } | null;
          const place = secretPlace(source, 1);
          if (first === null || place === null) return;
          const found = place(text, 0, first.indices[0]?.[1] as number);
          if (found === null) return;
          concluded += 1;
          expect(found, `${source} in ${JSON.stringify(of.join(''))}`).toEqual(first.indices[1]);
        },
      ),
      { numRuns: Number(process.env['FUZZ_RUNS'] ?? 4000) },
    );
    expect(concluded).toBeGreaterThan(40);
  });

  it.each([
    ['a group in another', '((?:a)(b))', 2, true],
    ['a group that is repeated', 'a(b)+', 1, false],
    ['one of several', 'a(b)|c', 1, false],
    ['several characters behind it', 'a(b+)\\.\\s', 1, true],
    ['any number of characters behind it, or none', 'a(b+)(?:\\.\\s*)?', 1, false],
    ['one that may be empty', 'a(b*)', 1, false],
    ['the whole match', 'ab', 0, false],
    ['what is not read', '\\pL(b)', 1, false],
  ])('%s', (_what, source, group, expected) => {
    expect(secretPlace(source, group) !== null).toBe(expected);
  });

  it('is the first where several would do and nothing stands before it', () => {
    const place = secretPlace('\\b([a-z.]+@[a-z.]+)\\b', 1);
    const text = Buffer.from('to .john.doe@mail.example');
    expect(place?.(text, 0, text.length)).toEqual([4, text.length]);
    expect(place?.(text, 7, text.length)).toEqual([8, text.length]);
  });

  it('is left to RE2 for the first matches of a rule: most rules have no more', () => {
    const place = secretPlace('\\b([a-z.]+@[a-z.]+)\\b', 1, 2);
    const text = Buffer.from('john@mail.example');
    const found = [1, 2, 3].map(() => place?.(text, 0, text.length));
    expect(found).toEqual([null, null, [0, text.length]]);
  });

  it('is left to RE2 where two would do', () => {
    const place = secretPlace('(?:id|id=x)=?(x+)', 1);
    expect(place?.(Buffer.from('id=xx'), 0, 5)).toBeNull();
  });
});
