/**
 * Upgrades (WebSocket): the handshake goes through the pool's checks, then both sides are sockets. Where the origin answers
 * with anything but a switch (a challenge, a redirect, a refusal), that is its answer, and goes through the guard like one.
 */

import type { Duplex } from 'node:stream';
import type { Dispatcher } from 'undici';
import { authority, defaultPort } from '../../core/target.ts';
import { mayEndAnyhow } from '../dial/tls-end.ts';
import { MOST_INTERIM, upstreamRefusal } from '../dial/upstream-errors.ts';
import { urlHost } from '../dial/upstreams.ts';
import { Http1Reply } from '../doors/http1-reply.ts';
import { lingering } from '../doors/last-words.ts';
import type { Exchange, HeaderList } from '../exchange.ts';
import { canonicalField, clientFields, upstreamFields } from '../fields.ts';
import type { Gate } from '../gate.ts';
import { answerFields } from '../guarding/answer-fields.ts';
import { exchangedHead, scrubbedFields } from '../guarding/brokering.ts';
import { accountFields } from '../guarding/own-credentials.ts';
import { headerPairs } from '../header-pairs.ts';
import { Refusal, stopped } from '../refusal.ts';
import { Relay } from './forward.ts';
import { relayTunnel, sealingOf } from './tunnel.ts';
import { webSocketGuard } from './websocket-guard.ts';
import { watchWaiting } from './while-waiting.ts';

export interface Upgrading {
  readonly client: Duplex;
  readonly headers: HeaderList;
}

const EXTENSIONS = 'sec-websocket-extensions';

interface Switched {
  readonly upstream: Duplex;
  readonly fields: readonly (readonly [string, string])[];
}

/** Resolves when both sides are closed. Throws a `Refusal` when the origin does not switch. */
export async function relayUpgrade(gate: Gate, exchange: Exchange, upgrading: Upgrading): Promise<void> {
  const { client, headers } = upgrading;
  if (exchange.order.ask.upgrade !== 'websocket') throw new Refusal('default_deny', 'upgrade');
  exchange.onCut(() => client.destroy());
  const stop = watchWaiting(client, () => exchange.end('client_closed', null));
  let switched: Switched | null;
  try {
    switched = await switchProtocols(gate, exchange, { client, headers });
  } finally {
    stop();
  }
  if (switched === null) {
    lingering(client, gate.settings.idleMs);
    return;
  }
  const { upstream, fields } = switched;
  exchange.onCut(() => upstream.destroy());
  const answered = await guardedFields(gate, exchange, { upstream, fields });
  if (exchange.isCut) throw stopped(exchange);
  exchange.onSeal(sealingOf(client, upstream));
  exchange.status = 101;
  client.write(switchedHead(answered), 'latin1');
  const { principal, profile } = exchange;
  const through = webSocketGuard(gate, exchange, (to, frame) => void (to === 'client' ? client : upstream).end(frame));
  const cause = await relayTunnel({
    client,
    upstream,
    pump: null,
    idleMs: gate.settings.idleMs,
    deadlines: gate.upstreams.deadlines,
    spend: (direction, bytes) => {
      if (!exchange.mayMove()) return false;
      exchange[direction] += bytes;
      if (principal === null || profile === null) return false;
      return gate.budgets.spend(principal, profile.limits, direction, bytes) === null;
    },
    // It may have been stopped while the guard looked.
    ...(through && { through: async (way, bytes) => unlessStopped(exchange, await through(way, bytes)) }),
  });
  exchange.cause ??= cause;
  if (cause === 'budget') exchange.reason ??= 'budget_bytes';
}

function unlessStopped(exchange: Exchange, out: Uint8Array | null): Uint8Array | null {
  return exchange.mayMove() ? out : null;
}

/** An answer behind which the connection ends: its reader is gone, and its socket was handed over. */
function lastReply(gate: Gate, client: Duplex): Http1Reply {
  const { idleMs } = gate.settings;
  const reply = new Http1Reply({
    socket: client,
    carrier: null,
    method: 'GET',
    version: '1.1',
    keep: () => false,
    keepLine: '',
    idleMs,
  });
  client.on('drain', () => reply.drain()).once('close', () => reply.close());
  return reply;
}

