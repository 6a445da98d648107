/** Relays bytes both ways with half-close and back-pressure, until both sides are done, one breaks, or it is cut. */

import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { CloseCause } from '../core/event.ts';
import type { Pump } from './pump.ts';

export interface Tunnel {
  readonly client: Duplex;
  readonly upstream: Duplex;
  /** Null where the origin is read as an ordinary stream. */
  readonly pump: Pump | null;
  readonly idleMs: number;
  /** Told of every piece; false ends the tunnel for its budget. */
  readonly spend: (direction: 'up' | 'down', bytes: number) => boolean;
}

/** Resolves once both sides are closed. Never rejects. */
export function relayTunnel(tunnel: Tunnel): Promise<CloseCause> {
  return new Promise((resolve) => {
    const { client, upstream, pump } = tunnel;
    let cause: CloseCause | null = null;
    let open = 2;
    const end = (why: CloseCause): void => {
      cause ??= why;
      client.destroy();
      upstream.destroy();
    };
    const closed = (): void => {
      open -= 1;
      if (open > 0) {
        end(upstream.readableEnded || client.readableEnded ? 'completed' : 'client_closed');
        return;
      }
      pump?.release();
      resolve(cause ?? 'completed');
    };
    const spend = (direction: 'up' | 'down', bytes: number): boolean => {
      if (tunnel.spend(direction, bytes)) return true;
      end('budget');
      return false;
    };
    watch(client, () => end('client_closed'), closed);
    watch(upstream, () => end('upstream_error'), closed);
    (upstream as Partial<Socket>).setTimeout?.(tunnel.idleMs, () => end('timeout'));
    client.on('end', () => upstream.end());
    upstream.on('end', () => client.end());
    if (pump) pump.attach(upstream as Socket, client, (bytes) => spend('down', bytes));
    else move(upstream, client, (bytes) => spend('down', bytes));
    move(client, upstream, (bytes) => spend('up', bytes));
  });
}

function watch(socket: Duplex, failed: () => void, closed: () => void): void {
  socket.on('error', failed);
  if (socket.closed) closed();
  else socket.once('close', closed);
}

function move(from: Duplex, to: Duplex, spend: (bytes: number) => boolean): void {
  from.on('data', (chunk: Buffer) => {
    if (spend(chunk.length) && to.writable && !to.write(chunk)) from.pause();
  });
  to.on('drain', () => from.resume());
  from.resume();
}
