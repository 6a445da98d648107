/** HTTP/1.1 connections of one pass to one origin (T-25): the one used last is used first, and as many as are needed. */

import type { Socket } from 'node:net';
import type { Dispatcher } from 'undici';
import { Bag } from '../../core/bag.ts';
import type { Deadlines } from '../deadlines.ts';
import { Cutoff } from './cutoff.ts';
import { OriginConnection, type OriginPlace, type OriginTimes } from './origin-connection.ts';
import { type OriginAsk, OriginTurn } from './origin-turn.ts';

export interface OriginPoolOptions {
  readonly times: OriginTimes;
  readonly deadlines: Deadlines;
  /** A connection to the addresses that were checked for the exchange at hand. */
  readonly dial: (cutoff: Cutoff) => Promise<Socket>;
}

export class OriginPool implements OriginPlace {
  readonly times: OriginTimes;
  readonly deadlines: Deadlines;
  readonly #dial: OriginPoolOptions['dial'];
  readonly #idle: OriginConnection[] = [];
  readonly #all = new Bag<OriginConnection>();
  #closed = false;

  constructor({ times, deadlines, dial }: OriginPoolOptions) {
    this.times = times;
    this.deadlines = deadlines;
    this.#dial = dial;
  }

  /** `onResponseError` or `onResponseEnd` of the handler is called, once. `fresh`: on a connection of its own. */
  dispatch(ask: OriginAsk, handler: Dispatcher.DispatchHandler, fresh = false): void {
    const turn = new OriginTurn(ask, handler);
    turn.start();
    if (turn.over) return;
    const held = fresh ? null : this.#take();
    if (held === null) this.#connect(turn);
    else held.carry(turn);
  }

  #take(): OriginConnection | null {
    for (;;) {
      const held = this.#idle.pop();
      if (held === undefined) return null;
      if (held.usable) return held;
    }
  }

  free(connection: OriginConnection): void {
    if (this.#closed) connection.destroy();
    else this.#idle.push(connection);
  }

  gone(connection: OriginConnection): void {
    if (connection.place !== null) this.#all.remove(connection.place);
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
  }

  /** Exchanges in progress finish; nothing is kept behind them. */
  close(): void {
    this.#closed = true;
    for (const connection of [...this.#idle]) connection.destroy();
  }

  /** Ends everything now. */
  destroy(): void {
    this.#closed = true;
    for (const connection of this.#all.items()) connection.destroy();
  }

  #connect(turn: OriginTurn): void {
    const cutoff = new Cutoff();
    turn.carriedBy({
      abort: (error) => {
        turn.fail(error);
        cutoff.cut();
      },
      pause: () => undefined,
      resume: () => undefined,
    });
    this.#dial(cutoff).then(
      (socket) => this.#connected(turn, socket),
      (error: Error) => turn.fail(error),
    );
  }

  #connected(turn: OriginTurn, socket: Socket): void {
    const connection = new OriginConnection(socket, this);
    connection.place = this.#all.add(connection);
    if (!turn.over) connection.carry(turn);
    else if (this.#closed) connection.destroy();
    else connection.rest();
  }
}
