/** A secret that comes piece by piece in a stream, whatever the stream is made of; what goes on is a stream of that kind (T-36). */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inPieces, secretInPieces } from '../../test/dlp/cut-streams.ts';
import { GITHUB_RULES, GITHUB_TOKEN, ruleSet } from '../../test/dlp/small-rules.ts';
import { createGuard } from './guard.ts';
import type { GuardContext } from './guard-context.ts';

const rules = ruleSet(GITHUB_RULES);
const guard = createGuard({ rules, fingerprintKey: Buffer.alloc(32, 1) });
const MARK = '[REDACTED:GITHUB_TOKEN]';

const context = (contentType: string, direction: 'result' | 'request'): GuardContext => ({
  direction,
  settings: { request: 'enforce', result: 'enforce', minLikelihood: 'POSSIBLE', unscannable: 'block', ignore: [] },
  ...{ tenant: 't', task: '', host: '', contentType, contentEncoding: '' },
});

function run(
  body: string,
  contentType: string,
  cuts: readonly number[] = [],
  direction: 'result' | 'request' = 'result',
) {
  const { body: out, blocked } = inPieces(guard.filter(context(contentType, direction)), Buffer.from(body), cuts);
  return { text: out.toString(), blocked };
}

/** How pieces are sent, and the text that a reader puts together out of it. */
interface Form {
  readonly type: string;
  readonly send: (pieces: readonly string[]) => string;
  readonly read: (body: string) => string;
}

const SSE = 'text/event-stream';
const dataOf = (body: string) =>
  body
    .replace(/^\ufeff/, '')
    .split(/\r\n|\n|\r/)
    .filter((line) => line.startsWith('data: '))
    .map((line) => line.slice(6));
const jsonOf = (body: string) => dataOf(body).map((data) => JSON.parse(data));
const events =
  (wrap: (text: string, i: number) => unknown, end = '\n') =>
  (pieces: readonly string[]) =>
    pieces.map((text, i) => `data: ${JSON.stringify(wrap(text, i))}${end}${end}`).join('');
// biome-ignore lint/suspicious/noExplicitAny: whatever the interface has
type Any = any;

const chat = (content: string, index = 0) => ({ id: 'c', choices: [{ index, delta: { content } }] });
const both = (pieces: readonly string[], wrap: (text: string, lane: number) => unknown) =>
  pieces.flatMap((text) => [wrap(text, 0), wrap(' other words', 1)]);

