/**
 * Ends flows at the instant at which their allow, or the wall time of their task, ends by itself. Most flows are over long before: one that ends in more
 * than a minute stands in a set and costs no timer; a look at the set twice a minute gives the others theirs. A clock that is
 * set back gives no flow more time than it was allowed.
 */

import { Bag, type Seat } from '../core/bag.ts';
import { factParts } from '../core/fact.ts';
import type { Clock } from '../core/ports.ts';
import type { Exchange } from './exchange.ts';

/** Up to this long ahead, a flow has a timer of its own. */
const NEAR_MS = 60_000;
const LOOK_MS = 30_000;

/** A flow that will be ended. */
export interface Ending {
  readonly exchange: Exchange;
  readonly clock: Clock;
  /** Epoch ms. */
  readonly at: number;
  /** The same on the clock that is never set. */
  readonly latest: number;
  /** What is over then. */
  readonly by: 'allow' | 'wall';
  timer: NodeJS.Timeout | null;
  /** While it has no timer. */
  seat: Seat<Ending> | null;
}

export class Endings {
  readonly #far = new Bag<Ending>();
  #look: NodeJS.Timeout | null = null;

  /** Null when the time is over already. */
  add(clock: Clock, exchange: Exchange): Ending | null {
    const now = clock.now();
    const until = exchange.allowed?.until ?? 0;
    if (until <= now) return null;
    const at = Math.min(until, exchange.wallEnd);
    const latest = clock.monotonic() + (at - now);
    const ending: Ending = { exchange, clock, at, latest, by: at < until ? 'wall' : 'allow', timer: null, seat: null };
    if (at - now > NEAR_MS) this.#wait(ending);
    else arm(ending, Math.max(0, at - now));
    return ending;
  }

  delete(ending: Ending): void {
    if (ending.timer !== null) clearTimeout(ending.timer);
    else if (ending.seat !== null) this.#far.remove(ending.seat);
  }

  #wait(ending: Ending): void {
    ending.seat = this.#far.add(ending);
    if (this.#look !== null) return;
    this.#look = setInterval(() => this.#lookAtAll(), LOOK_MS);
    this.#look.unref();
  }

  #lookAtAll(): void {
    for (const ending of this.#far.items()) {
      const left = Math.min(ending.at - ending.clock.now(), ending.latest - ending.clock.monotonic());
      if (left > NEAR_MS) continue;
      if (ending.seat !== null) this.#far.remove(ending.seat);
      arm(ending, Math.max(0, left));
    }
    if (this.#far.size > 0 || this.#look === null) return;
    clearInterval(this.#look);
    this.#look = null;
  }
}

function arm(ending: Ending, left: number): void {
  ending.timer = setTimeout(() => over(ending), left);
  ending.timer.unref();
}

function over({ exchange, by, at }: Ending): void {
  const leave = by === 'allow' ? leaveOf(exchange, at) : null;
  if (by === 'wall') exchange.end('budget', 'budget_wall');
  else if (leave !== null) exchange.cut(leave);
  else exchange.end('lease_ended', 'pass_expired');
}

/** The change whose time was over before that of the pass: it said itself until when. Null where it is the pass that ended. */
function leaveOf({ principal, allowed }: Exchange, at: number): string | null {
  if (principal === null || principal.expiresAt <= at) return null;
  for (const one of allowed?.facts ?? []) {
    const { kind, value } = factParts(one);
    if (kind === 'controls') return value;
  }
  return null;
}
