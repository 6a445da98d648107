/** URLs of requests and responses: an isolate has no address of its own, unless tool code gives itself a `location`. */

import { URL } from './url.ts';

export function resolvedUrl(input: unknown): URL {
  const { location } = globalThis as { location?: { href?: unknown } };
  const base = typeof location === 'object' && location !== null ? location.href : undefined;
  return new URL(input, typeof base === 'string' ? base : undefined);
}
