/** What the admin API says of forwarding. */

import { z } from 'zod';

const failure = z.object({ time: z.string(), cause: z.string(), message: z.string() });

const receiver = z.object({
  name: z.string(),
  kind: z.enum(['syslog', 'otlp', 'webhook']),
  to: z.string().describe('scheme, host and port'),
  state: z.enum(['current', 'sending', 'failing']).describe('`failing`: the last try failed, and it is tried again'),
  next: z.int().describe('sequence of the first entry that is not acknowledged'),
  lag_entries: z.int().describe('published entries that are not acknowledged'),
  lag_seconds: z.number().describe('age of the oldest of them'),
  delivered: z.int().describe('entries acknowledged since the start'),
  lost: z.int().describe('entries since the start that it will never get'),
  failures: z.int().describe('failed tries since the start'),
  last_failure: failure.nullable(),
  acknowledged: z.string().nullable().describe('when it acknowledged last'),
});

export const forwarding = z.object({ size: z.int().describe('entries in the log'), receivers: z.array(receiver) });
