/**
 * The body of a request on its way out, through the guard when there is one. A guarded body of up to 1 MiB is held so
 * that its length can be said again after a change; a longer one is streamed, chunked. Messages of gRPC, events and lines of
 * JSON whose length nobody said are not held for the next ones, which their client may send only once it has an answer.
 */

import { GrowingBytes } from '../../core/growing-bytes.ts';
import { mustFlow } from '../../guard/framed/framing-of.ts';
import { isRemarkable } from '../../guard/judge.ts';
import { QUIET_MS } from '../../guard/quiet-end.ts';
import type { Exchange, HeaderList } from '../exchange.ts';
import { field, joined } from '../fields.ts';
import type { Gate } from '../gate.ts';
import { exchangedBody } from '../guarding/brokering.ts';
import { type BodyStream, blockedBy, looked } from '../guarding/guarding.ts';
import { watchedBody } from '../guarding/provider-body.ts';
import { guardContext, recordVerdict } from '../guarding/scan-outbound.ts';
import { isEventStream, isNdjson } from '../media-type.ts';

export interface OutboundBody {
  readonly stream: AsyncIterable<Uint8Array> | Uint8Array | null;
  /** Null: unknown, chunked. */
  readonly length: number | null;
}

const HELD = 1024 * 1024;

/** `sent` is null where there is no body: then there is nothing to wait for, and no promise. */
export function outboundBody(
  gate: Gate,
  exchange: Exchange,
  { headers, sent }: { readonly headers: HeaderList; readonly sent: AsyncIterable<Uint8Array> | null },
): OutboundBody | Promise<OutboundBody> {
  const announced = field(headers, 'content-length');
  if (sent === null) return { stream: null, length: announced === '0' ? 0 : null };
  const body = watchedBody(gate, exchange, { body: sent, headers });
  const guard = gate.guard();
  const contentType = field(headers, 'content-type').toLowerCase();
  const isLive =
    announced === '' && (mustFlow(contentType, 'request') || isEventStream(contentType) || isNdjson(contentType));
  const context = guardContext(exchange, 'request', {
    contentType,
    contentEncoding: joined(headers, 'content-encoding').toLowerCase(),
    isSized: announced !== '',
    isLive,
  });
  if (guard === null || context === null) return { stream: body, length: announced === '' ? null : Number(announced) };
  const filter = guard.stream(context);
  const enforce = context.settings.request === 'enforce';
  const guarded = guardedBody(gate, exchange, { filter, body: isLive ? withPauses(body) : body, enforce });
  const out = exchangedBody(gate, exchange, { body: guarded, headers })[Symbol.asyncIterator]();
  return hold(out, isLive ? 0 : HELD);
}

interface Guarding {
  readonly filter: BodyStream;
  /** Null: it pauses. */
  readonly body: AsyncIterable<Uint8Array | null>;
  readonly enforce: boolean;
}

async function* guardedBody(gate: Gate, exchange: Exchange, guarding: Guarding): AsyncGenerator<Uint8Array> {
  const { filter, body, enforce } = guarding;
  let bytes = 0;
  let recorded = false;
  const record = async (): Promise<void> => {
    if (recorded) return;
    recorded = true;
    const verdict = filter.verdict();
    if (isRemarkable(verdict)) await recordVerdict(gate, exchange, { direction: 'request', verdict, bytes });
  };
  try {
    for await (const chunk of body) {
      bytes += chunk?.length ?? 0;
      const out = await looked(chunk === null ? filter.idle() : filter.push(chunk));
      if (filter.blocked) break;
      yield* out;
    }
    const last = filter.blocked ? [] : await looked(filter.end());
    await record();
    if (filter.blocked && enforce) throw blockedBy(filter, 'request_body');
    yield* last;
  } finally {
    // A client that left, or a cut: what was found until then is on record all the same.
    await record();
  }
}

/** With a null where nothing has come for a while. */
async function* withPauses(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array | null> {
  const from = body[Symbol.asyncIterator]();
  for (;;) {
    const next = from.next();
    if (await isSlow(next)) yield null;
    const { done, value } = await next;
    if (done) return;
    yield value;
  }
}

async function isSlow(next: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const quiet = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, QUIET_MS, true);
  });
  try {
    return await Promise.race([quiet, next.then(() => false)]);
  } finally {
    clearTimeout(timer);
  }
}

/** Takes up to the bound; a body that ended by then has a length. */
async function hold(from: AsyncIterator<Uint8Array>, bound: number): Promise<OutboundBody> {
  const held = new GrowingBytes();
  while (held.length <= bound) {
    const next = await from.next();
    if (next.done) return { stream: held.bytes, length: held.length };
    held.append(next.value, bound);
  }
  return { stream: resume(held.release(), from), length: null };
}

async function* resume(held: Uint8Array, from: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield held;
  for (let next = await from.next(); !next.done; next = await from.next()) yield next.value;
}
