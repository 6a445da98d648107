/** A secret that comes piece by piece in a stream, whatever the stream is made of; what goes on is a stream of that kind (T-36). */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inPieces, secretInPieces } from '../../test/dlp/cut-streams.ts';
import { contextOf } from '../../test/dlp/guard-context.ts';
import { GITHUB_RULES, GITHUB_TOKEN, MIXED_RULES, ruleSet } from '../../test/dlp/small-rules.ts';
import { createGuard } from './guard.ts';
import type { GuardContext } from './guard-context.ts';

const rules = ruleSet(GITHUB_RULES);
const guard = createGuard({ rules, fingerprintKey: Buffer.alloc(32, 1) });
const MARK = '[REDACTED:GITHUB_TOKEN]';

function run(
  body: string,
  contentType: string,
  cuts: readonly number[] = [],
  direction: 'result' | 'request' = 'result',
) {
  const { body: out, blocked } = inPieces(guard.filter(contextOf({ contentType, direction })), Buffer.from(body), cuts);
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

/** Far more pieces than are looked at together, a secret in the last of them. */
const LONG = [
  ...Array.from({ length: 900 }, (_, i) => ` word ${i}`),
  ' ',
  ...(GITHUB_TOKEN.match(/.{1,9}/g) ?? []),
  ' end',
];

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

  // In events that lie far apart; some forms put all in one.
  const spansWindows = type === SSE && read(send(LONG)) !== '' && send(LONG).split('\n').length >= LONG.length;
  it.runIf(spansWindows)('is found beyond what is looked at for other parts, and across windows (T-36)', () => {
    expect(read(run(send(LONG), type).text)).toBe(LONG.join('').replace(GITHUB_TOKEN, MARK));
  });
});

describe('text of a model that is streamed in pieces', () => {
  const mixed = createGuard({ rules: ruleSet(MIXED_RULES), fingerprintKey: Buffer.alloc(32, 1) });
  const through = (body: Buffer, over: Partial<GuardContext> = {}) => {
    const { body: text, blocked, verdict } = inPieces(mixed.filter(contextOf(over)), body, []);
    return { text, blocked, verdict };
  };
  const deltas = (pieces: readonly string[], wrap: (text: string) => object) =>
    pieces.map((text, i) => `event: delta\ndata: ${JSON.stringify({ id: `evt_${i}`, ...wrap(text) })}\n\n`);
  const openAi = (content: string) => ({ choices: [{ index: 0, delta: { content } }] });
  const anthropic = (text: string) => ({ type: 'content_block_delta', delta: { type: 'text_delta', text } });
  const textOf = (body: string) =>
    body.split('\n').flatMap((line) => {
      if (!line.startsWith('data: ')) return [];
      const { choices, delta } = JSON.parse(line.slice(6));
      return [choices?.[0].delta.content ?? delta.text];
    });

  it.each([
    ['one interface', openAi],
    ['another', anthropic],
  ])('is redacted over its pieces, and every event stays JSON: %s (T-36)', (_, wrap) => {
    const body = Buffer.from(deltas(['my ', 'key-', 'abc', 'defgh', ' is', ' here'], wrap).join(''));
    const { text, verdict } = through(body, { contentType: 'text/event-stream' });
    expect(textOf(text.toString())).toEqual(['my ', '[REDACTED:SAMPLE]', '', '', ' is', ' here']);
    expect(verdict.findings).toMatchObject([{ rule: 'sample', action: 'redact' }]);
    expect(JSON.stringify(verdict)).not.toContain('abc');
  });

  it('is found in NDJSON, and blocks what leaves', () => {
    const body = Buffer.from('{"response":"key-a"}\n{"response":"bcdefgh"}\n');
    expect(through(body).text.toString()).toBe('{"response":"[REDACTED:SAMPLE]"}\n{"response":""}\n');
    expect(through(body, { direction: 'request' }).blocked).toBe(true);
  });

  it('is redacted from where it is when its beginning was let go on', () => {
    const filter = mixed.filter(contextOf());
    const out = [...filter.push(Buffer.from('{"text":"key"}\n')), ...filter.idle()];
    expect(Buffer.concat(out).length).toBe(15);
    out.push(...filter.push(Buffer.from('{"text":"-abcd"}\n{"text":"efgh"}\n')), ...filter.end());
    expect(Buffer.concat(out).toString()).toBe('{"text":"key"}\n{"text":"[REDACTED:SAMPLE]"}\n{"text":""}\n');
    expect(filter.verdict()).toMatchObject({ action: 'redact', findings: [{ rule: 'sample' }] });
  });

  it('does not hide what stands between the pieces', () => {
    const body = Buffer.from('{"text":"key-a","x":"key-zzzzzzzz"}\n{"text":"bcdefgh"}\n');
    const { text, verdict } = through(body);
    expect(text.toString()).toBe('{"text":"[REDACTED:SAMPLE]","x":"[REDACTED:SAMPLE]"}\n{"text":""}\n');
    expect(verdict.findings.length).toBe(2);
  });

  it('is found in fields of any name where the whole is at hand (T-36)', () => {
    const body = '{"name":"key-a"}\n{"name":"bcdefgh"}\n';
    expect(through(Buffer.from(body)).text.toString()).toBe('{"name":"[REDACTED:SAMPLE]"}\n{"name":""}\n');
  });

  it('gives the same for every cut and every pause (T-36)', () => {
    const piece = fc.constantFrom(' key-', 'abc', 'defgh', ' ', 'Hello', ' and so on', '4111', ' 1111', '7');
    const filler = fc.constantFrom(0, 400, 3000);
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 30 }),
        fc.array(fc.nat(5000), { maxLength: 12 }),
        filler,
        (pieces, cuts, pad) => {
          const wrap = (content: string) => ({ ...openAi(content), pad: 'x '.repeat(pad) });
          const body = Buffer.from(deltas(pieces, wrap).join(''));
          const whole = through(body);
          const paused = inPieces(mixed.filter(contextOf()), body, cuts, { isPaused: true });
          expect(textOf(paused.body.toString())).toEqual(textOf(whole.text.toString()));
          expect(textOf(whole.text.toString()).join('')).not.toMatch(/\bkey-[a-z]{8,40}\b/);
        },
      ),
      {
        numRuns: 100,
        // A view that began in the middle of a line was read as if its strings were what stands between them.
        examples: [[['Hello', 'abc', ' key-', 'defgh', 'abc', '4111'], [1248], 400]],
      },
    );
  });
});
