import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SessionStores, ValueStore } from './value-store.ts';

const LIMITS = { bytes: 400, keys: 8, maxTtlMs: 1000 };
const key = fc.constantFrom('', 'a', 'ab', 'abc', 'b', 'ä', 'a\u0000', '\ud800', '__proto__', 'zz');
const step = fc.oneof(
  fc.record({
    op: fc.constant('put' as const),
    key,
    text: fc.string({ maxLength: 90 }),
    ttl: fc.integer({ min: 1, max: 50 }),
  }),
  fc.record({ op: fc.constant('delete' as const), key }),
  fc.record({ op: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 40 }) }),
);

/** What it should be: all of it looked at each time. */
class Plain {
  readonly #values = new Map<string, { text: string; until: number }>();

  put(now: number, name: string, text: string, ttl: number): boolean {
    const rest = [...this.#values].filter(([n, { until }]) => until > now && n !== name);
    const size = (n: string, t: string) => Buffer.byteLength(n) + Buffer.byteLength(t);
    const taken = rest.reduce((sum, [n, v]) => sum + size(n, v.text), 0);
    if (taken + size(name, text) > LIMITS.bytes || rest.length + 1 > LIMITS.keys) return false;
    this.#values.set(name, { text, until: now + Math.min(ttl, LIMITS.maxTtlMs) });
    return true;
  }

  delete(name: string): void {
    this.#values.delete(name);
  }

  all(now: number): [string, string][] {
    const there = [...this.#values].filter(([, { until }]) => until > now);
    return there
      .map(([n, { text }]): [string, string] => [n, text.toWellFormed()])
      .sort(([a], [b]) => (a < b ? -1 : 1));
  }
}

it('keeps, lists and forgets as a plain table does, whatever is done', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), key, (steps, prefix) => {
      let now = 0;
      const store = new ValueStore(LIMITS, () => now);
      const plain = new Plain();
      for (const each of steps) {
        if (each.op === 'wait') now += each.ms;
        else if (each.op === 'delete') {
          store.delete(each.key);
          plain.delete(each.key);
        } else expect(store.put(each.key, each.text, each.ttl)).toBe(plain.put(now, each.key, each.text, each.ttl));
      }
      const all = plain.all(now);
      const keys = all.map(([n]) => n).filter((n) => n.startsWith(prefix));
      expect(store.list(prefix, 3)).toEqual(keys.slice(0, 3));
      // Any key goes on from where it stands or would, one outside of the prefix too.
      for (const after of [...keys, prefix, `${prefix}~`, 'a', ''])
        expect(store.list(prefix, 3, after)).toEqual(keys.filter((key) => key > after).slice(0, 3));
      expect(all.map(([n]) => store.get(n))).toEqual(all.map(([, text]) => text));
    }),
    { numRuns: 500 },
  );
});

it('T-66 bounds what all tenants keep together, and lets go first of what has run out anywhere', () => {
  let now = 0;
  const stores = new SessionStores({ room: 10_000 }, () => now);
  const big = 'x'.repeat(4000);
  expect(stores.of('a').put('k', big, 10)).toBe(true);
  expect(stores.of('b').put('k', big, null)).toBe(true);
  expect(stores.of('c').put('k', big, null)).toBe(false);
  expect(stores.of('b').put('k', big, null)).toBe(true);
  now = 10;
  expect(stores.of('c').put('k', big, null)).toBe(true);
  expect(stores.of('a').get('k')).toBeNull();
  // Keys without a value take memory, too.
  expect(Array.from({ length: 50 }, (_, i) => stores.of('d').put(`${i}`, '', null)).includes(false)).toBe(true);
});
