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
    await identify(gate, exchange);
    screen(gate, exchange);
    decideByName(gate, exchange);
    await spend(gate, exchange);
    await resolve(gate, exchange);
    decideByAddress(gate, exchange);
    await scanRequest(gate, exchange);
    const lease = await recordAllow(gate, exchange).then(() => hold(gate, exchange));
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
