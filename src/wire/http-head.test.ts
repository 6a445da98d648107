import fc from 'fast-check';
import { expect, test } from 'vitest';
import { heapInUse } from '../../test/collected.ts';
import { type FieldsReading, HEAD_LIMITS, HeadScan, readRequestHead } from './http-head.ts';
import { LastFields } from './last-fields.ts';

const head = (text: string) => readRequestHead(Buffer.from(text, 'latin1'));
const get = (...fields: string[]) =>
  head(['GET http://a.test/ HTTP/1.1', 'Host: a.test', ...fields, '', ''].join('\r\n'));

test.each([
  ['T-23 length and coding', get('Content-Length: 1', 'Transfer-Encoding: chunked'), 'length_and_transfer_encoding'],
  ['T-23 two lengths', get('Content-Length: 1', 'content-length: 1'), 'duplicate_length'],
  ['T-23 signed length', get('Content-Length: +1'), 'bad_length'],
  ['T-23 listed length', get('Content-Length: 1, 1'), 'bad_length'],
  ['T-23 hidden coding', get('Transfer-Encoding: xchunked'), 'bad_transfer_encoding'],
  ['T-23 two codings', get('Transfer-Encoding: gzip, chunked'), 'bad_transfer_encoding'],
  ['T-23 space before the colon', get('Content-Length : 1'), 'bad_field'],
  ['T-23 obs-fold', get('A: b', ' c'), 'obs_fold'],
  ['T-23 bare LF', head('GET http://a.test/ HTTP/1.1\nHost: a.test\r\n\r\n'), 'bare_cr_or_lf'],
  ['T-23 bare CR', get('A: b\rc'), 'bare_cr_or_lf'],
  ['T-10 NUL', get('A: b\0c'), 'control_byte'],
  ['T-15 two hosts', get('Host: b.test'), 'duplicate_host'],
  ['no host', head('GET http://a.test/ HTTP/1.1\r\n\r\n'), 'missing_host'],
  ['two spaces', head('GET  http://a.test/ HTTP/1.1\r\nHost: a\r\n\r\n'), 'bad_request_line'],
  ['HTTP/0.9', head('GET /\r\n\r\n'), 'bad_request_line'],
  ['HTTP/2 preface', head('PRI * HTTP/2.0\r\n\r\n'), 'bad_version'],
  ['fragment', head('GET http://a.test/#b HTTP/1.1\r\nHost: a.test\r\n\r\n'), 'bad_target'],
  ['T-45 too many fields', get(...new Array<string>(101).fill('A: b')), 'too_many_fields'],
  ['T-45 too large', head('A'.repeat(40_000)), 'too_large'],
])('refused: %s', (_name, read, error) => {
  expect(read).toEqual({ ok: false, error });
});

test('a head says where it ends, and what follows is left alone', () => {
  const text = 'CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n';
  const read = head(`${text}\x16\x03\x01`);
  expect(read).toMatchObject({ ok: true, value: { method: 'CONNECT', form: 'authority', length: text.length } });
});

test('T-45 a head cut anywhere asks for more', () => {
  const text = 'GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\nAccept: */*\r\n\r\n';
  fc.assert(fc.property(fc.nat({ max: text.length - 1 }), (cut) => head(text.slice(0, cut)) === null));
});

test('T-45 a head that comes byte by byte is looked at once, and reads like one that comes whole', () => {
  const text = `GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\n${'A: bc\r\n'.repeat(90)}\r\n`;
  const bytes = Buffer.from(text, 'latin1');
  let looked = 0;
  const counted = (end: number) =>
    new Proxy(bytes.subarray(0, end), {
      get(part, key) {
        if (typeof key === 'string' && /^[0-9]+$/.test(key)) looked += 1;
        const value = Reflect.get(part, key, part) as unknown;
        return typeof value === 'function' ? value.bind(part) : value;
      },
    });
  const decode = (part: Uint8Array, end: number) => Buffer.from(part.buffer, part.byteOffset, end).toString('latin1');
  const scan = new HeadScan();
  for (let end = 1; end < bytes.length; end += 1)
    expect(readRequestHead(counted(end), { ...HEAD_LIMITS, scan }, decode)).toBeNull();
  const read = readRequestHead(counted(bytes.length), { ...HEAD_LIMITS, scan }, decode);
  expect(read).toEqual(head(text));
  expect(looked).toBeLessThan(3 * bytes.length);
  // The next head begins anew.
  expect([scan.at, scan.line]).toEqual([0, 0]);
});

