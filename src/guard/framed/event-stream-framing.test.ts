/** What is found in Amazon's event streams, in one message or over several; what goes on is such a stream (T-36). */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inPieces, secretInPieces } from '../../../test/dlp/cut-streams.ts';
import { contextOf } from '../../../test/dlp/guard-context.ts';
import { GITHUB_RULES, GITHUB_TOKEN, ruleSet } from '../../../test/dlp/small-rules.ts';
import { createGuard } from '../guard.ts';
import type { GuardContext } from '../guard-context.ts';
import { EventStreamReader, encodeHeaders, encodeMessage, readHeaders } from './event-stream.ts';

const guard = createGuard({ rules: ruleSet(GITHUB_RULES), fingerprintKey: Buffer.alloc(32, 1) });
const MARK = '[REDACTED:GITHUB_TOKEN]';
const TYPE = 'application/vnd.amazon.eventstream';

const context = (over: Partial<GuardContext> = {}) => contextOf({ contentType: TYPE, ...over });
const passing = { settings: { ...context().settings, unscannable: 'pass' as const } };

function run(body: Uint8Array, cuts: readonly number[] = [], over: Partial<GuardContext> = {}) {
  return inPieces(guard.filter(context(over)), body, cuts);
}

const text = (name: string, value: string) => ({ name, type: 7, value: Buffer.from(value) });
const headersOf = (kind: string) =>
  encodeHeaders([text(':event-type', kind), text(':content-type', 'application/json'), text(':message-type', 'event')]);
const message = (kind: string, payload: string | Uint8Array) =>
  encodeMessage(headersOf(kind) as Buffer, Buffer.from(payload));
/** Every message with both checksums right, or it throws. */
const payloads = (body: Buffer) => {
  const reader = new EventStreamReader(1024 * 1024);
  const out = [...reader.push(body)].map(({ payload }) => payload);
  expect(reader.isWhole).toBe(true);
  return out;
};
const jsonOf = (body: Buffer) => payloads(body).map((payload) => JSON.parse(payload.toString()));
const base64 = (value: string) => Buffer.from(value).toString('base64');

interface Form {
  readonly send: (pieces: readonly string[]) => Uint8Array;
  readonly read: (body: Buffer) => string;
}

// biome-ignore lint/suspicious/noExplicitAny: whatever the interface has
type Any = any;

const FORMS: Readonly<Record<string, Form>> = {
  'the events of a conversation': {
    send: (pieces) =>
      Buffer.concat([
        message('messageStart', '{"role":"assistant"}'),
        ...pieces.map((piece, i) =>
          message(
            'contentBlockDelta',
            JSON.stringify({ contentBlockIndex: 0, delta: { text: piece }, p: 'abcdefgh'.slice(i % 8) }),
          ),
        ),
        message('messageStop', '{"stopReason":"end_turn"}'),
      ]),
    read: (body) =>
      jsonOf(body)
        .map((e: Any) => e.delta?.text ?? '')
        .join(''),
  },
  'chunks of a model in base64': {
    send: (pieces) =>
      Buffer.concat(
        pieces.map((piece, i) =>
          message(
            'chunk',
            JSON.stringify({
              bytes: base64(
                JSON.stringify({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: piece } }),
              ),
              p: 'abcdefgh'.slice(i % 8),
            }),
          ),
        ),
      ),
    read: (body) =>
      jsonOf(body)
        .map((e: Any) => JSON.parse(Buffer.from(e.bytes, 'base64').toString()).delta.text)
        .join(''),
  },
  'chunks of an agent, text in base64': {
    send: (pieces) => Buffer.concat(pieces.map((piece) => message('chunk', JSON.stringify({ bytes: base64(piece) })))),
    read: (body) =>
      jsonOf(body)
        .map((e: Any) => Buffer.from(e.bytes, 'base64').toString())
        .join(''),
  },
  'plain text': {
    send: (pieces) => Buffer.concat(pieces.map((piece) => message('PayloadChunk', piece))),
    read: (body) => payloads(body).map(String).join(''),
  },
  'signed messages': {
    send: (pieces) =>
      Buffer.concat(
        pieces.map((piece, i) =>
          encodeMessage(
            encodeHeaders([
              { name: ':date', type: 8, value: Buffer.alloc(8, i) },
              { name: ':chunk-signature', type: 6, value: Buffer.alloc(32, 0x80 + i) },
            ]) as Buffer,
            message('chunk', JSON.stringify({ chunk: { bytes: base64(JSON.stringify({ text: piece })) } })),
          ),
        ),
      ),
    read: (body) =>
      payloads(body)
        .flatMap((payload) => jsonOf(payload))
        .map((e: Any) => JSON.parse(Buffer.from(e.chunk.bytes, 'base64').toString()).text)
        .join(''),
  },
};

