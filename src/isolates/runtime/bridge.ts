/**
 * The two doors out of the isolate, and the intrinsics that the runtime itself relies on, taken before tool code could
 * change them. What tool code breaks in its own realm is its own loss; what it sends out is capped by these.
 */

export interface Bridge {
  /** A synchronous question to the host process; answers are copied plain data, null when it has none. */
  serve(op: string, a?: unknown, b?: unknown, c?: unknown): unknown;
  /** Says something and does not wait. */
  hear(op: string, a?: unknown, b?: unknown): void;
}

/** Filled when an isolate boots: the snapshot has no host. */
export const bridge: { current: Bridge } = {
  current: { serve: () => null, hear: () => undefined },
};

const { apply } = Reflect;

/** `uncurry(String.prototype.slice)(text, 0, 3)`: immune to later changes of the prototype. */
function uncurry<This, Args extends unknown[], Out>(
  of: (this: This, ...args: Args) => Out,
): (self: This, ...args: Args) => Out {
  return (self, ...args) => apply(of, self, args);
}

export const jsonText = JSON.stringify;
export const jsonValue = JSON.parse;
export const sliceText = uncurry(String.prototype.slice as (this: string, start?: number, end?: number) => string);

const { charCodeAt } = String.prototype;

/** As `uncurry` would make it; a list of just one that is written out costs the engine nothing. */
export function charCode(text: string, at: number): number {
  return apply(charCodeAt, text, [at]);
}

/** Bytes that a text takes as UTF-8, counted only as far as `limit`. */
export function utf8Length(text: string, limit: number): number {
  let bytes = 0;
  for (let i = 0; i < text.length && bytes <= limit; i += 1) {
    const code = charCode(text, i);
    if (code < 0x80) bytes += 1;
    else if (code < 0x800) bytes += 2;
    else if (code >= 0xd800 && code < 0xdc00 && isLow(text, i + 1)) {
      bytes += 4;
      i += 1;
    } else bytes += 3;
  }
  return bytes;
}

function isLow(text: string, at: number): boolean {
  const code = at < text.length ? charCode(text, at) : 0;
  return code >= 0xdc00 && code < 0xe000;
}
