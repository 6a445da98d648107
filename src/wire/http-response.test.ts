import { expect, test } from 'vitest';
import { HEAD_LIMITS } from './http-head.ts';
import { readResponseHead } from './http-response.ts';

const head = (text: string, method = 'GET') => readResponseHead(Buffer.from(text, 'latin1'), method, HEAD_LIMITS);
const ok = (...fields: string[]) => head(['HTTP/1.1 200 OK', ...fields, '', ''].join('\r\n'));

test.each([
  ['both lengths', ok('Content-Length: 3', 'Transfer-Encoding: chunked'), 'length_and_transfer_encoding'],
  ['two lengths', ok('Content-Length: 3', 'content-length: 3'), 'duplicate_length'],
  ['a list of lengths', ok('Content-Length: 3, 3'), 'bad_length'],
  ['another coding', ok('Transfer-Encoding: gzip, chunked'), 'bad_transfer_encoding'],
  ['a coding in 1.0', head('HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'), 'bad_transfer_encoding'],
  ['a folded field', ok('A: b', ' c'), 'obs_fold'],
  ['T-33 a bare LF in a field', ok('A: b\nSet-Cookie: x=y'), 'bare_cr_or_lf'],
  ['a NUL', ok('A: b\0'), 'control_byte'],
  ['another protocol', head('ICY 200 OK\r\n\r\n'), 'bad_status_line'],
  ['a status of two digits', head('HTTP/1.1 20 OK\r\n\r\n'), 'bad_status_line'],
  ['HTTP/2.0', head('HTTP/2.0 200 OK\r\n\r\n'), 'bad_status_line'],
  ['T-45 more than a head may hold', head('H'.repeat(40_000)), 'too_large'],
])('T-23 refused: %s', (_, read, error) => {
  expect(read).toEqual({ ok: false, error });
});

test.each([
  ['a length', ok('Content-Length: 3'), { framing: { kind: 'length', length: 3 }, persistent: true }],
  ['no length', ok(), { framing: { kind: 'close' }, persistent: false }],
  ['chunks', ok('Transfer-Encoding: Chunked'), { framing: { kind: 'chunked' }, persistent: true }],
  ['a close', ok('Content-Length: 0', 'Connection: x, Close'), { persistent: false }],
  ['HTTP/1.0', head('HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n'), { persistent: false }],
  [
    'HTTP/1.0 that stays',
    head('HTTP/1.0 200\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n'),
    { persistent: true },
  ],
  ['an answer to HEAD', head('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n', 'HEAD'), { framing: { kind: 'none' } }],
  ['304', head('HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n'), { framing: { kind: 'none' } }],
  [
    'an interim answer',
    head('HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n'),
    { status: 103, framing: { kind: 'none' } },
  ],
])('taken: %s', (_, read, value) => {
  expect(read).toMatchObject({ ok: true, value });
});
