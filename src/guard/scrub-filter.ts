/** Takes values out of a body as it streams, before the guard looks at it. */

import type { BodyStream } from './body-filter.ts';
import type { GuardContext } from './guard-context.ts';
import { after } from './later.ts';
import { withLinesOf } from './lines.ts';
import type { Scrubs } from './scrubs.ts';

const NOTHING = Buffer.alloc(0);

/** Wraps a filter. What may be the beginning of a value waits for the next bytes, over a pause as well. */
export function scrubFilter(
  inner: BodyStream,
  { scrubs = [], keepsLines = false }: Pick<GuardContext, 'scrubs' | 'keepsLines'>,
): BodyStream {
  if (typeof scrubs !== 'function' && scrubs.length === 0) return inner;
  let held: Buffer = NOTHING;

  const taken = (ended: boolean): Buffer => {
    const found = typeof scrubs === 'function' ? scrubs() : scrubs;
    const longest = found.reduce((most, [value]) => Math.max(most, value.length), 1);
    const out: Buffer[] = [];
    let at = 0;
    for (let hit = next(held, at, found); hit !== null; hit = next(held, at, found)) {
      const [from, put] = [at, Buffer.from(hit.put)];
      at = hit.at + hit.length;
      out.push(held.subarray(from, hit.at), keepsLines ? withLinesOf(held.subarray(hit.at, at), put) : put);
    }
    const keep = ended ? held.length : openAt(held, Math.max(at, held.length - longest + 1), found);
    out.push(held.subarray(at, keep));
    held = keep === held.length ? NOTHING : Buffer.from(held.subarray(keep));
    return Buffer.concat(out);
  };
  return {
    push(chunk) {
      held = Buffer.concat([held, chunk]);
      return inner.push(taken(false));
    },
    idle: () => inner.idle(),
    end() {
      const last = taken(true);
      return after(inner.push(last), (first) => after(inner.end(), (rest) => [...first, ...rest]));
    },
    verdict: () => inner.verdict(),
    get blocked() {
      return inner.blocked;
    },
  };
}

function next(text: Buffer, from: number, found: Scrubs): { at: number; length: number; put: string } | null {
  let best: { at: number; length: number; put: string } | null = null;
  for (const [value, put] of found) {
    const at = text.indexOf(value, from);
    if (at >= 0 && (best === null || at < best.at)) best = { at, length: value.length, put };
  }
  return best;
}

/** From where on the end of the text may be the beginning of a value. */
function openAt(text: Buffer, from: number, found: Scrubs): number {
  for (let at = from; at < text.length; at += 1) {
    const rest = text.subarray(at);
    if (found.some(([value]) => value.length > rest.length && value.subarray(0, rest.length).equals(rest))) return at;
  }
  return text.length;
}
