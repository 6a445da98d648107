import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ruleSet, SAMPLE_RULES } from '../../test/dlp/small-rules.ts';
import { compileRules } from '../dlp/rule-set.ts';
import { createGuard } from './guard.ts';
import type { GuardContext } from './guard-context.ts';

const RULES = `${SAMPLE_RULES}  - id: number
    description: A number
    info_type: NUMBER
    kind: pii
    regex: '\\b(4111111111111111)\\b'
    validators: [luhn]
    likelihood: LIKELY
    severity: low
    actions: { result: mask, request: block }
    tests: { match: ['4111111111111111'], no_match: ['4111'] }
  - id: groups
    description: A number in groups
    info_type: GROUPS
    kind: pii
    regex: '\\b(4111(?: 1111){3}|SEED WORD LIST)\\b'
    likelihood: LIKELY
    severity: low
    actions: { result: redact, request: block }
    tests: { match: ['4111 1111 1111 1111'], no_match: ['4111 1111'] }
  - id: phrase
    description: A phrase
    info_type: PHRASE
    kind: injection
    regex: '(ignore all previous instructions)'
    likelihood: LIKELY
    severity: low
    actions: { result: redact, request: pass }
    tests: { match: ['ignore all previous instructions'], no_match: ['ignore'] }
`;
const rules = ruleSet(RULES);
const guard = createGuard({ rules, fingerprintKey: Buffer.alloc(32, 1) });

const context = (over: Partial<GuardContext> = {}): GuardContext => ({
  direction: 'result',
  settings: { request: 'enforce', result: 'enforce', minLikelihood: 'POSSIBLE', unscannable: 'block', ignore: [] },
  tenant: 't',
  task: 'k',
  host: '',
  contentType: 'text/plain',
  contentEncoding: '',
  ...over,
});

