/** What a host says, read as hostile: every message is checked before it is believed, and bounded. */

import { z } from 'zod';
import { HOST_ENDINGS, LIMITS } from './host/protocol.ts';

const text = (max: number) => z.string().max(max);
const amount = z.number().min(0).max(Number.MAX_SAFE_INTEGER);

const fault = z.strictObject({
  name: text(LIMITS.message),
  message: text(LIMITS.message),
  stack: text(LIMITS.stack),
  code: text(100).nullable(),
});

const boots = z.array(amount).max(10_000);
const hello = z.strictObject({ boot_ms: boots, snapshot_ms: amount, isolate_bytes: amount });

const started = z.strictObject({ boot_ms: amount, hit: z.boolean(), boots });

const done = z.strictObject({
  status: z.enum(HOST_ENDINGS),
  result: z.string().nullable(),
  error: fault.nullable(),
  cpu_ms: amount,
  peak_memory_bytes: amount,
  doomed: z.boolean(),
  started: started.nullable(),
});

const log = z.strictObject({ level: text(10), text: text(LIMITS.logLine) });

const call = z.object({ op: text(100), args: z.unknown().optional() });

/** Each throws when the text is anything else: then the host broke the protocol. */
export const hostMessage = {
  hello: (json: string) => hello.parse(JSON.parse(json)),
  started: (json: string) => started.parse(JSON.parse(json)),
  done: (json: string) => done.parse(JSON.parse(json)),
  log: (json: string) => log.parse(JSON.parse(json)),
  call: (json: string) => call.parse(JSON.parse(json)),
};
