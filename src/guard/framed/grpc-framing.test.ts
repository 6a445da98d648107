/** What is found in messages of gRPC, in one or over several; what goes on are such messages (T-36). */

import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { field, grpcMessage, grpcMessages } from '../../../test/dlp/binary-formats.ts';
import { inPieces } from '../../../test/dlp/cut-streams.ts';
import { contextOf } from '../../../test/dlp/guard-context.ts';
import { GITHUB_RULES, GITHUB_TOKEN, ruleSet } from '../../../test/dlp/small-rules.ts';
import { createGuard } from '../guard.ts';
import type { GuardContext } from '../guard-context.ts';
import { framingOf, mustFlow } from './framing-of.ts';
import { readProtobuf } from './protobuf.ts';

const guard = createGuard({ rules: ruleSet(GITHUB_RULES), fingerprintKey: Buffer.alloc(32, 1) });
const MARK = '[REDACTED:GITHUB_TOKEN]';
const SAME_LENGTH = MARK.padEnd(GITHUB_TOKEN.length, '*');

const context = (over: Partial<GuardContext> = {}) => contextOf({ contentType: 'application/grpc', ...over });

function run(body: Buffer, cuts: readonly number[] = [], over: Partial<GuardContext> = {}) {
  return inPieces(guard.filter(context(over)), body, cuts);
}

const one = (message: Uint8Array) => grpcMessages(run(grpcMessage(message)).body)[0] as Buffer;