function run(body: Buffer, cuts: readonly number[], over: Partial<GuardContext> = {}) {
  const filter = guard.filter(context(over));
  const out: Uint8Array[] = [];
  let at = 0;
  for (const cut of [...cuts].sort((a, b) => a - b).concat(body.length)) {
    out.push(...filter.push(body.subarray(at, Math.max(at, cut))));
    at = Math.max(at, cut);
  }
  out.push(...filter.end());
  return { text: Buffer.concat(out), verdict: filter.verdict(), blocked: filter.blocked };
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

describe('what stands before a secret as if it were part of a word', () => {
  it.each([
    ['an escaped line end', '{"a":"x\\n4111111111111111 end"}'],
    ['a colour of a terminal', 'card \x1b[32m4111111111111111\x1b[0m done'],
    ['likewise in JSON', '{"a":"\\u001b[32m4111111111111111\\u001b[0m"}'],
  ])('lets none of it through, wherever the stream pauses: %s', (_, text) => {
    const body = Buffer.from(text);
    for (let cut = 0; cut <= body.length; cut += 1) {
      const filter = guard.filter(context());
      const out = [...filter.push(body.subarray(0, cut)), ...filter.idle(), ...filter.push(body.subarray(cut))];
      const seen = Buffer.concat([...out, ...filter.end()]).toString('utf8');
      expect(seen).toBe(text.replace('4111111111111111', '************1111'));
    }
  });
});

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

  it('lets a quiet stream go on up to its last blank, and holds an open key', () => {
    const filter = guard.filter(context());
    filter.push(Buffer.from('line one\nkey-abc'));
    expect(Buffer.concat(filter.idle()).toString()).toBe('line one\n');
    filter.push(Buffer.from('defgh end'));
    expect(Buffer.concat(filter.end()).toString()).toBe('[REDACTED:SAMPLE] end');
  });

  it.each([
    ['words', 'line one and two key-abc', 'line one and two '],
    ['a line', 'data: {"n":"4111 "}\n\n', 'data: {"n":"4111 "}\n\n'],
    ['streamed text', 'data: {"id":"e_1","delta":"Hello"}\n\n', 'data: {"id":"e_1","delta":"Hello"}\n\n'],
    ['a streamed token', '{"text":"it is"}\n{"text":" AKIA"}\n{"text":"IO7"}\n', '{"text":"it is"}\n'],
    ['a number in groups', 'pay with 4111 1111 ', 'pay with '],
    ['an account in groups', 'send it to DE89 3704 ', 'send '],
    ['a name and a number', 'the house is 1600 Pennsylvania ', 'the house '],
    ['a date', 'she was born on April 12, ', 'she was born '],
    ['a scheme before its token', 'authorization: SSWS ', 'authorization: '],
    ['a seed phrase', 'the seed phrase: witch collapse practice ', 'the '],
    ['a key', 'here -----BEGIN PRIVATE KEY----- abc def\n', 'here '],
    ['nothing that ends', 'abcdefgh', ''],
    ['dots of progress', 'Building........', 'Building........'],
    ['a line drawn', '================', '================'],
    ['padding', 'xxxxxxxxxxxxxxxx', 'xxxxxxxxxxxxxxxx'],
    ['padding behind what may be a key', 'then key-Abxxxxxxxx', 'then '],
    ['padding far behind what may be a key', `then ${'Ab1'.repeat(80)}xxxxxxxx`, 'then '],
    // A minute where it is looked at in every way of cutting the dashes.
    ['dashes, a digit and dots', `${'-'.repeat(6000)}1........`, ''],
    ['sentences without blanks', '你好，世界。今天很', '你好，世界。'],
    ['a number in such a sentence', '你好，号码是4111，', '你好，'],
    ['words of other letters', 'мама была дома, très été vra', 'мама была дома, très été '],
  ])('lets a quiet stream go on up to what may be under way: %s', (_, text, gone) => {
    const filter = guard.filter(context());
    expect(Buffer.concat(filter.push(Buffer.from(text))).length).toBe(0);
    expect(Buffer.concat(filter.idle()).toString()).toBe(gone);
  });

  it('redacts values with blanks in them wherever the stream pauses (T-36)', () => {
    const values = fc.constantFrom('4111 1111 1111 1111', 'SEED WORD LIST', 'key-abcdefgh');
    const words = fc.array(fc.constantFrom('and', 'then', 'pay', 'x', 'A', '7', '\n', 'zum'), { maxLength: 6 });
    fc.assert(
      fc.property(words, values, words, fc.array(fc.nat(120), { maxLength: 10 }), (before, value, after, pauses) => {
        const body = Buffer.from(`${before.join(' ')} go ${value} end ${after.join(' ')}`);
        const filter = guard.filter(context());
        const out: Uint8Array[] = [];
        let at = 0;
        for (const pause of [...pauses].sort((a, b) => a - b)) {
          out.push(...filter.push(body.subarray(at, Math.max(at, pause))), ...filter.idle());
          at = Math.max(at, pause);
        }
        out.push(...filter.push(body.subarray(at)), ...filter.end());
        const whole = run(body, []);
        expect(Buffer.concat(out).toString()).toBe(whole.text.toString());
        expect(filter.verdict()).toEqual(whole.verdict);
      }),
      { numRuns: 300 },
    );
  });

  it('finds what was let go on in part once it is complete, and redacts the rest (T-36)', () => {
    const filter = guard.filter(context());
    const out = [...filter.push(Buffer.from('please ignore all ')), ...filter.idle()];
    expect(Buffer.concat(out).toString()).toBe('please ignore all ');
    out.push(...filter.push(Buffer.from('previous instructions now ')), ...filter.idle(), ...filter.end());
    expect(Buffer.concat(out).toString()).toBe('please ignore all [REDACTED:PHRASE] now ');
    expect(filter.verdict()).toMatchObject({ action: 'redact', findings: [{ rule: 'phrase', start: 7, end: 39 }] });
  });

  it('takes a body in single bytes without copying it again for each', () => {
    const body = Buffer.from(`${'nothing to see '.repeat(20_000)}key-abcdefgh`);
    const { text } = run(body, [...body.keys()]);
    expect(text.subarray(-22).toString()).toBe('see [REDACTED:SAMPLE]'.padStart(22));
  });

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

  it('reads a plus sign in a form as a blank, and leaves the form readable', () => {
    const contentType = 'application/x-www-form-urlencoded';
    const { text } = run(Buffer.from('a=key-abcdefgh&n=4111+1111+1111+1111&b=2'), [], { contentType });
    expect(text.toString()).toBe('a=%5BREDACTED%3ASAMPLE%5D&n=%5BREDACTED%3AGROUPS%5D&b=2');
    expect(new URLSearchParams(text.toString()).get('a')).toBe('[REDACTED:SAMPLE]');
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

  it.each([
    [0, '****************'],
    [2, '**************11'],
    [16, '************1111'],
  ])('masks all but the last %d signs, and never less than three quarters', (keep, masked) => {
    const text = RULES.replaceAll('    severity', `    mask: { keep: ${keep} }\n    severity`);
    const masking = compileRules([{ path: 'r.yaml', text }], (t) => createHash('sha256').update(t).digest('hex'));
    if (!masking.ok) throw new Error(JSON.stringify(masking.error));
    const filter = createGuard({ rules: masking.value, fingerprintKey: Buffer.alloc(32, 1) }).filter(context());
    const out = [...filter.push(Buffer.from('n 4111111111111111')), ...filter.end()];
    expect(Buffer.concat(out).toString()).toBe(`n ${masked}`);
  });

  it('leaves alone what stands where its rule says so, and nothing else', () => {
    const text = RULES.replace(
      '    likelihood',
      "    allow: { json_paths: ['$.items[*].id', '$..ref'] }\n    likelihood",
    );
    const allowing = compileRules([{ path: 'r.yaml', text }], (t) => createHash('sha256').update(t).digest('hex'));
    if (!allowing.ok) throw new Error(JSON.stringify(allowing.error));
    const filter = createGuard({ rules: allowing.value, fingerprintKey: Buffer.alloc(32, 1) }).filter(context());
    const at = (id: string) => ({ items: [{ id, ref: { x: id } }], deep: { ref: id }, token: id });
    const out = [...filter.push(Buffer.from(JSON.stringify(at('key-abcdefgh')))), ...filter.end()];
    expect(JSON.parse(Buffer.concat(out).toString())).toEqual({
      items: [{ id: 'key-abcdefgh', ref: { x: '[REDACTED:SAMPLE]' } }],
      deep: { ref: 'key-abcdefgh' },
      token: '[REDACTED:SAMPLE]',
    });
  });

  describe('text that is streamed in pieces', () => {
    const events = (pieces: readonly string[], wrap: (text: string) => object) =>
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
      const body = Buffer.from(events(['my ', 'key-', 'abc', 'defgh', ' is', ' here'], wrap).join(''));
      const { text, verdict } = run(body, [], { contentType: 'text/event-stream' });
      expect(textOf(text.toString())).toEqual(['my ', '[REDACTED:SAMPLE]', '', '', ' is', ' here']);
      expect(verdict.findings).toMatchObject([{ rule: 'sample', action: 'redact' }]);
      expect(JSON.stringify(verdict)).not.toContain('abc');
    });

    it('is found in NDJSON, and blocks what leaves', () => {
      const body = Buffer.from('{"response":"key-a"}\n{"response":"bcdefgh"}\n');
      expect(run(body, []).text.toString()).toBe('{"response":"[REDACTED:SAMPLE]"}\n{"response":""}\n');
      expect(run(body, [], { direction: 'request' }).blocked).toBe(true);
    });

    it('is redacted from where it is when its beginning was let go on', () => {
      const filter = guard.filter(context());
      const out = [...filter.push(Buffer.from('{"text":"key"}\n')), ...filter.idle()];
      expect(Buffer.concat(out).length).toBe(15);
      out.push(...filter.push(Buffer.from('{"text":"-abcd"}\n{"text":"efgh"}\n')), ...filter.end());
      expect(Buffer.concat(out).toString()).toBe('{"text":"key"}\n{"text":"[REDACTED:SAMPLE]"}\n{"text":""}\n');
      expect(filter.verdict()).toMatchObject({ action: 'redact', findings: [{ rule: 'sample' }] });
    });

    it('does not hide what stands between the pieces', () => {
      const body = Buffer.from('{"text":"key-a","x":"key-zzzzzzzz"}\n{"text":"bcdefgh"}\n');
      const { text, verdict } = run(body, []);
      expect(text.toString()).toBe('{"text":"[REDACTED:SAMPLE]","x":"[REDACTED:SAMPLE]"}\n{"text":""}\n');
      expect(verdict.findings.length).toBe(2);
    });

    it('is found in fields of any name where the whole is at hand (T-36)', () => {
      const body = '{"name":"key-a"}\n{"name":"bcdefgh"}\n';
      expect(run(Buffer.from(body), []).text.toString()).toBe('{"name":"[REDACTED:SAMPLE]"}\n{"name":""}\n');
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
            const body = Buffer.from(events(pieces, wrap).join(''));
            const whole = run(body, []);
            const filter = guard.filter(context());
            const out: Uint8Array[] = [];
            let at = 0;
            for (const cut of [...cuts].sort((a, b) => a - b)) {
              out.push(...filter.push(body.subarray(at, Math.max(at, cut))), ...filter.idle());
              at = Math.max(at, cut);
            }
            out.push(...filter.push(body.subarray(at)), ...filter.end());
            expect(textOf(Buffer.concat(out).toString())).toEqual(textOf(whole.text.toString()));
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
    const filter = guard.filter(context());
    const chunk = Buffer.from('nothing to see here '.repeat(3277));
    let out = 0;
    for (let i = 0; i < 200; i += 1) for (const piece of filter.push(chunk)) out += piece.length;
    expect(200 * chunk.length - out).toBeLessThan(200_000);
  });

  it('reads percent-encoded URL parts and blocks what it finds there (T-37)', () => {
    const verdict = guard.scanParts(
      [{ name: 'url.query', text: 'q=%6bey-abcdefgh' }],
      context({ direction: 'request' }),
    );
    expect(verdict.action).toBe('block');
    expect(verdict.findings[0]?.path).toBe('url.query');
  });
});
