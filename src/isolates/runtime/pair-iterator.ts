/** Iterators over name and value pairs, as Web IDL makes them (section 3.7.10): live, and with a prototype of their own. */

type Kind = 'entries' | 'keys' | 'values';
type Pair = readonly [string, unknown];

interface Walk {
  readonly of: object;
  readonly kind: Kind;
  at: number;
}

const { create, defineProperty, getPrototypeOf } = Object;
const base = getPrototypeOf(getPrototypeOf([][Symbol.iterator]())) as object;

/** @param pairsOf what there is to walk now; throws a `TypeError` for an object of another kind */
export function pairIterator<Of extends object>(
  name: string,
  pairsOf: (of: Of) => readonly Pair[],
): (of: Of, kind: Kind) => IterableIterator<never> {
  const walks = new WeakMap<object, Walk>();
  const { next } = {
    next(this: object): IteratorResult<unknown> {
      const walk = walks.get(this);
      if (!walk) throw new TypeError(`this is no ${name} Iterator`);
      const pair = pairsOf(walk.of as Of)[walk.at];
      if (!pair) return { value: undefined, done: true };
      walk.at += 1;
      const value = walk.kind === 'keys' ? pair[0] : walk.kind === 'values' ? pair[1] : [pair[0], pair[1]];
      return { value, done: false };
    },
  };
  const prototype = create(base) as object;
  defineProperty(prototype, 'next', { value: next, writable: true, enumerable: true, configurable: true });
  defineProperty(prototype, Symbol.toStringTag, { value: `${name} Iterator`, configurable: true });
  return (of, kind) => {
    pairsOf(of);
    const made = create(prototype) as IterableIterator<never>;
    walks.set(made, { of, kind, at: 0 });
    return made;
  };
}