const pieces = secretInPieces(GITHUB_TOKEN, ['it ', 'is\nhere: ', 'so ']);

describe.each(Object.entries(FORMS))('a secret in pieces in %s', (_, { send, read }) => {
  it('is taken out however the stream is cut, with lengths and checksums that fit (T-36)', () => {
    fc.assert(
      fc.property(pieces, fc.array(fc.nat(5000), { maxLength: 6 }), (texts, cuts) => {
        const body = send(texts);
        const passed = run(body, cuts);
        expect(read(passed.body)).toBe(texts.join('').replace(GITHUB_TOKEN, MARK));
        expect(passed.body).toEqual(run(body).body);
        expect(run(body, cuts, { direction: 'request' })).toMatchObject({ body: Buffer.alloc(0), blocked: true });
      }),
      { numRuns: 25 },
    );
  });

  it('is taken out whole, in every byte of a stream of its own', () => {
    const body = send(['so ', GITHUB_TOKEN, ' it is']);
    const passed = run(body, [...body.keys()].slice(1));
    expect(read(passed.body)).toBe(`so ${MARK} it is`);
    expect(passed.findings).toBe(1);
  });

  it('changes no byte of what is no secret', () => {
    const body = send(['ghp_', 'short', ' and ', '\u00e9\ud83d\ude00\n', 'other words']);
    expect(run(body, [7, 30, 31]).body).toEqual(Buffer.from(body));
  });
});