/** Nothing is said before what was found is on record. */
async function guardedFields(
  gate: Gate,
  exchange: Exchange,
  { upstream, fields }: Switched,
): Promise<Switched['fields']> {
  try {
    const answered = answerFields(gate, exchange, fields);
    if (answered.recorded !== null) await answered.recorded;
    return answered.fields;
  } catch (error) {
    upstream.destroy();
    throw error;
  }
}

/** No field ends its line early (T-33). */
function switchedHead(fields: Switched['fields']): string {
  let text = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';
  for (const [name, value] of fields) {
    if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) throw new Refusal('upstream_protocol', 'field');
    text += `${name}: ${value}\r\n`;
  }
  return `${text}\r\n`;
}

/** Null when the origin answered otherwise, and the client has that answer, or when the client has left. */
function switchProtocols(gate: Gate, exchange: Exchange, { client, headers }: Upgrading): Promise<Switched | null> {
  const { ask } = exchange.order;
  const { target } = ask;
  if (!target || !exchange.principal || !exchange.resolved) throw new Refusal('internal_error', 'no_target');
  const scheme = target.scheme === 'wss' ? 'https' : 'http';
  const pool = gate.upstreams.pool({
    pass: exchange.principal.pass,
    scheme,
    host: target.host,
    port: target.port,
    addresses: exchange.resolved.addresses,
    h2: false,
  });
  // Compression would hide the messages from the guard: no extension is offered, so none may be answered.
  const offered = headers.filter(([name]) => canonicalField(name) !== EXTENSIONS);
  const fields = upstreamFields(offered, { narrowEncodings: gate.guard() !== null });
  fields.push('host', target.port === defaultPort(scheme) ? urlHost(target.host) : authority(target));
  let interim = 0;
  let relay: Relay | null = null;
  return new Promise((resolve, reject) => {
    const relayOf = (controller: Dispatcher.DispatchController): Relay => {
      const reply = lastReply(gate, client);
      const failed = (error: unknown): void => {
        // No denial stands in the middle of an answer.
        if (reply.begun) reply.destroy();
        reject(error);
      };
      const made = new Relay(gate, exchange, reply, { resolve: () => resolve(null), reject: failed });
      made.onRequestStart(controller);
      return made;
    };
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: (controller) => exchange.onCut(() => controller.abort(new Refusal('lease_ended'))),
      onRequestUpgrade: (controller, _status, _headers, upstream) => {
        mayEndAnyhow(upstream);
        const answered = scrubbedFields(exchange, clientFields(headerPairs(controller.rawHeaders), true));
        if (answered.every(([name]) => canonicalField(name) !== EXTENSIONS)) {
          resolve({ upstream, fields: answered });
          return;
        }
        upstream.destroy();
        reject(new Refusal('upstream_protocol', 'extension'));
      },
      onResponseStart: (controller, status) => {
        if (status < 200) {
          interim += 1;
          if (interim > MOST_INTERIM) controller.abort(new Refusal('upstream_protocol', 'interim'));
          return;
        }
        relay = relayOf(controller);
        relay.onResponseStart(controller, status);
      },
      onResponseData: (controller, chunk) => relay?.onResponseData(controller, chunk),
      onResponseEnd: (controller) => relay?.onResponseEnd(controller),
      onResponseError: (controller, error) => {
        if (relay !== null) relay.onResponseError(controller, error);
        else if (exchange.cause === 'client_closed') resolve(null);
        else reject(upstreamRefusal(error, false));
      },
    };
    const path = ask.query === '' ? ask.path : `${ask.path}?${ask.query}`;
    const head = exchangedHead(gate, exchange, { path, headers: accountFields(gate, exchange, fields) });
    pool.dispatch({ path: head.path, method: 'GET', headers: [...head.headers], upgrade: 'websocket' }, handler);
  });
}
