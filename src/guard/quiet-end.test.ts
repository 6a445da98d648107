import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inPieces } from '../../test/dlp/cut-streams.ts';
import { contextOf } from '../../test/dlp/guard-context.ts';
import { MIXED_RULES, ruleSet } from '../../test/dlp/small-rules.ts';
import { createGuard } from './guard.ts';

const guard = createGuard({ rules: ruleSet(MIXED_RULES), fingerprintKey: Buffer.alloc(32, 1) });

describe('what stands before a secret as if it were part of a word', () => {
  it.each([
    ['an escaped line end', '{"a":"x\\n4111111111111111 end"}'],
    ['a colour of a terminal', 'card \x1b[32m4111111111111111\x1b[0m done'],
    ['likewise in JSON', '{"a":"\\u001b[32m4111111111111111\\u001b[0m"}'],
  ])('lets none of it through, wherever the stream pauses: %s', (_, text) => {
    const body = Buffer.from(text);
    for (let cut = 0; cut <= body.length; cut += 1) {
      const filter = guard.filter(contextOf());
      const out = [...filter.push(body.subarray(0, cut)), ...filter.idle(), ...filter.push(body.subarray(cut))];
      const seen = Buffer.concat([...out, ...filter.end()]).toString('utf8');
      expect(seen).toBe(text.replace('4111111111111111', '************1111'));
    }
  });
});

describe('a stream that is quiet', () => {
  it('lets a quiet stream go on up to its last blank, and holds an open key', () => {
    const filter = guard.filter(contextOf());
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
    const filter = guard.filter(contextOf());
    expect(Buffer.concat(filter.push(Buffer.from(text))).length).toBe(0);
    expect(Buffer.concat(filter.idle()).toString()).toBe(gone);
  });

  it('redacts values with blanks in them wherever the stream pauses (T-36)', () => {
    const values = fc.constantFrom('4111 1111 1111 1111', 'SEED WORD LIST', 'key-abcdefgh');
    const words = fc.array(fc.constantFrom('and', 'then', 'pay', 'x', 'A', '7', '\n', 'zum'), { maxLength: 6 });
    fc.assert(
      fc.property(words, values, words, fc.array(fc.nat(120), { maxLength: 10 }), (before, value, after, pauses) => {
        const body = Buffer.from(`${before.join(' ')} go ${value} end ${after.join(' ')}`);
        const whole = inPieces(guard.filter(contextOf()), body, []);
        const paused = inPieces(guard.filter(contextOf()), body, pauses, { isPaused: true });
        expect(paused.body.toString()).toBe(whole.body.toString());
        expect(paused.verdict).toEqual(whole.verdict);
      }),
      { numRuns: 300 },
    );
  });

  it('finds what was let go on in part once it is complete, and redacts the rest (T-36)', () => {
    const filter = guard.filter(contextOf());
    const out = [...filter.push(Buffer.from('please ignore all ')), ...filter.idle()];
    expect(Buffer.concat(out).toString()).toBe('please ignore all ');
    out.push(...filter.push(Buffer.from('previous instructions now ')), ...filter.idle(), ...filter.end());
    expect(Buffer.concat(out).toString()).toBe('please ignore all [REDACTED:PHRASE] now ');
    expect(filter.verdict()).toMatchObject({ action: 'redact', findings: [{ rule: 'phrase', start: 7, end: 39 }] });
  });
});
