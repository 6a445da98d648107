/** Bodies that are one binary document: what is taken out of one leaves a document (T-36). */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cbor, field, messagePack, type Plain } from '../../../test/dlp/binary-formats.ts';
import { contextOf } from '../../../test/dlp/guard-context.ts';
import { GITHUB_RULES, GITHUB_TOKEN, ruleSet } from '../../../test/dlp/small-rules.ts';
import { createGuard } from '../guard.ts';
import type { GuardContext } from '../guard-context.ts';
import { readCbor } from './cbor.ts';
import { readMessagePack } from './message-pack.ts';

const guard = createGuard({
  rules: ruleSet(GITHUB_RULES),
  fingerprintKey: Buffer.alloc(32, 1),
  maxDecodedBytes: 200_000,
});
const MARK = '[REDACTED:GITHUB_TOKEN]';
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

function run(body: Buffer, contentType: string, over: Partial<GuardContext> = {}) {
  const filter = guard.filter(contextOf({ contentType, ...over }));
  const half = Math.floor(body.length / 2);
  const out = [
    ...filter.push(body.subarray(0, half)),
    ...filter.idle(),
    ...filter.push(body.subarray(half)),
    ...filter.end(),
  ];
  return { body: Buffer.concat(out), blocked: filter.blocked, findings: filter.verdict().findings.length };
}

const FORMATS = [
  { type: 'application/cbor', write: cbor, read: readCbor },
  { type: 'application/msgpack', write: messagePack, read: readMessagePack },
] as const;

describe.each(FORMATS)('$type', ({ type, write, read }) => {
  const of = (secret: string, key = 'key'): Plain => ({
    id: 17,
    [key]: {
      token: `so ${secret} it is`,
      list: ['\u00e9', secret, -3, null, true],
      bytes: Uint8Array.of(0xff, 0, 0x0a),
    },
    long: 'words '.repeat(60),
  });

  it('has what was found replaced, with the lengths that it has then', () => {
    expect(run(write(of(GITHUB_TOKEN)), type).body).toEqual(write(of(MARK)));
    expect(run(write(of(GITHUB_TOKEN)), type).findings).toBe(2);
    expect(run(write(of('x', GITHUB_TOKEN)), type).body).toEqual(write(of('x', MARK)));
    expect(run(write(of(GITHUB_TOKEN)), type, { direction: 'request' })).toMatchObject({
      blocked: true,
      body: Buffer.alloc(0),
    });
  });

  it('is searched for what lies in several values', () => {
    const [one, two] = [GITHUB_TOKEN.slice(0, 12), GITHUB_TOKEN.slice(12)];
    const passed = run(
      write({
        rows: [
          { part: one, n: 1 },
          { part: two, n: 2 },
        ],
      }),
      type,
    );
    expect(passed.body).toEqual(
      write({
        rows: [
          { part: MARK, n: 1 },
          { part: '', n: 2 },
        ],
      }),
    );
  });

  it('grows where its mark is longer', () => {
    const text = (secret: string) => `${secret}${' '.repeat(200)}`;
    expect(run(write([text(GITHUB_TOKEN), text(GITHUB_TOKEN).repeat(300)]), type).body).toEqual(
      write([text(MARK), text(MARK).repeat(300)]),
    );
  });

  it('is the same, byte for byte, where nothing is found; and its texts are all read', () => {
    const value: fc.Arbitrary<Plain> = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.string({ unit: 'grapheme', maxLength: 300 }),
        fc.integer({ min: -32, max: 70_000 }),
        fc.constantFrom(null, true, false),
        fc.uint8Array({ maxLength: 300 }),
        fc.array(tie('value'), { maxLength: 20 }),
        fc.dictionary(fc.string({ maxLength: 40 }), tie('value'), { maxKeys: 20 }),
      ),
    })).value as fc.Arbitrary<Plain>;
    fc.assert(
      fc.property(value, (plain) => {
        const body = write(plain);
        expect(run(body, type).body).toEqual(body);
        const texts = read(body)?.leaves.map(({ bytes }) => bytes.toString('latin1'));
        expect(texts?.sort()).toEqual(textsOf(plain).sort());
      }),
      { numRuns: 60 },
    );
  });

  it('is looked at as it stands where it is none', () => {
    const json = JSON.parse(run(Buffer.from(`{"a":"${GITHUB_TOKEN}"}`), type).body.toString());
    expect(json.a.replace(/\*+$/, '')).toBe(MARK);
    for (const body of [write(of(GITHUB_TOKEN)).subarray(0, -1), Buffer.from(`text ${GITHUB_TOKEN}`)]) {
      expect(run(body, type).body.includes(GITHUB_TOKEN)).toBe(false);
      expect(run(body, type).findings).toBeGreaterThan(0);
    }
    expect(run(Buffer.alloc(0), type).body).toHaveLength(0);
  });

  it('is searched text by text though it has more of them than are told: what says a length may be a letter', () => {
    const long = `${GITHUB_TOKEN} `.padEnd(0x61, '-');
    const body = write([...Array.from({ length: 65_536 }, () => 'a'), long]);
    const { body: left, findings } = run(body, type);
    expect([left.length, left.includes(GITHUB_TOKEN), findings]).toEqual([body.length, false, 1]);
    expect(left.subarray(0, -long.length)).toEqual(body.subarray(0, -long.length));
  });

  it('does not pass where it is larger than is held', () => {
    expect(run(write('x'.repeat(200_000)), type)).toMatchObject({ blocked: true, body: Buffer.alloc(0) });
  });
});