describe('an event stream', () => {
  it('goes on message by message when it pauses', () => {
    const filter = guard.filter(context());
    const [first, second] = [
      message('chunk', '{"delta":{"text":"one "}}'),
      message('chunk', '{"delta":{"text":"two "}}'),
    ];
    expect(filter.push(Buffer.concat([first, second.subarray(0, 20)]))).toEqual([]);
    expect(Buffer.concat(filter.idle())).toEqual(first);
    expect(filter.push(second.subarray(20))).toEqual([]);
    expect(Buffer.concat(filter.idle())).toEqual(second);
    expect(Buffer.concat(filter.end())).toHaveLength(0);
  });

  it('holds a text that may be the beginning of a token over a pause', () => {
    const filter = guard.filter(context());
    const body = FORMS['the events of a conversation']?.send([
      GITHUB_TOKEN.slice(0, 10),
      GITHUB_TOKEN.slice(10),
    ]) as Buffer;
    const out: Uint8Array[] = [];
    for (const { raw } of new EventStreamReader(65_536).push(body)) out.push(...filter.push(raw), ...filter.idle());
    out.push(...filter.end());
    expect(FORMS['the events of a conversation']?.read(Buffer.concat(out))).toBe(MARK);
  });

  it('is searched in its headers, which are written with their new lengths', () => {
    const headers = encodeHeaders([
      text(':error-message', `no ${GITHUB_TOKEN}`),
      { name: 'n', type: 4, value: Buffer.alloc(4) },
    ]);
    const one = encodeMessage(headers as Buffer, Buffer.from('{}'));
    const [first, second] = [...new EventStreamReader(65_536).push(run(Buffer.concat([one, one])).body)];
    expect(readHeaders(first?.headers as Buffer)[0]?.value.toString()).toBe(`no ${MARK}`);
    expect(second?.raw).toEqual(first?.raw);
    expect(readHeaders(first?.headers as Buffer)[1]).toEqual({ name: 'n', type: 4, value: Buffer.alloc(4) });
  });

  it('does not pass where what is left of a message cannot be written', () => {
    const rules = GITHUB_RULES.replace("'\\b(ghp_[0-9A-Za-z]{36})\\b'", "'(ghp_[^~]{10,200})'");
    const greedy = createGuard({ rules: ruleSet(rules), fingerprintKey: Buffer.alloc(32, 1) });
    const filter = greedy.filter(context());
    expect([...filter.push(message('x', `plain ${GITHUB_TOKEN}`)), ...filter.end()]).toEqual([]);
    expect(filter.blocked).toBe(true);
  });

  it('keeps the length of bytes that are no text', () => {
    const binary = Buffer.concat([
      Buffer.from([0xff, 0x0a, 0x80]),
      Buffer.from(` ${GITHUB_TOKEN} `),
      Buffer.from([0x0a, 0xfe]),
    ]);
    const [payload] = payloads(run(message('AudioEvent', binary)).body);
    expect(payload).toHaveLength(binary.length);
    expect(payload?.toString('latin1')).toBe(binary.toString('latin1').replace(GITHUB_TOKEN, MARK.padEnd(40, '*')));
  });

  it('stays as many messages where one finding lies over the ends of several', () => {
    const rules = GITHUB_RULES.replace("'\\b(ghp_[0-9A-Za-z]{36})\\b'", "'(ghp_[^~]{10,200}~)'").replace(
      /tests: \{[^}]*\}/,
      "tests: { match: ['ghp_0123456789~'], no_match: ['ghp_short'] }",
    );
    const wide = createGuard({ rules: ruleSet(rules), fingerprintKey: Buffer.alloc(32, 1) });
    const filter = wide.filter(context());
    const body = Buffer.concat(['{"a":"ghp_01234', '{"b":2}', '{56~"}', '{"c":3}'].map((one) => message('x', one)));
    const out = Buffer.concat([...filter.push(body), ...filter.end()]);
    const left = payloads(out).map(String);
    expect(left).toHaveLength(4);
    expect(left.join('')).not.toContain('01234');
    expect(left.at(-1)).toBe('{"c":3}');
  });

  it.each([
    ['a wrong checksum', (body: Buffer) => body.fill(0, body.length - 1)],
    ['an end in the middle', (body: Buffer) => body.subarray(0, -1)],
    ['a length beyond all bounds', (body: Buffer) => Buffer.concat([body, Buffer.alloc(64, 0x7f)])],
  ])('with %s does not pass, unless the profile lets what cannot be scanned', (_, spoil) => {
    const body = spoil(Buffer.concat([message('x', `{"a":"${GITHUB_TOKEN}"}`), message('x', '{"b":"words"}')]));
    expect(run(body)).toMatchObject({ body: Buffer.alloc(0), blocked: true });
    for (const cuts of [[], [90], [200, 201]]) {
      const passed = run(body, cuts, passing);
      expect(passed.blocked).toBe(false);
      const whole = body.toString('latin1').includes('words') ? 1 : 0;
      const [first] = [...new EventStreamReader(65_536).push(passed.body.subarray(0, passed.body.readUInt32BE(0)))];
      expect([whole, first?.payload.toString()]).toEqual([1, `{"a":"${MARK}"}`]);
      expect(passed.body.subarray(first?.raw.length)).toEqual(
        body.subarray(message('x', `{"a":"${GITHUB_TOKEN}"}`).length),
      );
    }
  });

  it('is refused when its headers cannot be read, and passes whole where that is allowed', () => {
    const body = encodeMessage(Buffer.from([1, 0x61, 99]), Buffer.from('{}'));
    expect(run(body).blocked).toBe(true);
    expect(run(body, [5], passing).body).toEqual(body);
  });

  it('is held for as long as a window only, however small its messages and however many', () => {
    const filter = guard.filter(context());
    const some = Buffer.concat(Array.from({ length: 200 }, (_, i) => message('x', 'word '.repeat(i % 20))));
    let held = 0;
    let most = 0;
    for (let i = 0; i < 40; i += 1) {
      held += some.length;
      for (const piece of filter.push(some)) held -= piece.length;
      most = Math.max(most, held);
    }
    for (const piece of filter.end()) held -= piece.length;
    expect(held).toBe(0);
    expect(most).toBeLessThan(400_000);
    expect(40 * some.length).toBeGreaterThan(1_000_000);
  });

  it('is unpacked first where it is compressed', async () => {
    const { gunzipSync, gzipSync } = await import('node:zlib');
    const body = gzipSync(message('x', `{"a":"${GITHUB_TOKEN}"}`));
    const passed = run(body, [9], { contentEncoding: 'gzip' });
    expect(jsonOf(gunzipSync(passed.body))).toEqual([{ a: MARK }]);
  });
});
