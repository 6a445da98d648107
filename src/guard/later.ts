/** What is there at once, or comes later: most of what the guard looks at is looked at where it is asked. */

export type Later<T> = T | Promise<T>;

/** `act` on the value, at once where it is there. */
export function after<T, U>(value: Later<T>, act: (value: T) => Later<U>): Later<U> {
  return value instanceof Promise ? value.then(act) : act(value);
}

/** `act` on each, one after the other; what they give, put together. */
export function inTurn<T, U>(items: readonly T[], act: (item: T) => Later<readonly U[]>): Later<U[]> {
  const from = (first: number, given: readonly U[]): Later<U[]> => {
    const out = [...given];
    for (let i = first; i < items.length; i += 1) {
      const some = act(items[i] as T);
      if (some instanceof Promise) return some.then((more) => from(i + 1, [...out, ...more]));
      for (const one of some) out.push(one);
    }
    return out;
  };
  return from(0, []);
}
