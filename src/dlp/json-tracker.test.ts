import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { matchesPath, parsePathPattern, shownPath } from './json-path.ts';
import { JsonPlaces } from './json-places.ts';
import { JsonTracker } from './json-tracker.ts';

/** The place of the first `@` of a text. */
function placeOf(text: string): string | null {
  const bytes = Buffer.from(text);
  const path = new JsonPlaces().over(bytes, 0)(bytes.indexOf('@'));
  return path === null ? null : shownPath(path);
}

/** Every string of a document that has a place: its path as JSON, and itself. */
function stringsOf(node: unknown, path: readonly (string | number)[]): [string, string][] {
  if (typeof node === 'string') return path.length > 0 ? [[JSON.stringify(path), node]] : [];
  if (typeof node !== 'object' || node === null) return [];
  const isList = Array.isArray(node);
  return Object.entries(node).flatMap(([key, one]) => stringsOf(one, [...path, isList ? Number(key) : key]));
}

describe('places in JSON', () => {
  it.each([
    ['{"a":"@"}', '$.a'],
    ['{"a":1,"b":{"c":[true,null,{"d":"x@"}]}}', '$.b.c[2].d'],
    ['["x", "y", "@"]', '$[2]'],
    ['[[],[[1],["@"]]]', '$[1][1][0]'],
    ['{"a":"}\\"]{,:","b":"@"}', '$.b'],
    ['{"a":{"b":1},"c":@', '$.c'],
    ['{\n  "a": {\n    "b": "@"\n  }\n}', '$.a.b'],
    ['{"a":{"@":1}}', '$.a'],
    ['{"\\u0061b":"@"}', '$.ab'],
    ['{"a":1}\n{"b":"@"}', '$.b'],
    ['data: {"a":[0,"@"]}\n\n', '$.a[1]'],
    ['event: x\ndata: {"a":1}\n\nid: 3\ndata: {"b":"@"}\n', '$.b'],
    ['data: {"a":\ndata:  {"b":"@"}}\n\n', '$.a.b'],
    ['data: {"a":\n\ndata: {"b":"@"}\n', '$.b'],
    ['INFO something {"a":"@"}', null],
    ['INFO {"a": "\n{"b":"@"}', '$.b'],
    ['data: {"a":"x"}\r\rdata: {"b":"@"}\r\r', '$.b'],
    ['data: {"a":\rdata: {"b":"@"}}', '$.a.b'],
    ['{"a":\r\n{"b":"@"}}', '$.a.b'],
    ['{"a":\r\n\r\n{"b":"@"}}', '$.b'],
    ['\ufeffdata: {"a":"@"}', '$.a'],
    ['\u001e{"a":1}\n\u001e{"b":"@"}', '$.b'],
    ['0:"x"\n9:{"a":"@"}', '$.a'],
    ['INFO: {"a":"@"}', null],
    ['text\rmore {"a":"@"}', null],
    ['just @ text', null],
    ['"@"', null],
    ['[see](http://x) @', null],
    ['{"a":1]}\n@', null],
    [`${'['.repeat(4000)}"@"`, null],
    // A key may be a value itself: a token that keys a table, a card number (T-85).
    ['{"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":{"n":"@"}}', '$[*].n'],
    ['{"4111111111111111":"@"}', '$[*]'],
    ['{"a1b2c3d4e5":"@"}', '$[*]'],
    ['{"odd key":"@"}', '$[*]'],
  ])('of %j is %s', (text, place) => {
    expect(placeOf(text)).toBe(place);
  });

  it('are told again behind what is nested too deep, of which nothing is held but how deep it is', () => {
    const deep = (signs: string) => signs.repeat(200_000);
    const nested = `{"a":${'[{"k":'.repeat(100)}{"k":"x","l":["y",{"m":1}]}${'}]'.repeat(100)},"b":"@"}`;
    expect(placeOf(nested)).toBe('$.b');
    expect(placeOf(nested.replace('"x"', '"@"'))).toBeNull();
    const tracker = new JsonTracker();
    const text = Buffer.from(`{"a":${deep('[')}`);
    tracker.advance(text, 0, text.length);
    expect(tracker.state.levels).toHaveLength(128);
    const rest = Buffer.from(`${deep(']')},"b":`);
    tracker.advance(rest, 0, rest.length);
    expect(tracker.path()).toEqual(['b']);
  });

  it('are the same in whatever windows the text is seen', () => {
    const value = fc.jsonValue({ maxDepth: 4 });
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 4 }), fc.array(fc.nat(400)), (values, cuts) => {
        const end = ['\n', '\r\n', '\r'][values.length % 3] as string;
        const text = Buffer.from(values.map((v) => `data: ${JSON.stringify(v)}${end}${end}`).join(''));
        const whole = new JsonPlaces().over(text, 0);
        const windowed = new JsonPlaces();
        const ends = [...cuts.filter((c) => c < text.length).sort((a, b) => a - b), text.length];
        let from = 0;
        for (const end of ends) {
          const base = Math.max(0, from - 3);
          const view = text.subarray(base, end + 5);
          const at = windowed.over(view, base);
          for (let i = from; i < end; i += 1) expect(at(i - base)).toEqual(whole(i));
          windowed.goOn(view, base, end);
          from = end;
        }
      }),
      { numRuns: 60 },
    );
  });

  it('name every value of a document as JSON.parse finds it', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        const text = Buffer.from(JSON.stringify(value));
        const strings = stringsOf(JSON.parse(text.toString()), []);
        const found: [string, string][] = [];
        const at = new JsonPlaces().over(text, 0);
        for (const [path, inner] of strings) {
          const needle = Buffer.from(JSON.stringify(inner));
          for (let i = text.indexOf(needle); i >= 0; i = text.indexOf(needle, i + 1)) {
            if (JSON.stringify(at(i + 1)) === path) found.push([path, inner]);
          }
        }
        for (const one of strings) expect(found).toContainEqual(one);
      }),
      { numRuns: 100 },
    );
  });
});

it.each(['\n', '\r'])(
  'T-45 looks once for the kind of line end that a text does not have, and not at each line: %j',
  (end) => {
    const text = Uint8Array.from(Buffer.from(`prose${end}`.repeat(5000)));
    const looks = vi.spyOn(text, 'subarray');
    new JsonTracker().advance(text, 0, text.length);
    expect(looks.mock.calls.length).toBeGreaterThan(4990);
    expect(looks.mock.calls.length).toBeLessThan(5010);
  },
);

describe('patterns of places', () => {
  it.each([
    ['$.a', ['a'], true],
    ['$.a', ['a', 'b'], false],
    ['$.items[*].id', ['items', 7, 'id'], true],
    ['$.items[0].id', ['items', 7, 'id'], false],
    ['$.*.id', ['x', 'id'], true],
    ['$[\'odd key\']["b"]', ['odd key', 'b'], true],
    ['$..sha', ['a', 3, 'b', 'sha'], true],
    ['$..sha', ['sha'], true],
    ['$..sha', ['sha', 'x'], false],
    ['$.a..b..c', ['a', 'x', 'b', 'c'], true],
    ['$..[0]', ['a', 0], true],
  ])('%s on %j: %s', (pattern, path, matches) => {
    const parsed = parsePathPattern(pattern);
    expect(parsed === null ? null : matchesPath(parsed, path)).toBe(matches);
  });

  it.each(['', '$', 'a.b', '$.', '$..', '$.a b', '$[', '$[x]', '$a', '$..a..b..c', '$.a..'])(
    'refuses %j',
    (pattern) => {
      expect(parsePathPattern(pattern)).toBeNull();
    },
  );
});
