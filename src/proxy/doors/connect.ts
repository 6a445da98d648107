/** What happens inside an allowed CONNECT or SOCKS5 connection: an opaque tunnel, or TLS ended here and seen. */

import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { Door } from '../../core/event.ts';
import type { Target } from '../../core/target.ts';
import { Cutoff } from '../dial/cutoff.ts';
import type { Exchange } from '../exchange.ts';
import type { Gate } from '../gate.ts';
import { handle } from '../handle.ts';
import { letGo } from '../let-go.ts';
import { Refusal, refusalOf } from '../refusal.ts';
import { checkHello, HelloScreen, readHello, TLS_ACCESS_DENIED } from '../relay/hello.ts';
import type { Pump } from '../relay/pump.ts';
import { relayTunnel, sealingOf } from '../relay/tunnel.ts';
import { watchWaiting } from '../relay/while-waiting.ts';
import type { Inner, InnerServers } from './inner.ts';

export interface Opening {
  readonly client: Duplex;
  readonly door: Door;
  /** Tells the client that the way is open. */
  readonly accept: (decision: string) => void;
  readonly inner: InnerServers;
}

/** The relay of a CONNECT. After `accept`, nothing throws: what goes wrong inside has its own record. */
export function relayConnect(gate: Gate, exchange: Exchange, opening: Opening): Promise<void> {
  const { client } = opening;
  exchange.onCut(() => client.destroy());
  // Its name was resolved and its allow recorded meanwhile; and who has left says so only once.
  if (client.destroyed || client.readableEnded) {
    exchange.end('client_closed', null);
    return Promise.resolve();
  }
  return exchange.allowed?.mode === 'tunnel' ? tunnel(gate, exchange, opening) : inspect(gate, exchange, opening);
}

function targetOf(exchange: Exchange): Target {
  const { target } = exchange.order.ask;
  if (target === null) throw new Refusal('internal_error', 'no_target');
  return target;
}

async function tunnel(gate: Gate, exchange: Exchange, opening: Opening): Promise<void> {
  const { client } = opening;
  const { host, port } = targetOf(exchange);
  const addresses = exchange.resolved?.addresses ?? [];
  const cutoff = new Cutoff();
  exchange.onCut(() => cutoff.cut());
  const gone = (): void => exchange.end('client_closed', null);
  client.on('close', gone).on('end', gone);
  let pump: Pump | null = null;
  const pumped = (by: Pump): void => {
    pump = by;
  };
  let upstream: Socket;
  try {
    upstream = await gate.upstreams.dialer.tcp({ host, port, addresses }, { cutoff, pumped });
  } catch (error) {
    // Who would be told has left.
    if (exchange.cause === 'client_closed') return;
    throw error;
  } finally {
    client.off('close', gone).off('end', gone);
  }
  exchange.onCut(() => upstream.destroy());
  upstream.on('error', () => undefined);
  opening.accept(exchange.id);
  const screen = new HelloScreen((hello) =>
    checkHello(hello, { host, port, scheme: 'tcp' }, { settings: gate.settings, opaque: true }),
  );
  const first = await firstHello(gate, exchange, { opening, screen });
  if (first === null) {
    upstream.destroy();
    return;
  }
  if (!spendBytes(gate, exchange, 'up', first.came)) {
    // Nothing of it goes on, and the origin will not speak first: nobody would end this.
    exchange.end('budget', 'budget_bytes');
    return;
  }
  upstream.write(first.goesOn);
  exchange.onSeal(sealingOf(client, upstream));
  const cause = await relayTunnel({
    client,
    upstream,
    pump,
    idleMs: gate.settings.idleMs,
    deadlines: gate.upstreams.deadlines,
    spend: (direction, bytes) => spendBytes(gate, exchange, direction, bytes),
    screen,
  });
  if (screen.refusal !== null) await refuseInside(gate, exchange, { opening, refusal: screen.refusal });
  exchange.cause ??= cause;
  if (cause === 'budget') exchange.reason ??= 'budget_bytes';
}

function spendBytes(gate: Gate, exchange: Exchange, direction: 'up' | 'down', bytes: number): boolean {
  if (!exchange.mayMove()) return false;
  exchange[direction] += bytes;
  const { principal, profile } = exchange;
  if (principal === null || profile === null) return false;
  return gate.budgets.spend(principal, profile.limits, direction, bytes) === null;
}

