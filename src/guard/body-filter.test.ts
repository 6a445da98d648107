import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inPieces } from '../../test/dlp/cut-streams.ts';
import { contextOf } from '../../test/dlp/guard-context.ts';
import { MIXED_RULES, ruleSet } from '../../test/dlp/small-rules.ts';
import { createGuard } from './guard.ts';
import type { GuardContext } from './guard-context.ts';

const guardOf = (rules: string) => createGuard({ rules: ruleSet(rules), fingerprintKey: Buffer.alloc(32, 1) });
const guard = guardOf(MIXED_RULES);

function run(body: Buffer, cuts: readonly number[], over: Partial<GuardContext> = {}, by = guard) {
  const { body: text, blocked, verdict } = inPieces(by.filter(contextOf(over)), body, cuts);
  return { text, blocked, verdict };
}

type Charset = 'utf16le' | 'utf16be' | 'utf32le' | 'utf32be' | 'latin1';

/** Of Latin-1 the mark at the beginning is that of UTF-8. */
function encodedIn(charset: Charset, text: string): Buffer {
  if (charset === 'latin1') return Buffer.from(text.replace('\ufeff', '\u00ef\u00bb\u00bf'), 'latin1');
  const narrow = Buffer.from(text, 'utf16le');
  if (charset === 'utf16le') return narrow;
  if (charset === 'utf16be') return narrow.swap16();
  const wide = Buffer.alloc(2 * narrow.length);
  for (let i = 0; i < narrow.length; i += 2) wide.writeUInt16LE(narrow.readUInt16LE(i), 2 * i);
  return charset === 'utf32le' ? wide : wide.swap32();
}

describe('the body filter', () => {
  it('redacts results and blocks requests', () => {
    const body = Buffer.from('a key-abcdefgh b');
    expect(run(body, []).text.toString()).toBe('a [REDACTED:SAMPLE] b');
    const up = run(body, [], { direction: 'request' });
    expect([up.blocked, up.text.length, up.verdict.action]).toEqual([true, 0, 'block']);
  });

  it('never carries the value in its verdict (T-85)', () => {
    const { verdict } = run(Buffer.from('key-abcdefgh'), []);
    expect(JSON.stringify(verdict)).not.toContain('abcdefgh');
    expect(verdict.findings[0]).toMatchObject({ rule: 'sample', start: 0, end: 12, action: 'redact' });
  });

  it('gives the same output and verdict for every way of cutting the body (T-36)', () => {
    const filler = fc.string({ unit: fc.constantFrom('a', ' ', '-', 'key-', 'é', '\n'), maxLength: 60 });
    fc.assert(
      fc.property(fc.array(filler, { maxLength: 8 }), fc.array(fc.nat(90_000), { maxLength: 12 }), (parts, cuts) => {
        const body = Buffer.from(
          `${parts.join(' key-abcdefgh ')}${'x y '.repeat(16_380)}key-zzzzzzzzzz ${parts.join('')}`,
        );
        const whole = run(body, []);
        const cut = run(body, cuts);
        expect(cut.text.equals(whole.text)).toBe(true);
        expect(cut.verdict).toEqual(whole.verdict);
        expect(whole.text.includes('key-zzzzzzzzzz')).toBe(false);
      }),
      { numRuns: 40 },
    );
  });

  it.each(['utf16le', 'utf16be', 'utf32le', 'utf32be', 'latin1'] as const)(
    'finds and redacts in %s, with a mark at the beginning and without, however the body is cut (T-35, T-36)',
    (charset) => {
      const words = fc.string({
        unit: fc.constantFrom('a', ' ', '-', 'key-', '\u00e9', '\n', '.', '7'),
        maxLength: 60,
      });
      const cuts = fc.array(fc.nat(160_000), { maxLength: 12 });
      fc.assert(
        fc.property(fc.array(words, { maxLength: 6 }), cuts, fc.boolean(), (parts, at, marked) => {
          const long = 'x y '.repeat(charset === 'latin1' ? 16_380 : 8190);
          const text = `${parts.join(' key-abcdefgh ')}${long}key-zzzzzzzzzz ${parts.join('')}`;
          const body = encodedIn(charset, marked ? `\ufeff${text}` : text);
          const whole = run(body, []);
          const cut = run(body, at);
          expect(cut.text.equals(whole.text)).toBe(true);
          expect(cut.verdict).toEqual(whole.verdict);
          expect(whole.text.includes(encodedIn(charset, 'key-zzzzzzzzzz'))).toBe(false);
          expect(whole.text.includes(encodedIn(charset, '[REDACTED:SAMPLE] '))).toBe(true);
        }),
        { numRuns: 8 },
      );
    },
  );

  it('takes a body in single bytes without copying it again for each', () => {
    const body = Buffer.from(`${'nothing to see '.repeat(20_000)}key-abcdefgh`);
    const { text } = run(body, [...body.keys()]);
    expect(text.subarray(-22).toString()).toBe('see [REDACTED:SAMPLE]'.padStart(22));
  });

  it('reads a plus sign in a form as a blank, and leaves the form readable', () => {
    const contentType = 'application/x-www-form-urlencoded';
    const { text } = run(Buffer.from('a=key-abcdefgh&n=4111+1111+1111+1111&b=2'), [], { contentType });
    expect(text.toString()).toBe('a=%5BREDACTED%3ASAMPLE%5D&n=%5BREDACTED%3AGROUPS%5D&b=2');
    expect(new URLSearchParams(text.toString()).get('a')).toBe('[REDACTED:SAMPLE]');
  });

  it.each([
    [0, '****************'],
    [2, '**************11'],
    [16, '************1111'],
  ])('masks all but the last %d signs, and never less than three quarters', (keep, masked) => {
    const masking = guardOf(MIXED_RULES.replaceAll('    severity', `    mask: { keep: ${keep} }\n    severity`));
    expect(run(Buffer.from('n 4111111111111111'), [], {}, masking).text.toString()).toBe(`n ${masked}`);
  });

  it('filters inside gzip and gives gzip back, untouched where nothing was found (T-34, T-35)', () => {
    const zipped = gzipSync('x key-abcdefgh');
    expect(gunzipSync(run(zipped, [3], { contentEncoding: 'gzip' }).text).toString()).toBe('x [REDACTED:SAMPLE]');
    const clean = gzipSync('nothing');
    expect(run(clean, [], { contentEncoding: 'gzip' }).text.equals(clean)).toBe(true);
  });

  it.each(['gzip, gzip', 'compress', 'gzip'])(
    'blocks what cannot be decoded as %s within bounds (T-34)',
    (contentEncoding) => {
      const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
      expect(run(bomb, [], { contentEncoding }).blocked).toBe(true);
    },
  );

  it('holds bounded memory over a long stream', () => {
    const filter = guard.filter(contextOf());
    const chunk = Buffer.from('nothing to see here '.repeat(3277));
    let out = 0;
    for (let i = 0; i < 200; i += 1) for (const piece of filter.push(chunk)) out += piece.length;
    expect(200 * chunk.length - out).toBeLessThan(200_000);
  });

  it('reads percent-encoded URL parts and blocks what it finds there (T-37)', () => {
    const verdict = guard.scanParts(
      [{ name: 'url.query', text: 'q=%6bey-abcdefgh' }],
      contextOf({ direction: 'request' }),
    );
    expect(verdict.action).toBe('block');
    expect(verdict.findings[0]?.path).toBe('url.query');
  });
});

