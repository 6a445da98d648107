/**
 * Dials checked addresses only, by happy eyeballs (RFC 8305): families in turn, a new attempt every 250 ms or at once
 * when one fails, the first connection wins. A name never reaches this file, so nothing is resolved twice (T-20).
 */

import { connect, type Socket } from 'node:net';
import { Deadline, type Deadlines } from '../deadlines.ts';
import { letGo } from '../let-go.ts';
import { Refusal } from '../refusal.ts';
import { Pump } from '../relay/pump.ts';
import type { Cutoff } from './cutoff.ts';

export interface DialOrder {
  /** Canonical text of addresses that passed the check. */
  readonly addresses: readonly string[];
  readonly port: number;
  readonly timeoutMs: number;
  readonly deadlines: Deadlines;
  readonly cutoff: Cutoff | null;
  /** The socket's bytes are moved by a `Pump`, of which this is told. */
  readonly pumped?: ((pump: Pump) => void) | undefined;
}

const ATTEMPT_DELAY_MS = 250;

export function dial(order: DialOrder): Promise<Socket> {
  return new Promise((resolve, reject) => {
    new Race(order, resolve, reject).start();
  });
}

/** IPv6 and IPv4 in turn, in the resolver's order within a family. */
export function interleave(addresses: readonly string[]): string[] {
  const six = addresses.filter((a) => a.includes(':'));
  const four = addresses.filter((a) => !a.includes(':'));
  const out: string[] = [];
  for (let i = 0; i < Math.max(six.length, four.length); i += 1) {
    for (const family of [six, four]) {
      const address = family[i];
      if (address !== undefined) out.push(address);
    }
  }
  return out;
}

class Race {
  readonly #order: DialOrder;
  readonly #resolve: (socket: Socket) => void;
  readonly #reject: (error: Refusal) => void;
  readonly #left: string[];
  readonly #trying = new Set<Socket>();
  #done = false;
  #next: NodeJS.Timeout | undefined;
  readonly #deadline: Deadline;
  #problem: Refusal | null = null;

  constructor(order: DialOrder, resolve: (socket: Socket) => void, reject: (error: Refusal) => void) {
    this.#order = order;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#left = order.addresses.length > 1 ? interleave(order.addresses) : [...order.addresses];
    this.#deadline = new Deadline(order.timeoutMs, () => this.#fail(new Refusal('upstream_timeout', 'connect')));
  }

  start(): void {
    const { cutoff, deadlines } = this.#order;
    if (cutoff?.isCut) {
      this.#fail(new Refusal('lease_ended'));
      return;
    }
    cutoff?.tell(this.#aborted);
    deadlines.add(this.#deadline);
    this.#attempt();
  }

  readonly #aborted = (): void => this.#fail(new Refusal('lease_ended'));

  #attempt(): void {
    clearTimeout(this.#next);
    const address = this.#left.shift();
    if (address === undefined) {
      if (this.#trying.size === 0) this.#fail(this.#problem ?? new Refusal('upstream_refused', 'no_address'));
      return;
    }
    const pump = this.#order.pumped ? new Pump() : null;
    const socket = connect({
      host: address,
      port: this.#order.port,
      noDelay: true,
      allowHalfOpen: true,
      ...(pump ? { onread: pump.onread } : {}),
    });
    letGo(socket);
    this.#trying.add(socket);
    const lost = (error: NodeJS.ErrnoException): void => this.#lose(socket, error);
    // Both come once. And each is taken off by itself: `removeAllListeners` of one event makes all others of a socket slow.
    socket.on('error', lost).on('connect', () => {
      socket.off('error', lost);
      this.#win(socket, pump);
    });
    if (this.#left.length > 0) this.#next = setTimeout(() => this.#attempt(), ATTEMPT_DELAY_MS);
  }

  #lose(socket: Socket, error: NodeJS.ErrnoException): void {
    if (!this.#trying.delete(socket) || this.#done) return;
    this.#problem = dialProblem(error);
    this.#attempt();
  }

  #win(socket: Socket, pump: Pump | null): void {
    if (this.#done) {
      socket.destroy();
      return;
    }
    this.#trying.delete(socket);
    this.#finish();
    if (pump !== null) this.#order.pumped?.(pump);
    this.#resolve(socket);
  }

  #fail(problem: Refusal): void {
    if (this.#done) return;
    this.#finish();
    this.#reject(problem);
  }

  #finish(): void {
    this.#done = true;
    clearTimeout(this.#next);
    this.#order.deadlines.delete(this.#deadline);
    this.#order.cutoff?.tell(null);
    for (const socket of this.#trying) socket.destroy();
  }
}

function dialProblem(error: NodeJS.ErrnoException): Refusal {
  switch (error.code) {
    case 'ETIMEDOUT':
      return new Refusal('upstream_timeout', 'connect');
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return new Refusal('upstream_refused', 'unreachable');
    default:
      return new Refusal('upstream_refused', 'connect');
  }
}
