import { describe, expect, it } from 'vitest';
import { Exchange, type Order } from './exchange.ts';

const SILENT = { queued: () => 0, pause: () => undefined };

function exchange(within?: Exchange) {
  const broken: string[] = [];
  const made = new Exchange(
    'd_1',
    { kind: 'exchange', principal: null, ...(within && { within }) } as Order,
    null as never,
    0,
  );
  made.onCut(() => broken.push('cut'));
  return { made, broken };
}

describe('an exchange that is sealed', () => {
  it('is not, until it says what is on its way, and not while anything is', () => {
    let queued = 3;
    const paused: number[] = [];
    const { made } = exchange();
    expect(made.seal('c_1')).toBe(false);
    made.onSeal({ queued: () => queued, pause: () => paused.push(queued) });
    expect(made.seal('c_1')).toBe(false);
    expect(made.mayMove()).toBe(true);
    queued = 0;
    expect(made.seal('c_1')).toBe(true);
    expect(paused).toEqual([0]);
  });

  it('is closed by its next byte, which does not pass, or by the cut that follows, once', () => {
    for (const next of ['byte', 'cut']) {
      const { made, broken } = exchange();
      made.onSeal(SILENT);
      expect(made.seal('c_1')).toBe(true);
      expect([broken, made.isCut]).toEqual([[], false]);
      if (next === 'byte') expect(made.mayMove()).toBe(false);
      made.cut('c_1');
      expect([made.isCut, made.mayMove()]).toEqual([true, false]);
      expect(broken).toEqual(['cut']);
      expect(made).toMatchObject({ change: 'c_1', cause: 'lease_ended', reason: 'lease_ended' });
    }
  });

  it('stops what is inside of it, too', () => {
    const outer = exchange();
    outer.made.onSeal(SILENT);
    const inner = exchange(outer.made);
    expect(inner.made.mayMove()).toBe(true);
    outer.made.seal('c_1');
    expect(inner.made.mayMove()).toBe(false);
    expect(outer.broken).toEqual(['cut']);
  });
});