test('T-23 whatever the bytes, a scan that goes on says what one of all bytes says', () => {
  const piece = fc.constantFrom('GET / HTTP/1.1', '\r\n', '\r', '\n', 'Host: a', ' ', 'A: b', '\0', ':', '\r\n\r\n');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const scan = new HeadScan();
      let text = '';
      for (const one of pieces) {
        text += one;
        const whole = head(text);
        expect(readRequestHead(Buffer.from(text, 'latin1'), { ...HEAD_LIMITS, scan })).toEqual(whole);
        if (whole !== null) return;
      }
    }),
    { numRuns: 1000 },
  );
});

test('fields that a connection says again are the very same list, and others are read', () => {
  const last = new LastFields<FieldsReading>();
  const read = (text: string) => readRequestHead(Buffer.from(text, 'latin1'), { ...HEAD_LIMITS, last });
  const headersOf = (text: string) => {
    const found = read(text);
    if (!found?.ok) throw new Error('no head');
    return found.value.headers;
  };
  const fields = 'Host: a.test\r\nAccept: */*\r\n\r\n';
  const first = headersOf(`GET /1 HTTP/1.1\r\n${fields}`);
  expect(headersOf(`POST /22 HTTP/1.1\r\n${fields}behind`)).toBe(first);
  expect(headersOf('GET /1 HTTP/1.1\r\nHost: a.test\r\nAccept: b/b\r\n\r\n')).not.toBe(first);
  // Of what is longer than is kept nothing is known, and nothing of what was before it.
  const long = `Host: a.test\r\nA: ${'b'.repeat(5000)}\r\n\r\n`;
  expect(headersOf(`GET /1 HTTP/1.1\r\n${long}`)).not.toBe(headersOf(`GET /1 HTTP/1.1\r\n${long}`));
});

test('T-48 fields keep nothing of the line before them, and it nothing of them', () => {
  const read = (path: string, field: string) => {
    const found = head(`GET /${path} HTTP/1.1\r\nHost: a.test\r\nAccept: application/json\r\nX: ${field}\r\n\r\n`);
    if (!found?.ok) throw new Error('no head');
    return found.value;
  };
  const long = 'x'.repeat(20_000);
  const before = heapInUse();
  const fields = Array.from({ length: 100 }, () => read(long, 'a').headers);
  const targets = Array.from({ length: 100 }, () => read('of-a-document.html', long).target);
  expect(heapInUse() - before).toBeLessThan(1e6);
  expect([fields.length, targets.length]).toEqual([100, 100]);
});

test('T-23 whatever came before on a connection, a head reads as it does by itself', () => {
  const line = fc.constantFrom(
    'GET / HTTP/1.1',
    'GET / HTTP/1.0',
    'GET /a\tb HTTP/1.1',
    'CONNECT a:1 HTTP/1.1',
    '',
    '\0',
  );
  const end = fc.constantFrom('\r\n', '\r\n', '\r\n', '\n', '\r');
  const field = fc.constantFrom('Host: a', 'Content-Length: 1', 'Transfer-Encoding: chunked', 'A : b', ' c', 'A: b');
  const block = fc.tuple(fc.array(field, { maxLength: 3 }), fc.constantFrom('\r\n', '\r\n', ''));
  const heads = fc
    .array(block, { minLength: 1, maxLength: 2 })
    .chain((blocks) =>
      fc.array(fc.tuple(line, end, fc.constantFrom(...blocks), fc.constantFrom('', 'GET', '\n')), { maxLength: 6 }),
    );
  fc.assert(
    fc.property(heads, fc.integer({ min: 20, max: 80 }), (those, maxBytes) => {
      const limits = { maxBytes, maxFields: 2 };
      const last = new LastFields<FieldsReading>();
      for (const [first, behind, [fields, empty], rest] of those) {
        const bytes = Buffer.from(`${first}${behind}${fields.map((one) => `${one}\r\n`).join('')}${empty}${rest}`);
        expect(readRequestHead(bytes, { ...limits, last })).toEqual(readRequestHead(bytes, limits));
      }
    }),
    { numRuns: 3000 },
  );
});
