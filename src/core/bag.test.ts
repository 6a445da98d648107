import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Bag, type Seat } from './bag.ts';

describe('a bag', () => {
  it('holds what a set of the same items holds, whatever comes and goes', () => {
    const moves = fc.array(fc.oneof(fc.constant('add' as const), fc.nat(30)), { maxLength: 200 });
    fc.assert(
      fc.property(moves, (all) => {
        const bag = new Bag<number>();
        const model = new Map<number, Seat<number>>();
        const gone: Seat<number>[] = [];
        let next = 0;
        for (const move of all) {
          if (move === 'add') {
            model.set(next, bag.add(next));
            next += 1;
            continue;
          }
          const item = [...model.keys()][move];
          if (item === undefined) for (const seat of gone) bag.remove(seat);
          else {
            const seat = model.get(item) as Seat<number>;
            bag.remove(seat);
            gone.push(seat);
            model.delete(item);
          }
        }
        expect(bag.size).toBe(model.size);
        expect(bag.items().sort((a, b) => a - b)).toEqual([...model.keys()]);
      }),
    );
  });

  it('is walked as it was when the walk began', () => {
    const bag = new Bag<string>();
    const seats = ['a', 'b', 'c'].map((one) => bag.add(one));
    const seen: string[] = [];
    for (const item of bag.items()) {
      seen.push(item);
      for (const seat of seats) bag.remove(seat);
      bag.add('d');
    }
    expect(seen).toEqual(['a', 'b', 'c']);
    expect(bag.size).toBe(3);
  });

  it('keeps nothing that went, where a set that has grown old does', () => {
    const set = new Set<object>();
    const inSet = kept({ add: (item) => set.add(item), remove: (item) => set.delete(item) });
    const bag = new Bag<object>();
    const inBag = kept({
      add: (item) => Object.assign(item, { seat: bag.add(item) }),
      remove: (item) => bag.remove((item as { seat: Seat<object> }).seat),
    });
    expect(inBag).toBeLessThan(ITEMS / 4);
    expect(inSet).toBeGreaterThan(2 * inBag);
  });
});

const ITEMS = 2_000;
const WORDS = 1_000;
const AT_ONCE = 50;

/** How many of the items, by their bytes, outlive collections of what is young though they were taken out. */
function kept(of: { add(item: object): void; remove(item: object): void }): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (how?: { readonly type: 'minor' }) => void;
  const young = () => collect({ type: 'minor' });
  const live: object[] = [];
  const churn = (count: number) => {
    for (let i = 0; i < count; i += 1) {
      const item = { body: new Array(WORDS).fill(i) };
      of.add(item);
      live.push(item);
      if (live.length > AT_ONCE) of.remove(live.shift() as object);
      if (i % 200 === 0) young();
    }
  };
  churn(AT_ONCE);
  // What holds the items becomes old itself.
  for (let i = 0; i < 4; i += 1) young();
  collect();
  const before = used();
  churn(ITEMS);
  for (let i = 0; i < 2; i += 1) young();
  return (used() - before) / (WORDS * 8);
}

function used(): number {
  return getHeapSpaceStatistics()
    .filter(({ space_name }) => space_name === 'old_space' || space_name === 'new_space')
    .reduce((sum, { space_used_size }) => sum + space_used_size, 0);
}