/** Every text and bytes in it that are not empty, keys too. */
function textsOf(plain: Plain): string[] {
  if (typeof plain === 'string') return plain === '' ? [] : [Buffer.from(plain).toString('latin1')];
  if (plain instanceof Uint8Array) return plain.length === 0 ? [] : [Buffer.from(plain).toString('latin1')];
  if (Array.isArray(plain)) return plain.flatMap(textsOf);
  return typeof plain === 'object' && plain !== null
    ? Object.entries(plain).flatMap(([key, value]) => [...textsOf(key), ...textsOf(value)])
    : [];
}

describe('heads', () => {
  it.each([
    ['indefinite lists, maps and texts', readCbor, '9f 01 bf 61 61 f5 ff 7f 62 6f 6e 61 65 ff ff', ['a', 'on', 'e']],
    ['tags and floats', readCbor, 'c0 63 616263 fb 3ff199999999999a f9 3c00', ['abc']],
    ['simple values of a byte', readCbor, '82 f8 ff 61 78', ['x']],
    ['a sequence', readCbor, '61 61 61 62', ['a', 'b']],
    ['a break in the wrong place', readCbor, '82 01 ff', null],
    ['a break as a value', readCbor, 'bf 61 61 ff', null],
    ['reserved heads', readCbor, '1c', null],
    ['chunks of another kind', readCbor, '7f 41 61 ff', null],
    ['a text beyond the end', readCbor, '78 ff 61', null],
    ['no end of an indefinite list', readCbor, '9f 01', null],
    ['a list of more than there is', readCbor, '9b 00ffffffffffffff 01', null],
    ['nothing', readCbor, '', null],
    [
      'numbers of all sizes',
      readMessagePack,
      '9a cc ff cd ffff ce ffffffff cf ffffffffffffffff d0 80 d1 8000 d2 80000000 d3 8000000000000000 ca 3f800000 cb 3ff0000000000000',
      ['4294967295', '18446744073709551615', '-2147483648', '-9223372036854775808'],
    ],
    [
      'extensions',
      readMessagePack,
      '93 d4 01 61 d8 02 61616161616161616161616161616161 c7 03 05 616263',
      ['a', 'a'.repeat(16), 'abc'],
    ],
    ['long lists and maps', readMessagePack, 'dc 0001 df 00000001 a1 6b da 0001 76', ['k', 'v']],
    ['the byte that is never used', readMessagePack, 'c1', null],
    ['an extension beyond the end', readMessagePack, 'c8 ffff 01 61', null],
    ['nothing at all', readMessagePack, '', null],
  ])('%s', (_, read, bytes, texts) => {
    expect(read(hex(bytes))?.leaves.map(({ bytes: text }) => text.toString()) ?? null).toEqual(texts);
  });

  it('too deep, or with too many texts, is looked at as it stands', () => {
    expect(readCbor(Buffer.alloc(70, 0x81))).toBeNull();
    expect(readMessagePack(Buffer.alloc(70, 0x91))).toBeNull();
    expect(
      readMessagePack(Buffer.concat([hex('dd 00011170'), Buffer.from('\u00a1'.repeat(70_000), 'latin1')])),
    ).toBeNull();
  });
});

it.each([
  ['text that could be small numbers', 'application/msgpack', GITHUB_TOKEN, 'result'],
  ['a list of small numbers', 'application/msgpack', `\u00dc\u0000\u0028${GITHUB_TOKEN}`, 'result'],
  ['text that could be texts', 'application/cbor', `key: ${GITHUB_TOKEN}`, 'result'],
  ['text behind a head', 'application/cbor', `\u009f${GITHUB_TOKEN}\u00ff`, 'request'],
] as const)('%s is searched as it stands', (_, type, text, direction) => {
  const passed = run(Buffer.from(text, 'latin1'), type, { direction });
  expect(passed.body.toString('latin1')).not.toContain(GITHUB_TOKEN.slice(4));
  expect(passed.blocked).toBe(direction === 'request');
});

it('a body that is one message of protobuf is written with its lengths', () => {
  const of = (secret: string) => field(2, field(1, `so ${secret} it is`));
  expect(run(of(GITHUB_TOKEN), 'application/x-protobuf').body).toEqual(of(MARK));
});
