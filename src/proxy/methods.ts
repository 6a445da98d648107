/** The ways to write while pretending to read (T-30). */

import type { Allow } from '../core/decision.ts';
import { isReadMethod } from '../policy/bundle/read-equivalents.ts';
import type { Exchange } from './exchange.ts';

/** Fields by which frameworks let a request change its method; never relayed. Canonical, see `canonicalField`. */
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
  return ask.query !== '' && namesMethod(ask.query) ? 'method_in_query' : null;
}

/** Members of a query by which frameworks let it change its method, in the spellings that decode to them. */
const OVERRIDE_MEMBERS = new Set([
  '_method',
  '_httpmethod',
  ...[...OVERRIDE_FIELDS].map((name) => name.replaceAll('-', '_')),
]);

/** As PHP reads names, which is the widest: blanks before them go, dots and blanks are underscores, `a[]` is `a`. */
function namesMethod(query: string): boolean {
  if (!/method|%/i.test(query)) return false;
  return query.split(/[&;]/).some((pair) => {
    const [raw = ''] = pair.split('=', 1);
    const name = decoded(raw)
      .toLowerCase()
      .replace(/^ +/, '')
      .replace(/(?!^)\[.*$/, '')
      .replace(/[-. [+]/g, '_');
    return OVERRIDE_MEMBERS.has(name);
  });
}

function decoded(text: string): string {
  const spaced = text.replaceAll('+', ' ');
  try {
    return decodeURIComponent(spaced);
  } catch {
    // Not UTF-8: byte by byte, as servers do that do not care.
    return spaced.replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  }
}

export function grantsWrites(exchange: Exchange, decision: Allow): boolean {
  if (decision.capability === null) return decision.reason === 'host_override_allow';
  const capability = exchange.snapshot.bundle.capabilities.get(decision.capability);
  return capability?.grants.some((g) => g.id === decision.rule?.id && g.methods === 'write') ?? false;
}
