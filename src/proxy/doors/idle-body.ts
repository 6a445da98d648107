/** A request body that must keep coming: what stops in the middle holds a flow, and a budget, for nothing (T-45). */

import { Refusal } from '../refusal.ts';

export async function* idleBound(body: AsyncIterable<Uint8Array>, idleMs: number): AsyncGenerator<Uint8Array> {
  const from = body[Symbol.asyncIterator]();
  for (;;) {
    const next = await soon(from.next(), idleMs);
    if (next.done) return;
    yield next.value;
  }
}

/** The timer runs while the client is waited for; while a piece is on its way up, the origin sets the pace. */
async function soon<T>(piece: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Refusal('request_timeout', 'body')), ms);
  });
  try {
    return await Promise.race([piece, late]);
  } finally {
    clearTimeout(timer);
  }
}
