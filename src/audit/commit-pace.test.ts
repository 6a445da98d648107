import { describe, expect, it } from 'vitest';
import { CommitPace, type Loop } from './commit-pace.ts';

/** A loop whose turns take `turnMs`, and handle so many events each. */
function world(turns: readonly number[], turnMs: number) {
  const state = { now: 0, events: 0, turns: 0 };
  const loop: Loop = {
    events: () => state.events,
    turn: async () => {
      state.now += turnMs;
      state.events += turns[state.turns] ?? 0;
      state.turns += 1;
    },
  };
  return { state, pace: new CommitPace({ monotonic: () => state.now }, loop) };
}

/** So many records in each of ten milliseconds. */
function busy({ state, pace }: ReturnType<typeof world>, records: number): void {
  for (let n = 0; n < 10; n += 1) {
    state.now += 1;
    pace.commits(records);
  }
}

const ALWAYS = Array.from({ length: 10_000 }, () => 1);

describe('the pace of commits', () => {
  it.each([
    ['few records', { records: 0.4, events: [], queued: 1 }, undefined],
    ['a queue that holds enough', { records: 8, events: ALWAYS, queued: 256 }, undefined],
    ['a loop with nothing else to do', { records: 8, events: [0, 1, 1], queued: 1 }, 1],
    ['a loop until it has nothing else to do', { records: 8, events: [3, 1, 0, 1], queued: 1 }, 3],
    ['a loop that always has something to do, for a millisecond', { records: 8, events: ALWAYS, queued: 1 }, 8],
  ])('is, with %s', async (_what, { records, events, queued }, turns) => {
    const place = world(events, 0.125);
    busy(place, records);
    const calm = place.pace.calm(() => queued);
    expect(calm === undefined).toBe(turns === undefined);
    await calm;
    expect(place.state.turns).toBe(turns ?? 0);
  });

  it('waits for no more than enough', async () => {
    const place = world(ALWAYS, 0.01);
    busy(place, 8);
    let queued = 250;
    await place.pace.calm(() => {
      queued += 1;
      return queued;
    });
    expect(place.state.turns).toBe(5);
  });

  it('forgets how fast records came', () => {
    const place = world(ALWAYS, 0.1);
    busy(place, 50);
    expect(place.pace.calm(() => 1)).toBeDefined();
    place.state.now += 200;
    expect(place.pace.calm(() => 1)).toBeUndefined();
  });

  it('ends where a clock stands still', async () => {
    const place = world(ALWAYS, 0);
    busy(place, 8);
    await place.pace.calm(() => 1);
    expect(place.state.turns).toBe(256);
  });

  it('tells commits that come fast from others', () => {
    const place = world([], 0);
    const fast: boolean[] = [];
    for (const ms of [1, 1, 1, 1, 1, 196, 300, 300, 300, 300]) {
      place.state.now += ms;
      fast.push(place.pace.commits(1));
    }
    expect(fast).toEqual([false, false, false, false, true, true, false, false, false, false]);
  });

  it('sees a loop of its own go idle, long before its clock would end the wait', async () => {
    let [now, asked] = [0, 0];
    const monotonic = () => now;
    const pace = new CommitPace({ monotonic });
    for (now = 1; now < 20; now += 1) pace.commits(50);
    await pace.calm(() => {
      asked += 1;
      return 1;
    });
    // The clock stands: only a turn without an event ends this before 256 of them.
    expect(asked).toBeLessThan(200);
  });
});
