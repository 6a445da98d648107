/** The ways to write while pretending to read (T-30). */

import type { Allow } from '../core/decision.ts';
import { isReadMethod } from '../policy/read-equivalents.ts';
import type { Exchange } from './exchange.ts';

/** Fields by which frameworks let a request change its method; never relayed. */
export const OVERRIDE_FIELDS: ReadonlySet<string> = new Set([
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
]);

/** A word when a read request carries what only a write may: a body, or a method in its query. Null when it is clean. */
export function writesWhileReading(exchange: Exchange, decision: Allow): string | null {
  const { ask } = exchange.order;
  if (!isReadMethod(ask.method) || grantsWrites(exchange, decision)) return null;
  if (ask.hasBody) return 'body_on_read';
  return /(?:^|[&;])_method=/i.test(ask.query) ? 'method_in_query' : null;
}

function grantsWrites(exchange: Exchange, decision: Allow): boolean {
  if (decision.capability === null) return decision.reason === 'host_override_allow';
  const capability = exchange.snapshot.bundle.capabilities.get(decision.capability);
  return capability?.grants.some((g) => g.id === decision.rule?.id && g.methods === 'write') ?? false;
}
