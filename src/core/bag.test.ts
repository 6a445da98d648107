import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Bag, KeyedBag, type Seat } from './bag.ts';

describe('a bag', () => {
  it('holds what a set of the same items holds, whatever comes and goes', () => {
    // Each number takes out what stands there among all that was ever added, again where it went before; or adds.
    const moves = fc.array(fc.oneof(fc.constant('add' as const), fc.nat(30)), { maxLength: 200 });
    fc.assert(
      fc.property(moves, (all) => {
        const bag = new Bag<number>();
        const seats: Seat<number>[] = [];
        const model = new Set<number>();
        for (const move of all) {
          const seat = move === 'add' ? undefined : seats[move];
          if (seat !== undefined) bag.remove(seat);
          else {
            model.add(seats.length);
            seats.push(bag.add(seats.length));
          }
          if (seat !== undefined) model.delete(move as number);
        }
        expect(bag.size).toBe(model.size);
        expect(bag.items().sort((a, b) => a - b)).toEqual([...model]);
      }),
    );
  });

  it('leaves alone what stands in another', () => {
    const [one, other] = [new Bag<string>(), new Bag<string>()];
    const [a, b] = [one.add('a'), other.add('b')];
    one.remove(b);
    expect([one.items(), other.items()]).toEqual([['a'], ['b']]);
    other.remove(b);
    one.remove(b);
    one.remove(a);
    expect([one.size, other.size]).toEqual([0, 0]);
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

  it('finds by id what was put in, and gives it out once', () => {
    const bag = new KeyedBag<number>();
    bag.set('a', 1);
    bag.set('b', 2);
    expect([bag.get('a'), bag.get('c')]).toEqual([1, null]);
    expect([bag.take('a'), bag.take('a'), bag.get('a')]).toEqual([1, null, null]);
    expect([bag.takeAll(), bag.takeAll()]).toEqual([[2], []]);
  });

  it('keeps nothing that went, where a set that has grown old does', () => {
    const set = new Set<object>();
    const inSet = kept({ add: (item) => set.add(item), remove: (item) => set.delete(item) });
    const bag = new Bag<object>();
    const inBag = kept({
      add: (item) => Object.assign(item, { seat: bag.add(item) }),
      remove: (item) => bag.remove((item as { seat: Seat<object> }).seat),
    });
    const byId = new KeyedBag<object>();
    let next = 0;
    const inKeyed = kept({
      add: (item) => byId.set(String(next++), Object.assign(item, { id: String(next - 1) })),
      remove: (item) => byId.take((item as { id: string }).id),
    });
    expect(inBag).toBeLessThan(ITEMS / 4);
    expect(inKeyed).toBeLessThan(ITEMS / 4);
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
