/** What a decision lets a request do. */

import type { Allow } from '../core/decision.ts';
import type { Exchange } from './exchange.ts';

export function grantsWrites(exchange: Exchange, decision: Allow): boolean {
  if (decision.capability === null) return decision.reason === 'host_override_allow';
  const capability = exchange.snapshot.bundle.capabilities.get(decision.capability);
  return capability?.grants.some((g) => g.id === decision.rule?.id && g.methods === 'write') ?? false;
}
