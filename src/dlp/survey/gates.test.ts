/** Where the survey of a text tells of no sign, the reader that looks for it finds nothing. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Allowance, packedLayers } from '../layers/compressed.ts';
import { dumpLineLayers } from '../layers/dump-lines.ts';
import { entityLayer, jsonLayer, percentLayer, quotedPrintableLayer, sourceLayer } from '../layers/escapes.ts';
import { hasEvents } from '../layers/event-values.ts';
import { htmlTablesOf } from '../layers/html-tables.ts';
import { confusableLayer, invisibleLayer } from '../layers/letters.ts';
import { multipartChains } from '../layers/multipart.ts';
import { pairsOf } from '../layers/pairs.ts';
import { sqlTablesOf } from '../layers/sql-tables.ts';
import { terminalLayer } from '../layers/terminal.ts';
import { wideLayers } from '../layers/wide-text.ts';
import { withLineEnds } from '../line-ends.ts';
import { ENCODINGS, SHAPES } from './kernel.ts';
import { encodingsIn, shapesOf } from './survey.ts';

const parts = fc.oneof(
  fc
    .constantFrom(
      ...[
        '%41',
        '%4',
        '\\u0041',
        '\\\\u0041',
        '\\/',
        '\\x41',
        '\\101',
        '\\u{41}',
        '\\n',
        '\\tw',
        '\\"',
        '&#65;',
        '&lowbar;',
        '&dollar;',
        '&amp;',
      ],
      ...[
        '=\n',
        '=\r\n',
        'c2VjcmV0Cg==\n',
        '=3D',
        '=41',
        '\u200b',
        '\u00ad',
        '’',
        'Ａ',
        'А',
        'Αb',
        '\u{1d458}',
        '\u{e0020}',
        'é',
        '中',
        '\x1b[0m',
        '\0a',
        'a\0b\0c\0d\0e\0f\0g\0h\0',
      ],
      ...[
        '00000000: 6768 696a 6b6c 6d6e\n00000008: 6768 696a 6b6c 6d6e\n',
        '00000010: 6768 696a 6b6c 6d6e\n00000018: 6768 696a 6b6c 6d6e',
        '  =00  ',
        '-00: ',
        ' 000 ',
        '0000000 67 68 69\n',
        '0020  67 68\n',
      ],
      ...[
        'name    a1b2c3d4',
        'name\t\ta1b2c3d4',
        '\n    ',
        'key: |\n  a1b2c3d4\n',
        'key: >\n  a1b2c3d4\n',
        '**key**: a1b2c3d4\n',
        '*key:* a1b2c3d4\n',
      ],
      ...[
        '<tr><th>key</th><th>b</th></tr><tr><td>a1b2c3d4</td><td>x</td></tr>',
        '<b>key</b> a1b2c3d4 ',
        '"name": "key", "value": "a1b2c3d4"',
        'value=a1b2c3',
      ],
      ...[
        '#define KEY "a1b2c3d4"\n',
        'key = @"a1b2c3d4"',
        'insert into t (a, b) values (1, 2);',
        'INSERT INTO t (a, b) VALUES (1, 2);',
        'COPY t (a, b) FROM stdin;\n1\t2\n\\.\n',
      ],
      ...[
        '{"a":1}\n',
        'data: {"a":1}\n',
        'q:"z"\r',
        '\x1e{"a":1}\n',
        '\n--b\nx: y\n\na\n--b\n\nc\n--b--\n',
        '--b\r\n\r\na\r\n',
        '\r',
        '\n',
        ' ',
      ],
    )
    .map((text) => Buffer.from(text)),
  fc.constantFrom([0x1f, 0x8b, 8, 0], [0x28, 0xb5, 0x2f, 0xfd], [0x50, 0x4b, 3, 4]).map((raw) => Buffer.from(raw)),
  fc.string({ maxLength: 6, unit: 'binary' }).map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 4 }).map((raw) => Buffer.from(raw)),
);
// Short, so that a text without a sign is not rare.
const texts = fc.array(parts, { maxLength: 4 }).map((all) => Buffer.concat(all));
const always = () => true;
const runs = { numRuns: Number(process.env['FUZZ_RUNS'] ?? 1200) };

const tried: Buffer[] = [];
const packing = {
  unpack: (bytes: Buffer) => {
    tried.push(bytes);
    return null;
  },
  pack: () => Buffer.alloc(0),
};

const hasLetters = (text: Buffer) => invisibleLayer(text) !== null || confusableLayer(text) !== null;
const ENTITIES = [
  '#65',
  '#x41',
  'lowbar',
  'UnderBar',
  'period',
  'colon',
  'equals',
  'sol',
  'plus',
  'commat',
  'dollar',
].map((name) => `&${name};`);
/** A mark of a dump stands at the end of an offset, or anywhere else in a line that begins with one. */
const DUMPS = [
  '00000000  6768 696a 6b6c 6d6e\n00000008  6768 696a 6b6c 6d6e\n',
  '00000010  6768 696a 6b6c 6d6e  =00  \n00000018  6768 696a 6b6c 6d6e\n',
  '00000010  67 68 69 6a 6b 6c 6d 00  6f 70 71 72\n0000001c  67 68 69 6a 6b 6c\n',
];
const HTML = '<tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr>';
const SQL = [
  'insert into t (a, b) values (1, 2)',
  'INSERT INTO t (a, b) VALUES (1, 2)',
  'COPY t (a, b) FROM stdin;\n1\t2\n',
];
const MARKUP = ['</', '/>', '<!['];

