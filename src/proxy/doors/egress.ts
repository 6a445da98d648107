/** The third door: an isolate's `fetch` enters the very same walk, with the identity of its task. */

import type { Egress, EgressDenial, EgressRequest, EgressResponse } from '../../core/ports.ts';
import type { Principal } from '../../core/principal.ts';
import { reasonRow } from '../../core/reasons.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { isField, isMethod } from '../../wire/http-head.ts';
import { parseAbsoluteTarget } from '../../wire/request-target.ts';
import { type Denial, wordsOf } from '../denial.ts';
import type { Exchange, HeaderList, Order } from '../exchange.ts';
import type { Gate } from '../gate.ts';
import { handle } from '../handle.ts';
import { Refusal } from '../refusal.ts';
import { forward } from '../relay/forward.ts';
import { FetchReply } from './fetch-reply.ts';
import { type ReadRequest, readAsk, unreadable } from './http-ask.ts';

type Outcome = Result<EgressResponse, EgressDenial>;

/** Fields that belong to the transport, which tool code does not have. */
const TRANSPORT = new Set([
  'accept-encoding',
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

export function createEgress(gate: Gate): Egress {
  return { fetch: (principal, request) => fetch(gate, principal, request) };
}

function fetch(gate: Gate, principal: Principal, request: EgressRequest): Promise<Outcome> {
  // Nobody tells of what is over already; and nothing was asked.
  if (request.signal.aborted) return Promise.reject(new Error('the request was aborted'));
  const headers: HeaderList = request.headers.filter(([name]) => !TRANSPORT.has(name.toLowerCase()));
  const read = readOf(gate, request, headers);
  return new Promise<Outcome>((resolve, reject) => {
    const state: { exchange: Exchange | null } = { exchange: null };
    const reply = new FetchReply(({ status, fields, phrase }) =>
      resolve(ok({ status, statusText: phrase, headers: fields, body: reply, decision: state.exchange?.id ?? '' })),
    );
    const abort = () => {
      reply.leave();
      // Before there is an answer that could be left.
      state.exchange?.end('client_closed', null);
      reject(new Error('the request was aborted'));
    };
    request.signal.addEventListener('abort', abort, { once: true });
    const order: Order = {
      door: 'isolate',
      kind: 'exchange',
      parent: null,
      principal,
      credential: null,
      problem: read.problem,
      ask: read.ask,
      headers,
      relay: (exchange) => {
        state.exchange = exchange;
        exchange.onCut(() => reply.destroy());
        if (request.signal.aborted) exchange.end('client_closed', null);
        // Responses come decoded to tool code, so nothing but identity is asked for.
        const sent: HeaderList = [...headers, ['accept-encoding', 'identity']];
        const body = read.ask.hasBody && request.body ? whole(request.body) : null;
        return forward(gate, exchange, { headers: sent, body, reply, h2: true, proceed: () => undefined });
      },
      refuse: (denial) => (reply.begun ? reply.destroy() : resolve(err(denialOf(denial)))),
    };
    void handle(gate, order).finally(() => {
      request.signal.removeEventListener('abort', abort);
      reply.destroyUnlessEnded();
    });
  });
}

/** Tool code may break its body off, or be over before its end: as at every other door, that is its own doing. */
async function* whole(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch {
    throw new Refusal('request_malformed', 'cut_short');
  }
}

function readOf(
  gate: Gate,
  { method, url, body, readOnlyTool = false }: EgressRequest,
  headers: HeaderList,
): ReadRequest {
  const target = url.replace(/#.*$/, '');
  const parsed = parseAbsoluteTarget(target);
  if (!parsed.ok) return unreadable('target_invalid', parsed.error, method);
  const { scheme } = parsed.value.target;
  if (scheme !== 'http' && scheme !== 'https') return unreadable('target_invalid', 'bad_scheme', method);
  const raw = { method: method.toUpperCase(), target, version: '2', headers } as const;
  if (!isMethod(raw.method)) return unreadable('request_malformed', 'bad_method', method);
  // What made these was tool code's own: no reader of a head has looked at them.
  if (!headers.every(([name, value]) => isField(name, value)))
    return unreadable('request_malformed', 'bad_field', method);
  if (raw.method === 'CONNECT') return unreadable('method_not_allowed', 'connect', method);
  const read = readAsk(raw, parsed.value.target, gate.settings.maxHeaderCount);
  if (read.problem !== null) return read;
  // `readAsk` takes what is inside a CONNECT for HTTPS; here the scheme is the URL's own.
  return { ...read, ask: { ...read.ask, target: parsed.value.target, hasBody: body !== null, readOnlyTool } };
}

function denialOf(denial: Denial): EgressDenial {
  const { reason, decision, wouldAllow } = denial;
  return { reason, status: reasonRow(reason).status, message: wordsOf(denial).message, decision, wouldAllow };
}