const FORMS: Readonly<Record<string, Form>> = {
  'events that end in CR': {
    type: SSE,
    send: events((content) => chat(content), '\r'),
    read: (body) =>
      jsonOf(body)
        .map((e: Any) => e.choices[0].delta.content)
        .join(''),
  },
  'events behind a byte order mark': {
    type: SSE,
    send: (pieces) => `\ufeff${events((content) => chat(content), '\r\n')(pieces)}`,
    read: (body) =>
      jsonOf(body)
        .map((e: Any) => e.choices[0].delta.content)
        .join(''),
  },
  'two choices side by side': {
    type: SSE,
    send: (pieces) =>
      both(pieces, (text, lane) => chat(text, lane))
        .map((e) => `data: ${JSON.stringify(e)}\n\n`)
        .join(''),
    read: (body) =>
      jsonOf(body)
        .filter((e: Any) => e.choices[0].index === 0)
        .map((e: Any) => e.choices[0].delta.content)
        .join(''),
  },
  'two items of an answer side by side': {
    type: SSE,
    send: (pieces) =>
      both(pieces, (delta, lane) => ({
        type: 'response.output_text.delta',
        item_id: `m${lane}`,
        output_index: lane,
        delta,
      }))
        .map((e, i) => `event: x\ndata: ${JSON.stringify({ ...(e as object), sequence_number: i })}\n\n`)
        .join(''),
    read: (body) =>
      jsonOf(body)
        .filter((e: Any) => e.output_index === 0)
        .map((e: Any) => e.delta)
        .join(''),
  },
  'two blocks side by side, their number behind': {
    type: SSE,
    send: (pieces) =>
      both(pieces, (text, index) => ({ type: 'content_block_delta', delta: { type: 'text_delta', text }, index }))
        .map((e) => `data: ${JSON.stringify(e)}\n\n`)
        .join(''),
    read: (body) =>
      jsonOf(body)
        .filter((e: Any) => e.index === 0)
        .map((e: Any) => e.delta.text)
        .join(''),
  },
  'arguments of two tools in one event': {
    type: SSE,
    send: events((args) => ({
      tool_calls: [
        { index: 1, function: { arguments: ' x' } },
        { index: 0, function: { arguments: args } },
      ],
    })),
    read: (body) =>
      jsonOf(body)
        .map((e: Any) => e.tool_calls[1].function.arguments)
        .join(''),
  },
  'a field of any name': {
    type: SSE,
    send: events((chunk, n) => ({ n, chunk })),
    read: (body) =>
      jsonOf(body)
        .map((e: Any) => e.chunk)
        .join(''),
  },
  'a field of any name beside one that changes': {
    type: SSE,
    send: events((chunk, i) => ({ pad: 'abcdefghijkl'.slice(0, 1 + (i % 9)), chunk })),
    read: (body) =>
      jsonOf(body)
        .map((e: Any) => e.chunk)
        .join(''),
  },
  'a stream of messages': {
    type: SSE,
    send: events((delta) => ({ type: 'text-delta', id: '1', delta })),
    read: (body) =>
      jsonOf(body)
        .map((e: Any) => e.delta)
        .join(''),
  },
  'lines of a sign and a string': {
    type: 'text/plain',
    send: (pieces) => pieces.map((text) => `0:${JSON.stringify(text)}\n`).join(''),
    read: (body) =>
      body
        .split('\n')
        .filter((l) => l.startsWith('0:'))
        .map((l) => JSON.parse(l.slice(2)))
        .join(''),
  },
  'content of one message': {
    type: SSE,
    send: (pieces) =>
      `event: message\ndata: ${JSON.stringify({ jsonrpc: '2.0', id: 1, result: { content: pieces.map((text) => ({ type: 'text', text })) } })}\n\n`,
    read: (body) =>
      jsonOf(body)
        .flatMap((e: Any) => e.result.content.map((c: Any) => c.text))
        .join(''),
  },
};

const pieces = secretInPieces(GITHUB_TOKEN, ['it ', 'is here: ', 'so ']);

describe.each(Object.entries(FORMS))('a secret in pieces in %s', (_, { type, send, read }) => {
  it('is taken out however it is cut, and the stream stays what it is (T-36)', () => {
    fc.assert(
      fc.property(pieces, fc.array(fc.nat(5000), { maxLength: 6 }), (texts, cuts) => {
        const body = send(texts);
        const { text } = run(body, type, cuts);
        expect(read(text)).toBe(texts.join('').replace(GITHUB_TOKEN, MARK));
        expect(text).toBe(run(body, type).text);
        expect(run(body, type, cuts, 'request')).toEqual({ text: '', blocked: true });
      }),
      { numRuns: 25 },
    );
  });

  it('changes nothing of what is no secret', () => {
    const body = send(['ghp_', 'short', ' and ', 'other words']);
    expect(run(body, type).text).toBe(body);
  });

  it('is found beyond what is looked at for other parts, and across windows (T-36)', () => {
    const texts = [
      ...Array.from({ length: 900 }, (_, i) => ` word ${i}`),
      ' ',
      ...(GITHUB_TOKEN.match(/.{1,9}/g) ?? []),
      ' end',
    ];
    if (type !== SSE || read(send(texts)) === '' || send(texts).split('\n').length < 900) return;
    expect(read(run(send(texts), type).text)).toBe(texts.join('').replace(GITHUB_TOKEN, MARK));
  });
});
