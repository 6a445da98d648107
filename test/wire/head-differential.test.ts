/**
 * Two readers of one request must not read two requests. Our reader and Node's (llhttp, strict) are given the same
 * bytes: seeds, then seeds broken at random. `FUZZ_RUNS` lengthens the second (`npm run test:fuzz`).
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { differences } from './differences.ts';
import { HEAD_SEEDS } from './head-seeds.ts';

const LONG = process.env['FUZZ_RUNS'];
/** The same ones each time, unless it is run to find new ones. */
const RUNS = LONG === undefined ? { numRuns: 4_000, seed: 20_261_124 } : { numRuns: Number(LONG) };

describe('T-23 whatever one reader takes, every reader takes as the same', () => {
  it.each(Object.entries(HEAD_SEEDS))('%s', async (_, text) => {
    expect(await differences(Buffer.from(text, 'latin1'))).toEqual([]);
  });

  it('and so for seeds that were broken at random', async () => {
    await fc.assert(
      fc.asyncProperty(broken, async (text) => {
        expect(await differences(Buffer.from(text, 'latin1'))).toEqual([]);
      }),
      RUNS,
    );
  }, 1_800_000);
});

const PIECES = [
  ...[
    '\r\n',
    '\n',
    '\r',
    '\r\n\r\n',
    ' ',
    '\t',
    '\0',
    '\x0b',
    '\x7f',
    '\x80',
    '\xff',
    ':',
    ';',
    '#',
    '@',
    ',',
    '"',
    '\\',
  ],
  ...[
    'Content-Length: 5\r\n',
    'Content-Length: 0\r\n',
    'Transfer-Encoding: chunked\r\n',
    'Host: b.test\r\n',
    'chunked',
  ],
  ...['0\r\n\r\n', '5\r\n', 'GET ', ' HTTP/1.1', 'HTTP/2.0', '/', '//', 'http://', '*', '%00', '+', '-', '0', 'f', '_'],
  ...['Connection: close\r\n', 'Upgrade: x\r\n', 'Expect: 100-continue\r\n', 'CONNECT ', 'a.test:443'],
];

const change = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  cut: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.integer({ min: 1, max: 12 }) }),
  put: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...PIECES) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) },
    { weight: 1, arbitrary: fc.constant('') },
  ),
});

const broken = fc
  .tuple(fc.constantFrom(...Object.values(HEAD_SEEDS)), fc.array(change, { minLength: 1, maxLength: 4 }))
  .map(([seed, changes]) =>
    changes.reduce((text, { at, cut, put }) => {
      const from = Math.floor(at * text.length);
      return text.slice(0, from) + put + text.slice(from + cut);
    }, seed),
  );
