/**
 * The egress walk: every exchange of every door, malformed ones included, passes here once and leaves by one exit.
 *
 * INVARIANT: one exchange, one decision record. INVARIANT: the record of an allow is durable before any byte (and any
 * DNS query of a denied name) leaves. INVARIANT: whatever throws, known or not, is a denial and a record.
 */

import type { Exchange, Order } from './exchange.ts';
import type { Gate } from './gate.ts';
import { refusalOf } from './refusal.ts';
import {
  closeOff,
  decideByAddress,
  decideByName,
  hold,
  identify,
  openExchange,
  recordAllow,
  refuse,
  resolve,
  scanRequest,
  screen,
  spend,
} from './stops.ts';

/** Resolves when the exchange is over and recorded. Never rejects. */
export async function handle(gate: Gate, order: Order): Promise<void> {
  const exchange: Exchange = openExchange(gate, order);
  try {
    // What is known already is answered without a wait: each costs a turn of the microtask queue.
    const identified = identify(gate, exchange);
    if (identified !== undefined) await identified;
    screen(gate, exchange);
    decideByName(gate, exchange);
    const spent = spend(gate, exchange);
    if (spent !== undefined) await spent;
    const resolved = resolve(gate, exchange);
    if (resolved !== undefined) await resolved;
    decideByAddress(gate, exchange);
    const scanned = scanRequest(gate, exchange);
    if (scanned !== undefined) await scanned;
    await recordAllow(gate, exchange);
    const held = hold(gate, exchange);
    const lease = held instanceof Promise ? await held : held;
    try {
      await order.relay(exchange);
    } finally {
      lease.release();
    }
  } catch (error) {
    await refuse(gate, exchange, refusalOf(error));
  } finally {
    await closeOff(gate, exchange);
  }
}
