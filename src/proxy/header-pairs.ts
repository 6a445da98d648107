/** An origin's fields as transports hand them over: pairs from our own, from undici a flat list for HTTP/1.1 and an object for h2. */

import type { Dispatcher } from 'undici';
import type { HeaderList } from './exchange.ts';
import { pairs } from './fields.ts';

export function headerPairs(raw: Dispatcher.DispatchController['rawHeaders']): HeaderList {
  if (!raw) return [];
  // Our own transport has pairs already.
  if (Array.isArray(raw) && Array.isArray(raw[0])) return raw as never;
  if (Array.isArray(raw)) return pairs(raw.map((part) => (typeof part === 'string' ? part : part.toString('latin1'))));
  const out: [string, string][] = [];
  for (const [name, value] of Object.entries(raw)) {
    if (name.startsWith(':') || value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) out.push([name, one]);
  }
  return out;
}
