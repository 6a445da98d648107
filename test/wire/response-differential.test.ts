/**
 * Answers of origins, given to our reader and to Node's client (llhttp, strict): what we take, Node takes as the same
 * answer with the same body. `FUZZ_RUNS` lengthens the second part (`npm run test:fuzz`).
 */

import { type IncomingMessage, request } from 'node:http';
import { Duplex } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { pairs } from '../../src/proxy/fields.ts';
import { bodyReader } from '../../src/wire/http-body.ts';
import { HEAD_LIMITS } from '../../src/wire/http-head.ts';
import { readResponseHead } from '../../src/wire/http-response.ts';

const LONG = process.env['FUZZ_RUNS'];
const RUNS = LONG === undefined ? { numRuns: 1_500, seed: 20_261_128 } : { numRuns: Number(LONG) };

const OK = 'HTTP/1.1 200 OK\r\nDate: x\r\n';
const SEEDS: readonly string[] = [
  `${OK}Content-Length: 5\r\n\r\nhello`,
  `${OK}Content-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\n\r\n`,
  `${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  `${OK}Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n3;c="d"\r\n, w\r\n0\r\nX-Sum: 1\r\n\r\n`,
  `${OK}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  `${OK}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`,
  `${OK}\r\nuntil it closes`,
  'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n',
  'HTTP/1.1 304 Not Modified\r\n\r\n',
  'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok',
  `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${OK}Content-Length: 2\r\n\r\nok`,
  `${OK}Set-Cookie: a=\xe9; b\r\nSet-Cookie: c\r\nContent-Length: 0\r\n\r\n`,
];

interface Answer {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
  readonly whole: boolean;
}

/** Null: refused, or not a whole head. */
function ours(bytes: Buffer): Answer | null {
  for (let rest = bytes; ; ) {
    const head = readResponseHead(rest, 'GET', HEAD_LIMITS);
    if (head === null || !head.ok) return null;
    rest = rest.subarray(head.value.length);
    const { status, headers, framing } = head.value;
    if (status < 200 && status !== 101) continue;
    const reader = bodyReader(framing);
    let body = '';
    const taken = reader.read(rest, (piece) => {
      body += Buffer.from(piece).toString('latin1');
    });
    return typeof taken === 'string' ? null : { status, headers, body, whole: reader.done || framing.kind === 'close' };
  }
}

async function nodes(bytes: Buffer): Promise<Answer | null> {
  const socket = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  let found: IncomingMessage | null = null;
  let body = '';
  const asked = request({ createConnection: () => socket as never, host: 'a.test' });
  asked.on('error', () => undefined);
  asked.on('upgrade', (answer) => {
    found = answer;
  });
  asked.on('response', (answer) => {
    found = answer;
    answer
      .on('error', () => undefined)
      .on('data', (chunk: Buffer) => {
        body += chunk.toString('latin1');
      });
  });
  asked.end();
  // The client takes its socket over in a turn of its own.
  await setImmediate();
  socket.push(bytes);
  socket.push(null);
  for (let turn = 0; turn < 4; turn += 1) await setImmediate();
  const answer = found as IncomingMessage | null;
  const read = answer && {
    status: answer.statusCode ?? 0,
    headers: pairs(answer.rawHeaders),
    body,
    whole: answer.complete,
  };
  asked.destroy();
  return read;
}

async function agree(text: string): Promise<void> {
  const bytes = Buffer.from(text, 'latin1');
  const own = ours(bytes);
  if (own === null) return;
  const theirs = await nodes(bytes);
  // A switch of protocols is refused by whoever asked for none.
  if (own.status === 101) return;
  if (own.whole) expect(theirs).toEqual(own);
  else expect(theirs === null || !theirs.whole).toBe(true);
}

it.each(SEEDS)('T-23 one answer is one answer to every reader: %j', (text) => agree(text));

it('T-23 and so for answers that were broken at random', async () => {
  await fc.assert(fc.asyncProperty(broken, agree), RUNS);
}, 1_800_000);

const PIECES = [
  ...['\r\n', '\n', '\r', '\r\n\r\n', ' ', '\t', '\0', '\x7f', '\xff', ':', ';', ',', '"', '0', '5', 'f', '+', '='],
  ...[
    'Content-Length: 5\r\n',
    'Transfer-Encoding: chunked\r\n',
    'Connection: close\r\n',
    '0\r\n\r\n',
    '5\r\n',
    'HTTP/1.1 ',
  ],
];

const broken = fc
  .tuple(
    fc.constantFrom(...SEEDS),
    fc.array(
      fc.record({
        at: fc.double({ min: 0, max: 1, noNaN: true }),
        cut: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 8 })),
        put: fc.oneof(fc.constantFrom(...PIECES), fc.constant('')),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  )
  .map(([seed, changes]) =>
    changes.reduce((text, { at, cut, put }) => {
      const from = Math.floor(at * text.length);
      return text.slice(0, from) + put + text.slice(from + cut);
    }, seed),
  );
