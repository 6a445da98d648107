/** What stands round the text of a body, and is undone for the guard: an encoding of all of it, or a binary format. */

import { setImmediate } from 'node:timers/promises';
import type { BodyStream } from './body-filter.ts';
import { type Encoded, encodedFilter, isIdentity, sniffedFilter } from './encoded-filter.ts';
import { framedFilter } from './framed/framed-filter.ts';
import { framingOf, mustFlow } from './framed/framing-of.ts';
import type { GuardContext } from './guard-context.ts';
import { mayPassUnread } from './judge.ts';

/** `open` makes the filter of the text, for this context. */
export function unpackingFilter(encoded: Encoded, open: (context: GuardContext) => BodyStream): BodyStream {
  const { context, max, hands } = encoded;
  const framing = framingOf(context.contentType, { most: max, isLeaving: context.direction === 'request' });
  // Where there are other hands, others wait for these.
  const options = { mayGiveUp: mayPassUnread(context), ...(hands && { pause: setImmediate }) };
  const plain = framing === null ? open(context) : framedFilter(open(toldIn(context)), { ...options, framing });
  if (!isIdentity(context.contentEncoding)) return encodedFilter(plain, encoded);
  const sniffs = framing === null && (context.direction === 'request' || context.sniff === true);
  return sniffs ? sniffedFilter(plain, encoded) : plain;
}

/** How a body is guarded that is told as lines of JSON, whatever their number. */
function toldIn(context: GuardContext): GuardContext {
  const letsLinesGo = mustFlow(context.contentType, context.direction);
  return { ...context, contentType: '', keepsLines: true, letsLinesGo, isLive: true };
}
