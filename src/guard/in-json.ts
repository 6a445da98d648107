/** What takes the place of a value of JSON, so that JSON it stays. */

import type { JsonKind } from '../dlp/json-tracker.ts';
import { bareJsonValue, innerQuote } from '../dlp/transform.ts';

export interface Put {
  readonly start: number;
  readonly end: number;
  readonly bytes: Uint8Array;
}

/** In quotes, with the whole of its value, where there would be no JSON without them; null where it stands as it is. */
export function inJson(view: Buffer, { start, end, bytes }: Put, kind: JsonKind): Put | null {
  const inner = kind === 'string' ? innerQuote(view, start, end) : null;
  if (inner !== null) return { start, end, bytes: inQuotes(bytes, inner) };
  if (kind !== 'bare') return null;
  const value = bareJsonValue(view, start, end);
  return value && { start: value[0], end: value[1], bytes: inQuotes(bytes, '"') };
}

function inQuotes(bytes: Uint8Array, quote: string): Buffer {
  return Buffer.concat([Buffer.from(quote), bytes, Buffer.from(quote)]);
}
