/** An origin's fields as undici hands them over: a flat list from HTTP/1.1, an object from h2. */

import type { Dispatcher } from 'undici';
import { pairs } from './fields.ts';

export function headerPairs(raw: Dispatcher.DispatchController['rawHeaders']): [string, string][] {
  if (!raw) return [];
  if (Array.isArray(raw)) return pairs(raw.map((part) => (typeof part === 'string' ? part : part.toString('latin1'))));
  const out: [string, string][] = [];
  for (const [name, value] of Object.entries(raw)) {
    if (name.startsWith(':') || value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) out.push([name, one]);
  }
  return out;
}