describe('a message of gRPC', () => {
  it('is written with the lengths of all that lies round what was taken out', () => {
    const of = (secret: string) =>
      Buffer.concat([
        field(1, 7),
        field(2, Buffer.concat([field(1, field(3, `so ${secret} it is`)), field(2, 300)])),
        field(5, 'end'),
      ]);
    const passed = run(grpcMessage(of(GITHUB_TOKEN)));
    expect(grpcMessages(passed.body)).toEqual([of(MARK)]);
    expect(passed.findings).toBe(1);
    expect(run(grpcMessage(of(GITHUB_TOKEN)), [], { direction: 'request' })).toMatchObject({ blocked: true });
  });

  it('grows past 127 bytes where its mark is longer than what it stands for', () => {
    const of = (secret: string) => field(2, field(1, `${secret} ${'x'.repeat(80)}`));
    const short = createGuard({
      rules: ruleSet(
        GITHUB_RULES.replace('_[0-9A-Za-z]{36}', '_[0-9A-Za-z]{4}').replaceAll(/match: \[[^\]]*\]/g, (all) =>
          all.includes('short') ? "match: ['ghp_']" : "match: ['ghp_abcd']",
        ),
      ),
      fingerprintKey: Buffer.alloc(32, 1),
    });
    const filter = short.filter(context());
    const out = Buffer.concat([...filter.push(grpcMessage(of('ghp_abcd'))), ...filter.end()]);
    expect(grpcMessages(out)).toEqual([of(MARK)]);
  });

  it.each([
    ['a text that is a whole message', (secret: string) => Buffer.from(`a key: ${secret} there`)],
    [
      'text among fields without a length',
      (secret: string) => Buffer.concat([Buffer.of(8, 1), Buffer.from(`my key is ${secret} a`)]),
    ],
    [
      'bytes that are no text',
      (secret: string) => field(4, Buffer.concat([Buffer.of(0xff, 0x0a, 0x80), Buffer.from(` ${secret} `)])),
    ],
    [
      'a text that could be a message',
      (secret: string) => field(1, Buffer.concat([Buffer.of(0x22, 44), Buffer.from(` ok ${secret}`)])),
    ],
  ])('keeps its length in %s', (_, of) => {
    const out = one(of(GITHUB_TOKEN)).toString('latin1');
    expect(out).not.toContain(GITHUB_TOKEN);
    expect([MARK, SAME_LENGTH].map((mark) => of(mark).toString('latin1'))).toContain(out);
  });

  it('is unpacked where it is compressed, and packed again only when it changed', () => {
    const of = (secret: string) => field(2, field(1, `so ${secret} it is`));
    const body = grpcMessage(gzipSync(of(GITHUB_TOKEN)), 1);
    expect(run(body).body[0]).toBe(1);
    expect(grpcMessages(run(body, [3]).body).map((m) => gunzipSync(m))).toEqual([of(MARK)]);
    const clean = grpcMessage(gzipSync(of('nothing'), { level: 1 }), 1);
    expect(run(clean).body).toEqual(clean);
  });

  it.each([
    ['compressed in an unknown way', grpcMessage(Buffer.from('sNaPpY'), 1)],
    ['compressed and broken', grpcMessage(gzipSync('some text').subarray(0, -9), 1)],
    ['more than is unpacked', grpcMessage(gzipSync(Buffer.alloc(4 * 1024 * 1024 + 1)), 1)],
    ['of unknown flags', grpcMessage(Buffer.from('x'), 9)],
    ['larger than is held', Buffer.concat([Buffer.of(0, 0xff, 0xff, 0xff, 0xff), Buffer.alloc(64)])],
    ['not whole', grpcMessage(field(1, 'text')).subarray(0, -1)],
  ])('does not pass when it is %s, unless the profile lets what cannot be scanned', (_, bad) => {
    const good = grpcMessage(field(1, GITHUB_TOKEN));
    const body = Buffer.concat([good, bad]);
    expect(run(body).blocked).toBe(true);
    const { settings } = context();
    const passing = { settings: { ...settings, unscannable: 'pass' as const } };
    const observing = { settings: { ...settings, request: 'observe' as const, result: 'observe' as const } };
    for (const cuts of [[], [good.length + 2], [4, good.length]]) {
      const passed = run(body, cuts, passing);
      expect(passed).toMatchObject({ blocked: false, body: Buffer.concat([grpcMessage(field(1, MARK)), bad]) });
      expect(run(body, cuts, observing)).toMatchObject({ blocked: false, body });
    }
  });

  it.each([
    [
      'trailers of gRPC-Web',
      grpcMessage(Buffer.from(`grpc-message: ${GITHUB_TOKEN}\r\n`), 0x80),
      `grpc-message: ${MARK}\r\n`,
    ],
    [
      'the end of a Connect stream',
      grpcMessage(Buffer.from(`{"error":{"message":"${GITHUB_TOKEN}"}}`), 2),
      `{"error":{"message":"${MARK}"}}`,
    ],
  ])('has what was found in %s replaced', (_, body, text) => {
    expect(grpcMessages(run(body, [], { contentType: 'application/grpc-web+proto' }).body).map(String)).toEqual([text]);
  });

  it('goes on as soon as it is whole when the stream pauses, whatever it ends in', () => {
    for (const direction of ['request', 'result'] as const) {
      const filter = guard.filter(context({ direction }));
      for (const text of ['a key of 2', '-----BEGIN', 'ghp_']) {
        const message = grpcMessage(field(1, text));
        expect(filter.push(Buffer.concat([message, Buffer.of(0)]).subarray(0, -1))).toEqual([]);
        expect(Buffer.concat(filter.idle())).toEqual(message);
      }
    }
  });
});

