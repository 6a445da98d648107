/** HTTP/1.x connections, at the doors and inside inspected TLS. */

import type { Duplex } from 'node:stream';
import { Bag } from '../../core/bag.ts';
import type { Door } from '../../core/event.ts';
import { Deadlines } from '../deadlines.ts';
import type { Gate } from '../gate.ts';
import { ConnectHeads } from './connect-heads.ts';
import { type ConnectionParts, Http1Connection, type Walk } from './http1-connection.ts';
import type { Inner } from './inner.ts';

export interface Http1Options {
  readonly gate: Gate;
  readonly walk: Walk;
  readonly onConnect: ConnectionParts['onConnect'];
}

export class Http1Server {
  readonly #connections = new Bag<Http1Connection>();
  readonly #parts: ConnectionParts;

  constructor({ gate, walk, onConnect }: Http1Options) {
    const seconds = Math.floor(gate.settings.keepAliveMs / 1000);
    this.#parts = {
      gate,
      walk,
      onConnect,
      deadlines: new Deadlines(),
      connects: new ConnectHeads(gate.settings.maxHeadBytes),
      keepLine: `Connection: keep-alive\r\nKeep-Alive: timeout=${seconds}\r\n`,
      left: ({ place }) => void (place !== null && this.#connections.remove(place)),
    };
  }

  /** Takes over a connection; bytes that were read ahead stand in its buffer. */
  serve(socket: Duplex, door: Door, inner: Inner | null): void {
    const connection = new Http1Connection(this.#parts, { socket, door, inner });
    if (!socket.destroyed) connection.place = this.#connections.add(connection);
  }

  close(): void {
    for (const connection of this.#connections.items()) connection.destroy();
  }
}
