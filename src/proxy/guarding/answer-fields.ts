/** Fields and trailers of an origin's answer on their way to the client: scrubbed, and through the guard (T-36). */

import { LRUCache } from 'lru-cache';
import { whyBlocked } from '../../guard/judge.ts';
import type { Exchange } from '../exchange.ts';
import type { Gate } from '../gate.ts';
import { Refusal } from '../refusal.ts';
import { guardContext, recordVerdict } from './scan-outbound.ts';

type Fields = readonly (readonly [string, string])[];

export interface AnswerFields {
  readonly fields: Fields;
  /** Of what was found; waited for before the answer ends. Null where there is nothing to record. */
  readonly recorded: Promise<void> | null;
}

/**
 * Not searched: what says how the answer is to be read, and what is the client's with this origin alone and would be worthless
 * if it were changed: cookies, addresses with a signature, challenges; nor what is another in each answer and names it alone.
 */
const LEFT =
  /^(?:set-cookie2?|(?:content-)?location|link|refresh|etag|(?:www-authenticate|authentication-info)|date|age|expires|last-modified|cache-control|vary|pragma|allow|retry-after|accept-ranges|content-(?:type|length|encoding|range|language|md5|digest)|(?:repr-)?digest|transfer-encoding|strict-transport-security|content-security-policy(?:-report-only)?|permissions-policy|referrer-policy|cross-origin-[a-z-]+|access-control-[a-z-]+|report-to|reporting-endpoints|nel|x-(?:content-type|frame|download)-options|x-xss-protection|sec-websocket-[a-z]+|(?:x-)?(?:[a-z0-9]+-)?(?:request|trace|correlation|transaction)-?id|x-amz-(?:id-2|cf-id)|cf-ray|x-timer|server-timing|traceparent)$/i;
/** Nothing that a rule looks for in fields is shorter. */
const SHORTEST = 12;
/** Numbers, dates and digests: no rule knows one without its name. */
const PLAIN = /^[0-9a-f:.,; +-]*$/i;
/** What was found of names, of which there are few. */
const known = new LRUCache<string, boolean>({ max: 1024 });

function isSearched([name, value]: Fields[number]): boolean {
  if (value.length < SHORTEST) return false;
  let left = known.get(name);
  if (left === undefined) {
    left = LEFT.test(name);
    known.set(name, left);
  }
  return !left && !PLAIN.test(value);
}

/** Throws a `Refusal` where something was found that may not pass at all. */
export function answerFields(gate: Gate, exchange: Exchange, fields: Fields): AnswerFields {
  const guard = gate.guard();
  const context = guardContext(exchange, 'result', { contentType: '', contentEncoding: '' });
  const looked = fields.filter(isSearched);
  if (guard === null || context === null || looked.length === 0) return { fields, recorded: null };
  const { fields: left, verdict } = guard.fields(looked, context);
  if (verdict === null) return { fields, recorded: null };
  const recorded = recordVerdict(gate, exchange, { direction: 'result', verdict, bytes: 0 });
  recorded.catch(() => undefined);
  if (verdict.action === 'block') throw new Refusal(whyBlocked(verdict), 'response_head');
  const changed = new Map(looked.map((field, i) => [field, left[i] ?? field] as const));
  return { fields: fields.map((field) => changed.get(field) ?? field), recorded };
}
