import { describe, expect, it } from 'vitest';
import { AnswerCache } from './answer-cache.ts';
import { Breaker } from './breaker.ts';
import { DailyBudget } from './daily-budget.ts';
import type { InspectAnswer, InspectItem } from './inspector.ts';
import { SecondStage, type SecondStageSettings } from './second-stage.ts';
import { takeBatch } from './take-batch.ts';

describe('breaker', () => {
  it('opens after failures in a row, tries one call after the pause, and closes or opens by it', () => {
    const breaker = new Breaker({ failures: 2, pauseMs: 100 });
    breaker.failed(0);
    breaker.succeeded();
    breaker.failed(0);
    expect(breaker.allows(0)).toBe(true);
    breaker.failed(10);
    expect([breaker.allows(10), breaker.allows(109)]).toEqual([false, false]);
    expect([breaker.allows(110), breaker.allows(110)]).toEqual([true, false]);
    breaker.failed(110);
    expect([breaker.allows(209), breaker.allows(210)]).toEqual([false, true]);
    breaker.succeeded();
    expect([breaker.allows(211), breaker.allows(211)]).toEqual([true, true]);
  });
});

it('a budget takes all or nothing, is whole again on the next UTC day, and gains nothing from a clock set back', () => {
  const day = 86_400_000;
  const budget = new DailyBudget(10);
  const asked: [bytes: number, now: number, taken: boolean][] = [
    [6, day - 1, true],
    [5, day - 1, false],
    [4, day - 1, true],
    [10, day, true],
    [1, day - 1, false],
    [1, day, false],
  ];
  expect(asked.map(([bytes, now]) => budget.take(bytes, now))).toEqual(asked.map(([, , taken]) => taken));
});

it('a batch holds at most so many items and bytes, in order', () => {
  const taken = (sizes: number[]) =>
    takeBatch(
      sizes.map((bytes) => ({ bytes })),
      { items: 3, bytes: 10 },
    ).length;
  expect([[], [10], [5, 5, 1], [1, 1, 1, 1], [9, 2]].map(taken)).toEqual([0, 1, 2, 3, 1]);
});

it('the cache forgets by age, and the longest unused first', () => {
  const cache = new AnswerCache({ most: 2, ttlMs: 10 });
  cache.set('a', true, 0);
  cache.set('b', false, 0);
  cache.get('a', 1);
  cache.set('c', true, 5);
  expect(['a', 'b', 'c'].map((name) => cache.get(name, 9))).toEqual([true, undefined, true]);
  expect(['a', 'c'].map((name) => cache.get(name, 10))).toEqual([undefined, true]);
});

const SETTINGS: SecondStageSettings = {
  rules: [
    { match: 'EMAIL', types: ['EMAIL_ADDRESS'], failure: 'open' },
    { match: 'closed-rule', types: ['PASSWORD'], failure: 'closed' },
  ],
  deadlineMs: 100,
  concurrency: 1,
  batch: { items: 2, bytes: 100 },
  breaker: { failures: 1, pauseMs: 1000 },
  dailyBytes: 1000,
  cache: { most: 10, ttlMs: 1000 },
};

function stageWith(over: Partial<SecondStageSettings> = {}) {
  const clock = { now: 0, timers: new Map<object, { at: number; then: () => void }>() };
  const calls: { items: readonly InspectItem[]; give: (...answers: InspectAnswer[]) => void; fail: () => void }[] = [];
  const notes: string[] = [];
  const stage = new SecondStage(
    { ...SETTINGS, ...over },
    {
      inspector: {
        inspect: (items) =>
          new Promise((resolve, reject) => {
            calls.push({ items, give: (...answers) => resolve(answers), fail: () => reject(new Error('no')) });
          }),
      },
      key: new Uint8Array(32),
      now: () => clock.now,
      after: (ms, then) => {
        const id = {};
        clock.timers.set(id, { at: clock.now + ms, then });
        return () => clock.timers.delete(id);
      },
      note: (outcome) => notes.push(outcome),
    },
  );
  const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
  const advance = async (ms: number) => {
    clock.now += ms;
    for (const { at, then } of [...clock.timers.values()]) if (at <= clock.now) then();
    await settled();
  };
  const ask = (values: string[], { id = 'r', likelihood = 'POSSIBLE' as 'POSSIBLE' | 'LIKELY' } = {}) =>
    stage
      .look((doubts) =>
        values.filter((value) =>
          doubts.isConfirmed({ rule: { id, info_type: 'EMAIL' }, secret: Buffer.from(value), likelihood }),
        ),
      )
      .then(({ looked }) => looked);
  const asked = () => calls.map(({ items }) => items.map(({ value }) => value));
  return { ask, asked, calls, notes, advance, settled, clock };
}

