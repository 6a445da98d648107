/** Keys of the second stage of the guard (`guard.second_stage`). */

import { z } from 'zod';
import { integer, text } from './schema-kinds.ts';

const rule = z
  .strictObject({
    match: text.describe('rule id or info type whose uncertain spans may be sent'),
    types: z.array(text).min(1, 'must name one at least').describe('Google’s info types that it may be'),
    failure: z
      .enum(['open', 'closed'])
      .default('open')
      .describe('without an answer: `open` lets the span through, `closed` acts as if it was confirmed'),
  })
  .describe('spans that may be sent');

export const secondStage = z
  .strictObject({
    project: text.describe('Google Cloud project that is asked and billed'),
    location: text.default('global').describe('region that processes the spans'),
    endpoint: text.optional().describe('host of the API, such as a private endpoint; default: Google’s'),
    rules: z.array(rule).min(1, 'must name one at least').describe('what may be sent; nothing else is'),
    deadline_ms: integer(10, 60_000, 800).describe('longest that an answer is waited for'),
    concurrency: integer(1, 64, 4).describe('calls at once'),
    batch_items: integer(1, 1000, 100).describe('most spans in one call'),
    batch_bytes: integer(256, 262_144, 65_536).describe('most bytes in one call; a longer span is not sent'),
    daily_bytes: integer(0, 1_000_000_000_000, 10_000_000).describe('bytes that may be sent in a UTC day'),
    breaker_failures: integer(1, 1000, 5).describe('failed calls in a row after which nothing is asked for a while'),
    breaker_pause_ms: integer(100, 3_600_000, 30_000).describe('how long; then one call is tried'),
    cache_entries: integer(0, 1_000_000, 10_000).describe('answers kept, by keyed digest'),
    cache_ttl_ms: integer(1000, 86_400_000, 3_600_000).describe('how long an answer is kept'),
  })
  .describe('asks Google Cloud DLP about uncertain spans; needs the package `@google-cloud/dlp`; see docs/guard.md');
