/**
 * `fetch` of tool code, into the egress path with the task's identity. Bodies stream both ways under back-pressure: a
 * write is answered when it was taken, a read asks for one piece. Redirects come back to the runtime, and each hop is a
 * request that is decided anew (T-27).
 */

import { z } from 'zod';
import type { Egress, EgressDenial, EgressResponse } from '../../core/ports.ts';
import type { Principal } from '../../core/principal.ts';
import { LIMITS } from '../host/protocol.ts';
import type { BindingCall, BindingReply } from '../task-order.ts';
import { type BindingPart, type BindingUsage, refusal } from './binding-part.ts';
import { PushBody } from './push-body.ts';

export interface FetchBindingOptions {
  readonly egress: Egress;
  readonly principal: Principal;
  readonly usage: BindingUsage;
  /** Every decision that a request led to, allowed or denied. */
  readonly onDecision: (decision: string, allowed: boolean) => void;
}

const MAX_EXCHANGES = 64;
const NO_BYTES = new Uint8Array(0);
const id = z.object({ id: z.int().min(1) });
const pair = z.tuple([z.string().max(1000), z.string().max(64 * 1024)]);

const order = id.extend({
  method: z.string().min(1).max(50),
  url: z
    .string()
    .min(1)
    .max(64 * 1024),
  headers: z.array(pair).max(500),
  body: z.enum(['none', 'bytes', 'stream']),
});

interface Exchange {
  readonly abort: AbortController;
  readonly upload: PushBody | null;
  download: AsyncIterator<Uint8Array> | null;
  /** Bytes that came with the last piece and were more than one reply carries. */
  rest: Uint8Array;
}

export function fetchBinding(options: FetchBindingOptions): BindingPart {
  const exchanges = new Map<number, Exchange>();
  const calls: Readonly<Record<string, (call: BindingCall) => Promise<BindingReply>>> = {
    fetch: (call) => open(call, exchanges, options),
    'fetch.write': (call) => write(call, exchanges, options.usage),
    'fetch.end': async ({ args }) => {
      exchanges.get(id.parse(args).id)?.upload?.end();
      return done();
    },
    'fetch.read': (call) => read(call, exchanges, options.usage),
    'fetch.abort': async ({ args }) => {
      drop(id.parse(args).id, exchanges);
      return done();
    },
  };
  return {
    prefix: 'fetch',
    call: async (call) => (await calls[call.op]?.(call)) ?? refusal('this binding does not exist', 'unknown_binding'),
    close: () => {
      for (const key of [...exchanges.keys()]) drop(key, exchanges);
    },
  };
}

async function open(
  { args, bytes }: BindingCall,
  exchanges: Map<number, Exchange>,
  { egress, principal, usage, onDecision }: FetchBindingOptions,
): Promise<BindingReply> {
  const asked = order.parse(args);
  if (exchanges.has(asked.id)) return refusal('this exchange exists already', 'bad_arguments');
  if (exchanges.size >= MAX_EXCHANGES)
    return refusal('too many requests are open; finish some first', 'too_many_calls');
  const upload = asked.body === 'stream' ? new PushBody() : null;
  const exchange: Exchange = { abort: new AbortController(), upload, download: null, rest: NO_BYTES };
  exchanges.set(asked.id, exchange);
  usage.requests += 1;
  if (asked.body === 'bytes') usage.bytes += bytes.length;
  try {
    const { method, url, headers } = asked;
    const body = upload ?? (asked.body === 'bytes' ? once(bytes) : null);
    const answer = await egress.fetch(principal, { method, url, headers, body, signal: exchange.abort.signal });
    onDecision(answer.ok ? answer.value.decision : answer.error.decision, answer.ok);
    if (!answer.ok) {
      drop(asked.id, exchanges);
      return denied(answer.error);
    }
    return opened(answer.value, exchange);
  } catch {
    drop(asked.id, exchanges);
    return refusal('the request was aborted', 'aborted');
  }
}

function opened(response: EgressResponse, exchange: Exchange): BindingReply {
  const { status, statusText = '', headers, decision, body } = response;
  exchange.download = body[Symbol.asyncIterator]();
  return { ok: true, value: { status, statusText, headers, decision } };
}

async function write(
  { args, bytes }: BindingCall,
  exchanges: ReadonlyMap<number, Exchange>,
  usage: BindingUsage,
): Promise<BindingReply> {
  const upload = exchanges.get(id.parse(args).id)?.upload;
  if (!upload) return refusal('this exchange takes no body', 'bad_arguments');
  usage.bytes += bytes.length;
  const taken = await upload.write(new Uint8Array(bytes));
  return taken ? done() : refusal('the body is no longer taken', 'aborted');
}

async function read(
  { args }: BindingCall,
  exchanges: Map<number, Exchange>,
  usage: BindingUsage,
): Promise<BindingReply> {
  const key = id.parse(args).id;
  const exchange = exchanges.get(key);
  if (!exchange?.download) return { ok: true, value: { done: true } };
  try {
    if (exchange.rest.length === 0) {
      const next = await exchange.download.next();
      if (next.done) {
        drop(key, exchanges);
        return { ok: true, value: { done: true } };
      }
      exchange.rest = next.value;
      usage.bytes += next.value.length;
    }
  } catch {
    drop(key, exchanges);
    return refusal('the response ended early', 'response_cut');
  }
  const piece = exchange.rest.subarray(0, LIMITS.chunk);
  exchange.rest = exchange.rest.subarray(piece.length);
  return { ok: true, value: { done: false }, bytes: piece };
}

/** Without a reason given, one with a stack trace is made for each exchange. */
const DROPPED = new Error('the exchange was dropped');

function drop(key: number, exchanges: Map<number, Exchange>): void {
  const exchange = exchanges.get(key);
  if (!exchange) return;
  exchanges.delete(key);
  exchange.abort.abort(DROPPED);
  exchange.upload?.cancel();
  exchange.download?.return?.()?.catch(() => undefined);
}

/** As `fetch` fails, with what the denial says besides. */
function denied({ reason, message, decision, wouldAllow, status }: EgressDenial): BindingReply {
  return { ok: false, error: { name: 'TypeError', message, code: reason, decision, would_allow: wouldAllow, status } };
}

function done(): BindingReply {
  return { ok: true, value: null };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(bytes);
}