describe('the second stage', () => {
  it('sends only uncertain spans of rules that are named', async () => {
    const { ask, asked } = stageWith({ rules: [{ match: 'other', types: ['X'], failure: 'closed' }] });
    expect(await ask(['a'])).toEqual([]);
    const named = stageWith();
    expect(await named.ask(['a'], { likelihood: 'LIKELY' })).toEqual([]);
    expect([asked(), named.asked()]).toEqual([[], []]);
  });

  it('keeps to its calls at once; what waits goes together, equal spans once', async () => {
    const { ask, asked, calls, settled } = stageWith();
    const first = ask(['a']);
    await settled();
    const rest = [ask(['b', 'a']), ask(['c', 'b']), ask(['d'])];
    await settled();
    expect(asked()).toEqual([['a']]);
    calls[0]?.give('confirmed');
    await settled();
    expect(asked()).toEqual([['a'], ['b', 'c']]);
    calls[1]?.give('clear', 'confirmed');
    await settled();
    calls[2]?.give('clear');
    expect(await Promise.all([first, ...rest])).toEqual([['a'], ['a'], ['c'], []]);
    expect(asked()).toEqual([['a'], ['b', 'c'], ['d']]);
  });

  it('answers at the deadline, sends nothing that is late, and frees the call', async () => {
    const { ask, asked, advance, settled } = stageWith({ breaker: { failures: 9, pauseMs: 1 } });
    const [open, closed] = [ask(['a', 'b', 'c']), ask(['d'], { id: 'closed-rule' })];
    await settled();
    await advance(100);
    expect(await open).toEqual([]);
    expect(asked()).toEqual([['a', 'b']]);
    void ask(['e']);
    await settled();
    expect(asked()).toEqual([['a', 'b'], ['e']]);
    void closed;
  });

  it('asks nothing while the breaker is open; each rule fails its own way', async () => {
    const { ask, asked, calls, settled, advance } = stageWith({
      rules: [
        { match: 'closed-rule', types: ['PASSWORD'], failure: 'closed' },
        { match: 'EMAIL', types: ['EMAIL_ADDRESS'], failure: 'open' },
      ],
    });
    const first = ask(['a']);
    await settled();
    calls[0]?.fail();
    expect(await first).toEqual([]);
    expect(await ask(['b'])).toEqual([]);
    expect(await ask(['c'], { id: 'closed-rule' })).toEqual(['c']);
    expect(asked()).toEqual([['a']]);
    await advance(1000);
    const trial = ask(['b']);
    await settled();
    calls[1]?.give('confirmed');
    expect(await trial).toEqual(['b']);
  });

  it('keeps to the budget of a day and the size of a batch, and does not remember what was not answered', async () => {
    const { ask, asked, calls, settled, notes } = stageWith({ dailyBytes: 3 });
    const first = ask(['aa', 'bb']);
    await settled();
    calls[0]?.give('unknown');
    expect(await first).toEqual([]);
    expect(await ask(['cc', 'x'.repeat(101)])).toEqual([]);
    expect(asked()).toEqual([['aa']]);
    expect(notes).toEqual(['unknown', 'unknown', 'unknown', 'unknown']);
  });
});