describe('a secret in pieces in messages of gRPC', () => {
  const pieces = fc
    .uniqueArray(fc.integer({ min: 1, max: GITHUB_TOKEN.length - 1 }), { minLength: 1, maxLength: 8 })
    .map((cuts) => {
      const at = [0, ...cuts.sort((a, b) => a - b), GITHUB_TOKEN.length];
      return at.slice(1).map((end, i) => GITHUB_TOKEN.slice(at[i], end));
    });
  const send = (texts: readonly string[]) =>
    Buffer.concat(
      texts.map((text, i) =>
        grpcMessage(Buffer.concat([field(1, field(2, Buffer.concat([field(1, text), field(3, i)]))), field(4, 9)])),
      ),
    );

  it('is found however the stream is cut, and what goes on are messages (T-36)', () => {
    fc.assert(
      fc.property(pieces, fc.array(fc.nat(500), { maxLength: 6 }), (texts, cuts) => {
        const body = send(texts);
        const passed = run(body, cuts);
        const left = grpcMessages(passed.body);
        expect(left).toHaveLength(texts.length);
        expect(passed.findings).toBeGreaterThan(0);
        expect(passed.body).toEqual(run(body).body);
        expect(left.map((message) => readProtobuf(message)).every((document) => document !== null)).toBe(true);
        for (const text of texts.filter(({ length }) => length > 6)) expect(passed.body.includes(text)).toBe(false);
        expect(run(body, cuts, { direction: 'request' })).toMatchObject({ body: Buffer.alloc(0), blocked: true });
      }),
      { numRuns: 25 },
    );
  });

  it('changes no byte of messages of anything else', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 120 }), { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat(500)),
        (messages, cuts) => {
          const body = Buffer.concat(messages.map((message) => grpcMessage(message)));
          expect(run(body, cuts).body).toEqual(body);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('messages of gRPC-Web in base64', () => {
  const web = { contentType: 'application/grpc-web-text+proto' } as const;
  const trailers = grpcMessage(Buffer.from('grpc-status:0\r\n'), 0x80);
  const text = (...pieces: Buffer[]) => Buffer.from(pieces.map((piece) => piece.toString('base64')).join(''));
  const decoded = (body: Buffer) =>
    Buffer.concat((body.toString().match(/[^=]+=*/g) ?? []).map((run) => Buffer.from(run, 'base64')));

  it.each([
    ['each padded for itself', (one: Buffer, two: Buffer) => text(one, two, trailers)],
    ['in one', (one: Buffer, two: Buffer) => text(Buffer.concat([one, two, trailers]))],
    [
      'padded wherever the server had something to send',
      (one: Buffer, two: Buffer) =>
        text(one.subarray(0, 4), Buffer.concat([one.subarray(4), two.subarray(0, 1)]), two.subarray(1), trailers),
    ],
  ])('have a secret of one, or of several, replaced, with lengths that fit, %s', (_, write) => {
    const [one, two] = [GITHUB_TOKEN.slice(0, 13), GITHUB_TOKEN.slice(13)];
    for (const cuts of [[], [1, 2, 3, 50, 51], [17]]) {
      const whole = run(write(grpcMessage(field(1, `so ${GITHUB_TOKEN} it is`)), grpcMessage(field(2, 3))), cuts, web);
      expect(grpcMessages(decoded(whole.body))).toEqual([
        field(1, `so ${MARK} it is`),
        field(2, 3),
        trailers.subarray(5),
      ]);
      const split = run(write(grpcMessage(field(1, one)), grpcMessage(field(1, two))), cuts, web);
      expect(grpcMessages(decoded(split.body))).toEqual([field(1, MARK), field(1, ''), trailers.subarray(5)]);
    }
  });

  it('are the same messages where nothing is found', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 120 }), { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat(500)),
        (messages, cuts) => {
          const frames = messages.map((message) => grpcMessage(message));
          expect(run(text(...frames), cuts, web).body).toEqual(text(...frames));
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each([
    ['no base64', 'AAAAAAEK!AAA'],
    ['a group that is not whole', `${text(grpcMessage(field(1, 'a')))}AAA`],
    ['padding where none can be', '=AAA'],
    ['too much padding', 'A==='],
    ['the alphabet of URLs', '_-__'],
  ])('do not go on where there is %s', (_, body) => {
    expect(run(Buffer.from(body), [3], web)).toMatchObject({ blocked: true });
  });

  it('go on as they came where that is no reason to stop', () => {
    const body = `${text(grpcMessage(field(1, 'a')))}AAAA!AAA`;
    const settings = { ...context().settings, unscannable: 'pass' as const };
    expect(run(Buffer.from(body), [], { ...web, settings }).body.toString()).toBe(body);
  });
});

it.each([
  ['application/grpc', true, true, true],
  ['application/grpc+proto; charset=x', true, true, true],
  ['application/grpc-web+proto', true, true, true],
  ['application/connect+json', true, true, true],
  ['Application/vnd.amazon.eventstream', true, true, false],
  ['application/cbor', true, false, false],
  ['application/senml+cbor', true, false, false],
  ['application/x-msgpack', true, false, false],
  ['application/proto', true, false, false],
  ['application/grpcx', false, false, false],
  ['application/grpc-web-text', true, true, true],
  ['application/grpc-web-text+proto', true, true, true],
  ['text/event-stream', false, false, false],
  ['', false, false, false],
])('%s: read in parts %s, flows up %s and down %s', (type, isRead, up, down) => {
  expect(framingOf(type, { most: 1000, isLeaving: false }) !== null).toBe(isRead);
  expect([mustFlow(type, 'request'), mustFlow(type, 'result')]).toEqual([up, down]);
});
