/**
 * Tokens and placeholders of credentials become what they stand for in what leaves, and what left becomes a placeholder
 * again in what comes back. Only under TLS, only once the allow is on record.
 *
 * KNOWN GAP: bodies with a content encoding, gRPC and WebSockets go on as they are.
 */

import {
  type Destination,
  type Exchanged,
  LONGEST_PLACEHOLDER,
  scrubs,
  scrubText,
  type Written,
} from '../guard/broker.ts';
import type { Exchange, HeaderList } from './exchange.ts';
import { field } from './fields.ts';
import type { Gate } from './gate.ts';
import { accountFields } from './own-credentials.ts';

/** Null where nothing may be exchanged. */
export function destinationOf(gate: Gate, exchange: Exchange): Destination | null {
  const { tenant, task, host, order } = exchange;
  const to = { tenant, task, host };
  if (gate.broker === undefined || order.ask.target?.scheme !== 'https' || task === '') return null;
  return gate.broker.serves(to) ? to : null;
}

export interface Head {
  /** Flat name-value list. */
  readonly headers: readonly string[];
  readonly path: string;
}

export function exchangedHead(gate: Gate, exchange: Exchange, asked: Head): Head {
  const head = { path: asked.path, headers: accountFields(gate, exchange, asked.headers) };
  const to = destinationOf(gate, exchange);
  if (to === null || gate.broker === undefined) return head;
  const { broker } = gate;
  const { exchanged } = exchange;
  const headers = head.headers.map((text, i) =>
    i % 2 === 0 ? text : broker.exchange(text, to, { written: 'field', exchanged }),
  );
  const path = broker.exchange(head.path, to, { written: 'url', exchanged });
  if (exchanged.length > 0) {
    const what = [...new Set(exchanged.map(({ placeholder }) => placeholder))];
    gate.log.info({ decision: exchange.id, host: to.host, what }, 'values put in place');
  }
  return { headers, path };
}

/** The same body, with values in place. */
export function exchangedBody(
  gate: Gate,
  exchange: Exchange,
  { body, headers }: { readonly body: AsyncIterable<Uint8Array>; readonly headers: HeaderList },
): AsyncIterable<Uint8Array> {
  const to = destinationOf(gate, exchange);
  const type = field(headers, 'content-type').toLowerCase();
  const encoding = field(headers, 'content-encoding').toLowerCase();
  const isPlain = (encoding === '' || encoding === 'identity') && !type.startsWith('application/grpc');
  if (to === null || !isPlain) return body;
  const written = type.includes('json') ? 'json' : type.includes('x-www-form-urlencoded') ? 'url' : 'plain';
  return flowing(gate, { to, written, exchanged: exchange.exchanged }, body);
}

interface Flow {
  readonly to: Destination;
  readonly written: Written;
  readonly exchanged: Exchanged[];
}

async function* flowing(gate: Gate, flow: Flow, body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const { to, written, exchanged } = flow;
  // Latin-1: a character a byte, whatever the bytes are.
  const put = (text: string): Buffer =>
    Buffer.from(gate.broker?.exchange(text, to, { written, exchanged, latin1: true }) ?? text, 'latin1');
  let held = '';
  for await (const chunk of body) {
    held += Buffer.from(chunk).toString('latin1');
    const open = openAt(held);
    if (open > 0) yield put(held.slice(0, open));
    held = held.slice(open);
  }
  if (held !== '') yield put(held);
}

/** What may still become a token or a placeholder, at the end of a text. */
const OPEN = /(?:\[|%(?:5[Bb]?)?)(?:T(?:O(?:K(?:E(?:N[A-Za-z0-9_:%]*)?)?)?)?)?$|l(?:t(?:_[a-z0-9_-]*)?)?$/;

function openAt(text: string): number {
  const from = Math.max(0, text.length - LONGEST_PLACEHOLDER);
  const found = OPEN.exec(text.slice(from));
  return found === null ? text.length : from + found.index;
}

/** For the guard on the answer; empty when nothing went out. */
export function answerScrubs(exchange: Exchange): ReturnType<typeof scrubs> {
  return exchange.exchanged.length === 0 ? [] : scrubs(exchange.exchanged);
}

export function scrubbedFields(exchange: Exchange, fields: [string, string][]): [string, string][] {
  const found = answerScrubs(exchange);
  return found.length === 0 ? fields : fields.map(([name, value]) => [name, scrubText(value, found)]);
}
