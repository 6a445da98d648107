/**
 * Tokens and placeholders of credentials become what they stand for in what leaves, and what left becomes a placeholder
 * again in what comes back. Only under TLS, only once the allow is on record.
 *
 * KNOWN GAP: gRPC and binary WebSocket messages go on as they are: lengths inside them would not fit any more.
 */

import { GrowingBytes } from '../../core/growing-bytes.ts';
import {
  type Destination,
  type Exchanged,
  LONGEST_PLACEHOLDER,
  scrubs,
  scrubText,
  type Written,
} from '../../guard/broker.ts';
import { isIdentity, recoded } from '../../guard/encoded-filter.ts';
import { isFramed } from '../../guard/framed/framing-of.ts';
import type { Scrubs } from '../../guard/scrubs.ts';
import type { Exchange, HeaderList } from '../exchange.ts';
import { field, joined } from '../fields.ts';
import type { Gate } from '../gate.ts';
import { accountFields } from './own-credentials.ts';

/** Null where nothing may be exchanged. */
export function destinationOf(gate: Gate, exchange: Exchange): Destination | null {
  const { tenant, task, host, order } = exchange;
  const to = { tenant, task, host };
  const { scheme = '' } = order.ask.target ?? {};
  if (gate.broker === undefined || (scheme !== 'https' && scheme !== 'wss') || task === '') return null;
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
  const encoding = joined(headers, 'content-encoding').toLowerCase();
  // Their lengths and checksums would be wrong.
  if (to === null || isFramed(type) || type.startsWith('application/grpc')) return body;
  const flow = { to, written: writtenIn(type), exchanged: exchange.exchanged };
  return isIdentity(encoding) ? flowing(gate, flow, body) : encodedFlow(gate, flow, { body, encoding });
}

/** The text message of a WebSocket, with values in place. */
export function exchangedMessage(gate: Gate, exchange: Exchange, payload: Buffer): Buffer {
  const to = destinationOf(gate, exchange);
  if (to === null) return payload;
  const written = /^\s*[{[]/.test(payload.toString('latin1', 0, 64)) ? 'json' : 'plain';
  return put(gate, { to, written, exchanged: exchange.exchanged }, payload.toString('latin1'));
}

function writtenIn(type: string): Written {
  return type.includes('json') ? 'json' : type.includes('x-www-form-urlencoded') ? 'url' : 'plain';
}

/** Largest body with a content encoding that is looked into, before and after decoding. */
const LARGEST_ENCODED = 16 * 1024 * 1024;

/** Decoded as a whole, and encoded again where anything was put in place; a larger one goes on as it is. */
async function* encodedFlow(
  gate: Gate,
  flow: Flow,
  { body, encoding }: { readonly body: AsyncIterable<Uint8Array>; readonly encoding: string },
): AsyncGenerator<Uint8Array> {
  const held = new GrowingBytes();
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    held.append(chunk, LARGEST_ENCODED);
    if (size > LARGEST_ENCODED) yield held.release();
  }
  if (held.length === 0) return;
  const change = (plain: Buffer) => put(gate, flow, plain.toString('latin1'));
  yield recoded(held.release(), encoding, { max: LARGEST_ENCODED, change });
}

/** Latin-1: a character a byte, whatever the bytes are. */
function put(gate: Gate, { to, written, exchanged }: Flow, text: string): Buffer {
  const changed = gate.broker?.exchange(text, to, { written, exchanged, latin1: true });
  return Buffer.from(changed ?? text, 'latin1');
}

interface Flow {
  readonly to: Destination;
  readonly written: Written;
  readonly exchanged: Exchanged[];
}

async function* flowing(gate: Gate, flow: Flow, body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held = '';
  for await (const chunk of body) {
    held += Buffer.from(chunk).toString('latin1');
    const open = openAt(held);
    if (open > 0) yield put(gate, flow, held.slice(0, open));
    held = held.slice(open);
  }
  if (held !== '') yield put(gate, flow, held);
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

/** As they are when a piece of the answer comes: an answer may begin before the last of the request has gone. */
export function liveScrubs(gate: Gate, exchange: Exchange): Scrubs | (() => Scrubs) {
  if (destinationOf(gate, exchange) === null) return [];
  let known: Scrubs = [];
  let count = 0;
  return () => {
    if (exchange.exchanged.length !== count) {
      known = answerScrubs(exchange);
      count = exchange.exchanged.length;
    }
    return known;
  };
}

export function scrubbedFields(exchange: Exchange, fields: [string, string][]): [string, string][] {
  const found = answerScrubs(exchange);
  return found.length === 0 ? fields : fields.map(([name, value]) => [name, scrubText(value, found)]);
}