describe('JSON that passes the body filter', () => {
  it('keeps JSON valid where a bare number is replaced', () => {
    const { text } = run(Buffer.from('{"card":4111111111111111,"n":1}'), [], { contentType: 'application/json' });
    expect(JSON.parse(text.toString())).toEqual({ card: '************1111', n: 1 });
  });

  it.each([
    ['in a string', '{"t":"a card: 4111111111111111, ok"}', { t: 'a card: ************1111, ok' }],
    ['in a list in a string', '{"t":"see [4111111111111111, 2]"}', { t: 'see [************1111, 2]' }],
    ['in JSON in a string', '{"t":"{\\"n\\":4111111111111111}"}', { t: '{"n":"************1111"}' }],
    ['alone', '4111111111111111', '************1111'],
    ['whatever the type says', '{ "n" : 4111111111111111 }', { n: '************1111' }, 'text/plain'],
    ['in one line of several', '[4111111111111111,\n2]', ['************1111', 2]],
  ])('keeps JSON valid where a number is replaced %s', (_, body, want, contentType = 'application/json') => {
    expect(JSON.parse(run(Buffer.from(body), [], { contentType }).text.toString())).toEqual(want);
  });

  it('keeps JSON in base64 valid where a number is replaced', () => {
    const inner = Buffer.from('{"some":"text","n":4111111111111111}').toString('base64');
    const { text } = run(Buffer.from(JSON.stringify({ inner })), [], { contentType: 'application/json' });
    const decoded = Buffer.from(JSON.parse(text.toString()).inner, 'base64').toString();
    expect(JSON.parse(decoded)).toMatchObject({ some: 'text', n: expect.stringMatching(/^\*{12}1111/) });
  });

  it.each([
    ['application/json', '{"a":{"b":["x","my key-abcdefgh"]}}', '$.a.b[1]'],
    ['text/event-stream', 'data: {"n":1}\n\ndata: {"delta":{"content":"key-abcdefgh"}}\n\n', '$.delta.content'],
    ['application/x-ndjson', '{"a":1}\n{"b":"key-abcdefgh"}\n', '$.b'],
    ['text/plain', 'a key-abcdefgh', null],
    ['application/json', `{"x":"${'y '.repeat(40_000)}","z":{"t":"key-abcdefgh"}}`, '$.z.t'],
  ])('says where in %s a finding stands', (contentType, body, path) => {
    expect(run(Buffer.from(body), [], { contentType }).verdict.findings).toMatchObject([{ path }]);
  });

  it('leaves alone what stands where its rule says so, and nothing else', () => {
    const allow = "    allow: { json_paths: ['$.items[*].id', '$..ref'] }\n";
    const allowing = guardOf(MIXED_RULES.replace('    likelihood', `${allow}    likelihood`));
    const at = (id: string) => ({ items: [{ id, ref: { x: id } }], deep: { ref: id }, token: id });
    const { text } = run(Buffer.from(JSON.stringify(at('key-abcdefgh'))), [], {}, allowing);
    expect(JSON.parse(text.toString())).toEqual({
      items: [{ id: 'key-abcdefgh', ref: { x: '[REDACTED:SAMPLE]' } }],
      deep: { ref: 'key-abcdefgh' },
      token: '[REDACTED:SAMPLE]',
    });
  });
});
