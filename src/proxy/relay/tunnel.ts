/** Relays bytes both ways with half-close and back-pressure, until both sides are done, one breaks, or it is cut. */

import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { drained } from '../../core/drained.ts';
import type { CloseCause } from '../../core/event.ts';
import { Deadline, type Deadlines } from '../deadlines.ts';
import type { Sealing } from '../exchange.ts';
import type { Pump } from './pump.ts';

export interface Tunnel {
  readonly client: Duplex;
  readonly upstream: Duplex;
  /** Null where the origin is read as an ordinary stream. */
  readonly pump: Pump | null;
  readonly idleMs: number;
  readonly deadlines: Deadlines;
  /** Told of every piece; false ends the tunnel for its budget. */
  readonly spend: (direction: 'up' | 'down', bytes: number) => boolean;
  /** What of the client's bytes goes on now; null ends the tunnel. Absent once nothing need be looked at. */
  readonly screen?: Screen;
  /** What goes on in place of a piece; null when nothing may any more. */
  readonly through?: (direction: 'up' | 'down', bytes: Buffer) => Promise<Uint8Array | null>;
}

export interface Screen {
  readonly done: boolean;
  pass(bytes: Buffer): Uint8Array | null;
}

/** How both sides of a tunnel fall silent. */
export function sealingOf(client: Duplex, upstream: Duplex): Sealing {
  return {
    queued: () => client.writableLength + upstream.writableLength,
    pause: () => {
      client.pause();
      upstream.pause();
    },
  };
}

/** Resolves once both sides are closed. Never rejects. */
export function relayTunnel(tunnel: Tunnel): Promise<CloseCause> {
  return new Promise((resolve) => {
    const { client, upstream, pump, through } = tunnel;
    let cause: CloseCause | null = null;
    let open = 2;
    const end = (why: CloseCause): void => {
      cause ??= why;
      client.destroy();
      upstream.destroy();
    };
    /** Of one side; `other` is the one that may still be open. */
    const closed = (other: Duplex): void => {
      open -= 1;
      if (open === 0) {
        pump?.release();
        tunnel.deadlines.delete(idle);
        resolve(cause ?? 'completed');
        return;
      }
      const ended = [client, upstream].filter(({ readableEnded }) => readableEnded).length;
      const last = () => end(ended > 0 ? 'completed' : 'client_closed');
      // What was said last may still be on its way to one that reads slowly.
      if (ended === 2 && other.writableLength > 0) other.once('finish', last);
      else last();
    };
    const idle = new Deadline(tunnel.idleMs, () => end('timeout'));
    const spend = (direction: 'up' | 'down', bytes: number): boolean => {
      idle.due = performance.now() + tunnel.idleMs;
      if (tunnel.spend(direction, bytes)) return true;
      end('budget');
      return false;
    };
    // Before the sides are looked at: where both are closed by now, it is over at once.
    tunnel.deadlines.add(idle);
    watch(client, { failed: () => end('client_closed'), closed: () => closed(upstream) });
    watch(upstream, { failed: () => end('upstream_error'), closed: () => closed(client) });
    if (through) {
      const blocked = () => {
        cause ??= 'guard_blocked';
        for (const side of [client, upstream]) afterItsLast(side);
      };
      moveThrough({ from: upstream, to: client, spend: (n) => spend('down', n), blocked }, (b) => through('down', b));
      moveThrough({ from: client, to: upstream, spend: (n) => spend('up', n), blocked }, (b) => through('up', b));
      return;
    }
    whenEnded(client, () => sayEnd(upstream));
    whenEnded(upstream, () => sayEnd(client));
    if (pump) pump.attach(upstream as Socket, client, (bytes) => spend('down', bytes));
    else move(upstream, client, (bytes) => spend('down', bytes));
    const { screen } = tunnel;
    if (screen)
      moveScreened(client, upstream, { screen, spend: (n) => spend('up', n), end: () => end('client_closed') });
    else move(client, upstream, (bytes) => spend('up', bytes));
  });
}

interface Watch {
  readonly failed: () => void;
  readonly closed: () => void;
}

function watch(socket: Duplex, { failed, closed }: Watch): void {
  socket.on('error', failed);
  if (socket.closed) closed();
  else socket.on('close', closed);
}

/** An origin may have ended its side before its tunnel began, and says so only once. */
function whenEnded(from: Duplex, ended: () => void): void {
  if (from.readableEnded) ended();
  else from.on('end', ended);
}

/** A side that has ended itself, and was told everything, is closed: on the wire that is the same, and one system call less. */
function sayEnd(side: Duplex): void {
  // TLS says its end in a record of its own.
  const closes = side instanceof Socket && !(side instanceof TLSSocket);
  if (closes && side.readableEnded && side.writableLength === 0) side.destroy();
  else side.end();
}

function move(from: Duplex, to: Duplex, spend: (bytes: number) => boolean): void {
  from.on('data', (chunk: Buffer) => {
    if (spend(chunk.length) && to.writable && !to.write(chunk)) from.pause();
  });
  to.on('drain', () => from.resume());
  from.resume();
}

interface Screened {
  readonly screen: Screen;
  readonly spend: (bytes: number) => boolean;
  readonly end: () => void;
}

function moveScreened(from: Duplex, to: Duplex, { screen, spend, end }: Screened): void {
  from.on('data', (chunk: Buffer) => {
    if (!spend(chunk.length)) return;
    const out = screen.done ? chunk : screen.pass(chunk);
    if (out === null) end();
    else if (out.length > 0 && to.writable && !to.write(out)) from.pause();
  });
  to.on('drain', () => from.resume());
  from.resume();
}

interface Way {
  readonly from: Duplex;
  readonly to: Duplex;
  readonly spend: (bytes: number) => boolean;
  readonly blocked: () => void;
}

/** One piece at a time, so that what takes long keeps its order; the end goes on behind the last piece. */
function moveThrough({ from, to, spend, blocked }: Way, through: (bytes: Buffer) => Promise<Uint8Array | null>): void {
  let last: Promise<void> = Promise.resolve();
  const pass = async (chunk: Buffer): Promise<void> => {
    const out = await through(chunk);
    if (out === null) {
      blocked();
      return;
    }
    if (out.length > 0 && to.writable && !to.write(out)) await drained(to);
    from.resume();
  };
  from.on('data', (chunk: Buffer) => {
    if (!spend(chunk.length)) return;
    from.pause();
    last = last.then(() => pass(chunk)).catch(blocked);
  });
  whenEnded(from, () => {
    last = last.then(() => void to.end());
  });
  from.resume();
}

/** Long enough for a last frame to leave; nobody can hold a cut flow open by not reading. */
const LAST_MS = 500;

function afterItsLast(side: Duplex): void {
  const timer = setTimeout(() => side.destroy(), LAST_MS);
  side.once('close', () => clearTimeout(timer));
  if (!side.writableEnded) side.end();
  if (side.writableFinished) side.destroy();
  else side.once('finish', () => side.destroy());
}
