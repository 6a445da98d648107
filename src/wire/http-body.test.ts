import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type BodyProblem, bodyReader, type Framing } from './http-body.ts';

interface Read {
  readonly body: string;
  readonly taken: number;
  readonly done: boolean;
  readonly trailers: readonly (readonly [string, string])[];
  readonly problem: BodyProblem | null;
}

/** Reads `text` in pieces that end at `cuts`. */
function read(framing: Framing, text: string, cuts: readonly number[] = []): Read {
  const bytes = Buffer.from(text, 'latin1');
  const reader = bodyReader(framing);
  let [body, taken] = ['', 0];
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  let problem: BodyProblem | null = null;
  for (const end of [...ends, bytes.length]) {
    if (problem !== null || reader.done) break;
    const got = reader.read(bytes.subarray(taken, end), (piece) => {
      body += Buffer.from(piece).toString('latin1');
    });
    if (typeof got === 'string') problem = got;
    else taken += got;
  }
  return { body, taken, done: reader.done, trailers: reader.trailers, problem };
}

const CHUNKED: Framing = { kind: 'chunked' };
const WHOLE = '5;a=b;c="d e"\r\nhello\r\n00003\r\n, w\r\n0\r\nX-Sum: 1\r\n\r\n';

test('a chunked body ends where its last line ends, and what follows is left alone', () => {
  const { body, taken, done, trailers } = read(CHUNKED, `${WHOLE}GET /`);
  expect({ body, taken, done, trailers }).toEqual({
    body: 'hello, w',
    taken: WHOLE.length,
    done: true,
    trailers: [['X-Sum', '1']],
  });
});

test.each<[Framing, string, number]>([
  [{ kind: 'none' }, '', 0],
  [{ kind: 'length', length: 3 }, 'abc', 3],
  [{ kind: 'close' }, 'abcdef', 6],
])('%o takes what it should', (framing, body, taken) => {
  expect(read(framing, 'abcdef')).toMatchObject({ body, taken, problem: null });
});

test('T-45 small chunks that came together are one piece, and large ones stay as they are', () => {
  const pieces: Uint8Array[] = [];
  const large = Buffer.alloc(4096, 'L');
  const wire = Buffer.concat([
    Buffer.from('1\r\na\r\n'.repeat(5000)),
    Buffer.from('1000\r\n'),
    large,
    Buffer.from('\r\n1\r\nb\r\n'),
  ]);
  bodyReader(CHUNKED).read(wire, (piece) => pieces.push(piece));
  expect(pieces.map(({ length }) => length)).toEqual([5000, 4096, 1]);
  expect(Buffer.concat(pieces).toString()).toBe(`${'a'.repeat(5000)}${large.toString()}b`);
  // What waits holds only itself, not the packet that it came in.
  expect((pieces[1] as Uint8Array).buffer).toBe(wire.buffer);
  expect((pieces[0] as Uint8Array).buffer).not.toBe(wire.buffer);
});

test('T-45 of a body that turns bad, what was good before is handed on', () => {
  expect(read(CHUNKED, '1\r\na\r\n1\r\nb\r\nx')).toMatchObject({ body: 'ab', problem: null });
  expect(read(CHUNKED, '1\r\na\r\n1\r\nb\r\nx\r\n')).toMatchObject({ body: 'ab', problem: 'bad_chunk' });
});

test('T-23 cut anywhere, a chunked body reads the same', () => {
  const whole = read(CHUNKED, `${WHOLE}rest`);
  fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 8 }), (cuts) => {
      expect(read(CHUNKED, `${WHOLE}rest`, cuts)).toEqual(whole);
    }),
  );
});

test.each<[string, string, BodyProblem]>([
  ['a signed size', '+5\r\nhello\r\n0\r\n\r\n', 'bad_chunk'],
  ['a size with a prefix', '0x5\r\nhello\r\n0\r\n\r\n', 'bad_chunk'],
  ['a size with a blank', '5 \r\nhello\r\n0\r\n\r\n', 'bad_chunk'],
  ['a size beyond any number', 'fffffffffffffffff\r\n', 'bad_chunk'],
  ['no size', '\r\nhello\r\n0\r\n\r\n', 'bad_chunk'],
  ['a bare LF behind the size', '5\nhello\r\n0\r\n\r\n', 'bad_chunk'],
  ['a bare CR in an extension', '5;a\rb\r\nhello\r\n0\r\n\r\n', 'bad_chunk'],
  ['an extension that is none', '5;;\r\nhello\r\n0\r\n\r\n', 'bad_chunk'],
  ['more data than the size', '5\r\nhello!\r\n0\r\n\r\n', 'bad_chunk'],
  ['a line without end', '5;a='.padEnd(300, 'x'), 'bad_chunk'],
  ['a trailer that is no field', '0\r\nX Y: 1\r\n\r\n', 'bad_trailer'],
  ['a folded trailer', '0\r\nX: 1\r\n y\r\n\r\n', 'bad_trailer'],
  ['a control byte in a trailer', '0\r\nX: a\x00b\r\n\r\n', 'bad_trailer'],
  ['T-45 trailers without end', `0\r\n${`X: ${'y'.repeat(1_000)}\r\n`.repeat(9)}`, 'trailers_too_large'],
])('T-23 refused: %s', (_, text, problem) => {
  expect(read(CHUNKED, text).problem).toBe(problem);
});