/** What is looked for, its sign, who finds it, and texts, a byte each, in which it does. */
type Gate = readonly [name: string, sign: number, finds: (text: Buffer) => boolean, found: readonly string[]];

const ENCODED: readonly Gate[] = [
  ['percent', ENCODINGS.percent, (text) => percentLayer(text) !== null, ['%41', 'a%7e']],
  ['escapes of JSON', ENCODINGS.jsonEscape, (text) => jsonLayer(text) !== null, ['\\u0041', '\\\\u0041', '\\/']],
  [
    'escapes of sources',
    ENCODINGS.sourceEscape,
    (text) => sourceLayer(text) !== null,
    ['\\x41', '\\101', '\\033', '\\u{41}'],
  ],
  [
    'line ends that are written',
    ENCODINGS.writtenEnd,
    (text) => withLineEnds(text) !== text,
    ['\\na', '\\ra', '\\ta', '\\\\na'],
  ],
  ['references', ENCODINGS.entity, (text) => entityLayer(text) !== null, ENTITIES],
  ['quoted-printable', ENCODINGS.quoted, (text) => quotedPrintableLayer(text) !== null, ['=3D', 'a=\n', 'a=\r\n']],
  ['letters', ENCODINGS.letters, hasLetters, ['\xe2\x80\x8b', 'a\xd0\x90']],
  ['wide text', ENCODINGS.zero, (text) => [...wideLayers(text, always)].length > 0, ['a\0b\0c\0d\0e\0f\0g\0h\0']],
  ['orders to a terminal', ENCODINGS.escape, (text) => terminalLayer(text) !== null, ['\x1b[0m', '\x1bM']],
  ['dumps', ENCODINGS.dump, (text) => [...dumpLineLayers(text, always)].length > 0, DUMPS],
  [
    'compressed stretches',
    ENCODINGS.packed,
    (text) => {
      tried.length = 0;
      for (const _ of packedLayers(text, { packing, left: new Allowance(1024), isBlob: false, isNew: () => true }))
        return true;
      return tried.length > 0;
    },
    ['\x1f\x8b\x08', '(\xb5/\xfd', `PK\x03\x04\0\0\0\0\x08${'\0'.repeat(30)}`],
  ],
];

const EVERY = { signs: -1, eventLines: null };
const SHAPED: readonly Gate[] = [
  ['boundaries', SHAPES.boundary, (text) => multipartChains(text).length > 0, ['--b\n\na', 'x\n--b\r\n\r\na']],
  ['tables of HTML', SHAPES.tableHead, (text) => htmlTablesOf(text).length > 0, [HTML]],
  ['rows of databases', SHAPES.rows, (text) => sqlTablesOf(text).length > 0, SQL],
  ['markup', SHAPES.markup, (text) => MARKUP.some((mark) => text.includes(mark)), MARKUP],
];

/** What is found in none of the texts would hold nothing. */
function expectTold(found: readonly string[], finds: (text: Buffer) => boolean, told: (text: Buffer) => number) {
  const texts = found.map((text) => Buffer.from(text, 'latin1'));
  expect(found.filter((_, i) => !finds(texts[i] as Buffer))).toEqual([]);
  expect(found.filter((_, i) => told(texts[i] as Buffer) === 0)).toEqual([]);
}

describe('a text that is told to hold no sign of', () => {
  it.each(ENCODED)('%s has none', (_, sign, finds, found) => {
    expectTold(found, finds, (text) => encodingsIn(text) & sign);
    fc.assert(
      fc.property(texts, (text) => {
        if (finds(text)) expect(encodingsIn(text) & sign).not.toBe(0);
      }),
      runs,
    );
  });

  it('letters that hide, or look like others, has none of all there are (T-35)', () => {
    const missed: string[] = [];
    for (const [from, to] of [
      [0x80, 0xd800],
      [0xe000, 0x10000],
      [0x1d000, 0x1e000],
      [0xe0000, 0xe0200],
    ] as const)
      for (let point = from; point < to; point += 1) {
        const text = Buffer.from(`a${String.fromCodePoint(point)}a`);
        if ((encodingsIn(text) & ENCODINGS.letters) === 0 && hasLetters(text)) missed.push(point.toString(16));
      }
    expect(missed).toEqual([]);
  });

  it.each(SHAPED)('%s has none', (_, sign, finds, found) => {
    expectTold(found, finds, (text) => shapesOf(text).signs & sign);
    fc.assert(
      fc.property(texts, (text) => {
        if (finds(text)) expect(shapesOf(text).signs & sign).not.toBe(0);
      }),
      runs,
    );
  });

  it('pairs of a name and a value has none', () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(pairsOf(text)).toEqual(pairsOf(text, EVERY));
      }),
      runs,
    );
  });

  it('events has none', () => {
    const agree = (text: Buffer) => {
      for (const least of [1, 2]) expect(hasEvents(text, least, shapesOf(text))).toBe(hasEvents(text, least, EVERY));
    };
    fc.assert(fc.property(texts, agree), runs);
  });
});