async function inspect(gate: Gate, exchange: Exchange, opening: Opening): Promise<void> {
  const { client } = opening;
  const { authority } = gate;
  if (authority === null) throw new Refusal('internal_error', 'no_certificate_authority');
  const target = targetOf(exchange);
  opening.accept(exchange.id);
  const first = await firstHello(gate, exchange, { opening, screen: null });
  if (first === null) return;
  client.unshift(first.goesOn);
  const tls = new TLSSocket(client as never, {
    isServer: true,
    secureContext: authority.contextFor(target.host),
    ALPNProtocols: ['h2', 'http/1.1'],
    requestCert: false,
  });
  letGo(tls);
  if (!(await secured(tls, gate.settings.helloTimeoutMs))) {
    if (!exchange.isCut)
      await refuseInside(gate, exchange, { opening, refusal: new Refusal('client_tls_failed', 'handshake') });
    return;
  }
  // What `tls.Server` does for its own sockets: without it, HTTP/2 waits for a handshake that is over.
  Object.assign(tls, { secureConnecting: false });
  // HTTP/2 holds frames back that no exchange asks for again. Its connection breaks at once and without a word: some clients
  // take a reset of their stream, with an end of the connection right behind it, for an end of the stream.
  if (tls.alpnProtocol !== 'h2') {
    exchange.onSeal({ queued: () => tls.writableLength + client.writableLength, pause: () => tls.pause() });
  }
  const inner: Inner = {
    target,
    principal: exchange.principal,
    within: exchange,
    door: opening.door,
    carrier: client,
  };
  if (tls.alpnProtocol === 'h2') opening.inner.serveH2(tls, inner);
  else opening.inner.serveH1(tls, inner);
  await closed(tls);
  exchange.cause ??= 'completed';
  count(exchange, client);
}

function count(exchange: Exchange, client: Duplex): void {
  const { bytesRead = 0, bytesWritten = 0 } = client as { bytesRead?: number; bytesWritten?: number };
  exchange.up = bytesRead;
  exchange.down = bytesWritten;
}

/** False as soon as it cannot come to anything: who does not trust our CA may leave without a word, and is no flow any more. */
function secured(tls: TLSSocket, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    let stop = (): void => undefined;
    const late = setTimeout(() => tls.destroy(), timeoutMs);
    const done = (good: boolean) => (): void => {
      clearTimeout(late);
      stop();
      resolve(good);
      if (!good) tls.destroy();
    };
    stop = watchWaiting(tls, done(false));
    // The listener stays: an error after the handshake must not be unhandled.
    tls.on('error', done(false));
    tls.once('secure', done(true));
  });
}

function closed(stream: Duplex): Promise<void> {
  return new Promise((resolve) => {
    if (stream.closed) resolve();
    else stream.once('close', resolve);
  });
}

interface Inside {
  readonly opening: Opening;
  /** Of an opaque tunnel; null where TLS is ended here. */
  readonly screen: HelloScreen | null;
}

interface Opened {
  /** Bytes that came. */
  readonly came: number;
  readonly goesOn: Uint8Array;
}

/** Null when the handshake was refused: then that is on record and the client is told in TLS. */
async function firstHello(gate: Gate, exchange: Exchange, { opening, screen }: Inside): Promise<Opened | null> {
  try {
    const first = await readHello(opening.client, gate.settings.helloTimeoutMs, gate.upstreams.deadlines);
    checkHello(first.hello, targetOf(exchange), { settings: gate.settings, opaque: screen !== null });
    return { came: first.bytes.length, goesOn: screen === null ? first.bytes : screen.begin(first) };
  } catch (error) {
    await refuseInside(gate, exchange, { opening, refusal: refusalOf(error) });
    return null;
  }
}

/** A refusal after the way was opened: an exchange of its own inside the CONNECT, with its own record. */
async function refuseInside(
  gate: Gate,
  exchange: Exchange,
  { opening, refusal }: { readonly opening: Opening; readonly refusal: Refusal },
): Promise<void> {
  exchange.reason ??= refusal.reason;
  exchange.cause ??= 'client_closed';
  const { client, door } = opening;
  // A tunnel that closes before it says anything was opened for nothing, and asked nothing.
  if (refusal.detail === 'absent' || exchange.isCut) {
    client.destroy();
    return;
  }
  await handle(gate, {
    door,
    kind: exchange.kind,
    parent: exchange.id,
    principal: exchange.principal,
    credential: null,
    problem: { reason: refusal.reason, detail: refusal.detail ?? refusal.reason },
    ask: exchange.order.ask,
    headers: [],
    relay: () => Promise.resolve(),
    refuse: () => {
      const alert = refusal.reason !== 'tunnel_not_tls' && refusal.reason !== 'client_tls_failed';
      if (alert && client.writable) client.end(TLS_ACCESS_DENIED, () => client.destroy());
      else client.destroy();
    },
  });
}
