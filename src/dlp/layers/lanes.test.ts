import { describe, expect, it } from 'vitest';
import { shapesOf } from '../survey/survey.ts';
import { hasEvents } from './event-values.ts';
import { lanesOf } from './lanes.ts';

const shown = (text: string, least: 1 | 2 = 2) => {
  const bytes = Buffer.from(text, 'latin1');
  const { texts, parts } = lanesOf(bytes, least);
  const read = (lanes: typeof texts) =>
    lanes.map((lane) => lane.map(({ start, end }) => bytes.toString('latin1', start, end)).join('|'));
  return { texts: read(texts), parts: read(parts) };
};
const lines = (...events: readonly object[]) => events.map((event) => `${JSON.stringify(event)}\n`).join('');

describe('values of events that belong together', () => {
  it.each([
    ['a field of text', lines({ text: 'a' }, { text: 'b' }), ['a|b'], []],
    ['any field that changes', lines({ k: 'a', m: 'x' }, { k: 'b', m: 'x' }), [], ['a|b']],
    ['nothing that is always the same', lines({ k: 'a' }, { k: 'a' }), [], []],
    ['nothing of one line', lines({ text: 'a' }), [], []],
    ['nothing of what only looks like it', 'a: b\n{ code }\n', [], []],
    ['the place in a list', lines({ l: [{ text: 'a' }, { text: 'x' }] }, { l: [{ text: 'b' }] }), ['a|b'], ['a|x|b']],
    [
      'a number beside the text',
      lines({ i: 0, text: 'a' }, { i: 1, text: 'x' }, { i: 0, text: 'b' }, { i: 1, text: 'y' }),
      ['a|x|b|y', 'a|b', 'x|y'],
      [],
    ],
    [
      'a name behind what holds the text',
      lines({ d: { k: 'a' }, id: 'm' }, { d: { k: 'x' }, id: 'n' }, { d: { k: 'b' }, id: 'm' }),
      [],
      ['a|x|b', 'a|b', 'm|n|m'],
    ],
    ['but no number that counts', lines({ n: 1, k: 'a' }, { n: 2, k: 'b' }, { n: 3, k: 'c' }), [], ['a|b|c']],
    ['events with CR', 'data: {"text":"a"}\r\rdata: {"text":"b"}\r\r', ['a|b'], []],
    ['events with a mark at the beginning', '\xef\xbb\xbfdata: {"text":"a"}\n\ndata: {"text":"b"}\n\n', ['a|b'], []],
    ['data on several lines', 'data: {"text":\ndata: "a"}\n\ndata: {"text":"b"}\n\n', ['a|b'], []],
    ['lines of a sign and JSON', '0:"a"\n9:{"k":"x"}\n0:"b"\n9:{"k":"y"}\n', ['a|b'], ['x|y']],
    ['plain data', 'data: a b\n\nevent: e\ndata: c\n\n', ['a b|c'], []],
    ['strings as data', 'data: "a"\n\ndata: "b"\n\n', ['a|b'], []],
    ['records of a sequence', '\x1e{"text":"a"}\n\x1e{"text":"b"}\n', ['a|b'], []],
    ['what stands behind a broken line', '{"text":"a"}\n{"text":"b\n{"text":"c"}\n', ['a|c'], []],
  ])('are known by %s', (_, text, texts, parts) => {
    expect(shown(text)).toEqual({ texts, parts });
  });

  it.each([
    ['more names of fields than are told apart', (i: number) => `{"k${i}":["x${i}",{"l":[1]}]}\n`, 5000],
    ['more lanes than a call takes arguments', () => `{"text":[${'"x",'.repeat(150_000)}"y"]}\n`, 2],
  ])('are read, whatever a body holds: %s', (_, line, count) => {
    const text = Array.from({ length: count }, (_, i) => line(i)).join('');
    expect(() => lanesOf(Buffer.from(text), 2)).not.toThrow();
  });

  it.each([
    ['source that begins lines with a brace', '{\n  const a = 1;\n}\n{ b }\n', false],
    ['objects on lines', '{"a":1}\n{"a":2}\n', true],
    ['objects on several lines', '{\r\n  "a": 1\r\n}\r\n{\n\t"a": 2 }', true],
    ['one whose beginning is all there is', '{"a":1}\n{', true],
    ['lists in braces, as whoever is not strict takes them', '{[1]}\n{,"a":1}', true],
  ])('are looked for where lines may be events: %s', (_, text, expected) => {
    expect(hasEvents(Buffer.from(text), 2, shapesOf(Buffer.from(text)))).toBe(expected);
  });

  it('cost no more than their length, whatever they are', () => {
    const hostile = [
      '\x1e'.repeat(60_000),
      '{"a":'.repeat(12_000),
      Array.from({ length: 8000 }, (_, i) => `{"k${i}":"${i}"}\n`).join(''),
      Array.from(
        { length: 4000 },
        (_, i) => `{"a":${i % 3},"b":${i % 5},"c":${i % 7},"d":${i % 9},"k":"x${i}"}\n`,
      ).join(''),
      `${'['.repeat(60)}${'"x",'.repeat(15_000)}\n{}\n{}\n`,
    ];
    for (const text of hostile) {
      const { texts, parts } = lanesOf(Buffer.from(text), 1);
      const pieces = [...texts, ...parts].reduce((sum, { length }) => sum + length, 0);
      expect(pieces).toBeLessThan(text.length);
    }
  });
});
