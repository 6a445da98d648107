import { gzipSync } from 'node:zlib';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { contextOf } from '../../../test/dlp/guard-context.ts';
import { ruleSet } from '../../../test/dlp/small-rules.ts';
import { createGuard } from '../guard.ts';
import type { GuardContext } from '../guard-context.ts';
import { GuardWorkers } from '../workers/guard-workers.ts';
import { startThread } from '../workers/start-thread.ts';
import type { Inquiry, Question } from './doubts.ts';

const RULES = `version: 1
rules:
  - id: maybe
    description: What may be a secret
    info_type: MAYBE
    kind: secret
    regex: '\\bmaybe-[a-z]{4,40}\\b'
    likelihood: POSSIBLE
    severity: low
    actions: { result: redact, request: block }
    tests: { match: ['maybe-real'], no_match: ['maybe'] }
  - id: perhaps
    description: What may be another
    info_type: PERHAPS
    kind: secret
    regex: '\\bperhaps-[a-z]{4,40}\\b'
    likelihood: POSSIBLE
    severity: low
    actions: { result: redact, request: block }
    tests: { match: ['perhaps-real'], no_match: ['perhaps'] }
`;
const rules = ruleSet(RULES);

let asked: string[] = [];
const inquiry: Inquiry = {
  rules: [
    { match: 'MAYBE', types: ['X'], failure: 'open' },
    { match: 'PERHAPS', types: ['X'], failure: 'closed' },
  ],
  key: new Uint8Array(32),
  confirmed: async (questions: readonly Question[]) => {
    asked.push(...questions.map(({ value }) => value));
    return questions.filter(({ value }) => value.endsWith('real')).map(({ digest }) => digest);
  },
};
const fingerprintKey = Buffer.alloc(32);
const setup = {
  fingerprintKey,
  vaultKey: null,
  tokenTtlMs: 1,
  maxFindings: 200,
  maxLayerDepth: null,
  placeholders: [],
};
const workers = new GuardWorkers({ most: 2, deadlineMs: 20_000, start: () => startThread(setup) });
const guard = createGuard({ rules, fingerprintKey, inquiry, workers });
afterAll(() => workers.close());
beforeEach(() => {
  asked = [];
});

const settings: GuardContext['settings'] = { ...contextOf().settings, minLikelihood: 'LIKELY' };

async function through(pieces: readonly (string | Uint8Array | 'IDLE')[], over: Partial<GuardContext> = {}) {
  const stream = guard.stream(contextOf({ task: 'k', settings, ...over }));
  const out: Uint8Array[] = [];
  for (const piece of pieces)
    out.push(...(await (piece === 'IDLE' ? stream.idle() : stream.push(Buffer.from(piece as string)))));
  const early = Buffer.concat(out).length;
  out.push(...(await stream.end()));
  const { action, second_stage: said } = stream.verdict();
  return { text: Buffer.concat(out).toString(), early, action, said, blocked: stream.blocked };
}

const filler = (bytes: number) => 'nothing of it\n'.repeat(Math.ceil(bytes / 14));

describe('the second stage and bodies that pass', () => {
  it('is asked about a small body, and what it confirms is acted on', async () => {
    const { text, early, action, said } = await through(['a maybe-real b maybe-', 'fine c']);
    expect({ text, early, action, said }).toEqual({
      ...{ text: 'a [REDACTED:MAYBE] b maybe-fine c', early: 0 },
      ...{ action: 'redact', said: 'asked' },
    });
    expect(asked).toEqual(['maybe-real', 'maybe-fine']);
  });

  it('is asked about what was unpacked, and about what another thread has looked at', async () => {
    const packed = await through([gzipSync('a maybe-real b')], { contentEncoding: 'gzip', direction: 'request' });
    expect(packed).toMatchObject({ blocked: true, said: 'asked' });
    const text = `${filler(40_000)} maybe-real ${filler(10_000)}`;
    expect((await through([text])).text).toBe(text.replace('maybe-real', '[REDACTED:MAYBE]'));
    expect(asked).toEqual(['maybe-real', 'maybe-real']);
  });

  it('says nothing where nothing is uncertain', async () => {
    expect(await through(['all is well'])).toMatchObject({ action: 'pass', said: undefined });
    expect(asked).toEqual([]);
  });

  it.each([
    ['is larger', [`a maybe-real ${filler(90_000)}`, 'and perhaps-fine end'], {}],
    ['pauses', ['a maybe-real and then \n', 'IDLE', 'and perhaps-fine end'], {}],
    ['is live', ['a maybe-real and ', 'perhaps-fine end'], { isLive: true }],
  ] as const)('is not asked about a body that %s: open goes on, closed is acted on, and it is said', async (...row) => {
    const [, pieces, over] = row;
    const { text, said, action } = await through(pieces, over);
    expect({ said, action, asked }).toEqual({ said: 'not_asked', action: 'redact', asked: [] });
    expect(text).toContain('a maybe-real ');
    expect(text).toContain('[REDACTED:PERHAPS] end');
  });

  it('waits over a pause where the end is known', async () => {
    const { early, said } = await through(['a maybe-real\n', 'IDLE', 'b'], { isSized: true });
    expect({ early, said }).toEqual({ early: 0, said: 'asked' });
  });
});
