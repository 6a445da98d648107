/** The gateway API as schemas: what validates requests is what the OpenAPI document says. */

import { z } from 'zod';
import { TASK_STATUSES } from '../core/event.ts';
import { GUARD_ACTIONS, LIKELIHOODS } from '../core/finding.ts';
import { parseCidr, parseIp } from '../core/ip-address.ts';
import { TENANT_LETTERS, TENANT_NAME } from '../core/tenant-name.ts';
import { anyJson, jsonText } from './json-value.ts';

// Without flags: a pattern of JSON Schema has none.
const tenant = z.string().regex(TENANT_NAME, `must be ${TENANT_LETTERS}`);
const name = z.string().min(1).max(100);
export const taskId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/);
const risk = z.int().min(0).max(100);
const positive = z.int().min(1).max(Number.MAX_SAFE_INTEGER);

/** Who it is for; the caller's own tenant when absent. */
const whose = {
  tenant: tenant.optional().describe('only for callers that speak for several tenants'),
  class: name.optional().describe('request class; the bundle names a default'),
  profile: name.optional().describe('one of the profiles that the class offers'),
  risk: risk.default(0).describe("the caller's own score, 0 (none) to 100"),
};

export const taskOrder = z.strictObject({
  ...whose,
  code: z
    .string()
    .min(1)
    .max(1024 * 1024)
    .describe('`export default async (input, env) => …`'),
  language: z
    .enum(['js', 'ts', 'javascript', 'typescript'])
    .default('js')
    .transform((l): 'js' | 'ts' => (l.startsWith('t') ? 'ts' : 'js')),
  input: jsonText.optional().meta({ default: null, description: 'any JSON; the first argument' }),
  limits: z
    .strictObject({
      wall_ms: positive.optional(),
      cpu_ms: positive.optional(),
      memory_mb: positive.optional().describe('fewer than 8 are 8'),
      output_bytes: positive.optional(),
    })
    .default({})
    .describe('lower than what the profile gives; never higher'),
  stream: z
    .boolean()
    .default(false)
    .describe('answer with server-sent events: `log` lines, `progress` values and `part`s of a result, then `result`'),
  task: taskId.optional().describe('an id of your own'),
});
export type TaskBody = z.output<typeof taskOrder>;

export const passOrder = z.strictObject({
  ...whose,
  task: taskId.optional(),
  ttl_ms: z
    .int()
    .min(1000)
    .optional()
    .describe('life of the pass; more than `passes.max_ttl_ms` (an hour by default) is cut to it: see `expires_at`'),
  source: z
    .string()
    .max(60, { abort: true })
    .refine((text) => parseIp(text) !== null || parseCidr(text) !== null, {
      error: 'is no address; write for example `10.1.2.3` or `10.1.0.0/16`',
    })
    .optional()
    .describe('address or prefix that the pass may be used from'),
});

export const guardSettings = z.strictObject({
  direction: z.enum(['result', 'request']).default('result'),
  profile: name.optional().describe('whose guard settings; default: the profile of the default class'),
  tenant: tenant.optional(),
  tool: name.optional(),
  host: z.string().max(253).default(''),
});
export type GuardQuery = z.output<typeof guardSettings>;

const GUARDED = ['text', 'json', 'bytes'] as const;
export const guardOrder = z
  .strictObject({
    ...guardSettings.shape,
    text: z.string().optional(),
    json: jsonText.optional(),
    bytes: z.base64().optional().describe('base64'),
  })
  .refine((order) => GUARDED.filter((part) => order[part] !== undefined).length === 1, {
    error: 'give one of `text`, `json` and `bytes`',
  })
  .meta({ oneOf: GUARDED.map((part) => ({ required: [part] })) });

const finding = z.object({
  rule: z.string(),
  info_type: z.string(),
  likelihood: z.enum(LIKELIHOODS),
  start: z.int(),
  end: z.int(),
  action: z.enum(GUARD_ACTIONS),
  fingerprint: z.string(),
  path: z.string().nullable(),
});

const guardVerdict = z.object({
  action: z.enum(['pass', 'redact', 'block']),
  findings: z.array(finding),
  more: z.int(),
  second_stage: z
    .enum(['asked', 'not_asked'])
    .optional()
    .describe('only where something was uncertain that another inspector may be asked about'),
  unread: z
    .literal(true)
    .optional()
    .describe(
      'only where not all could be looked at: it cannot be decoded, or more is encoded in it than is looked into',
    ),
});

export const guardAnswer = guardVerdict.extend({
  text: z.string().optional(),
  json: anyJson.optional(),
  bytes: z.string().optional(),
});

const usage = z.object({
  boot_ms: z.number(),
  cpu_ms: z.number(),
  wall_ms: z.number(),
  peak_memory_bytes: z.number(),
  requests: z.int(),
  bytes: z.int(),
});

export const taskReport = z.object({
  task: z.string(),
  tenant: z.string(),
  class: z.string(),
  profile: z.string(),
  status: z.enum([...TASK_STATUSES, 'running']),
  result: anyJson.describe('null unless completed'),
  error: z.object({ name: z.string(), message: z.string(), stack: z.string(), code: z.string().nullable() }).nullable(),
  guard: guardVerdict,
  usage,
  logs: z.array(z.object({ level: z.string(), text: z.string() })),
  decisions: z.array(z.string()).describe('ids of the decisions that its requests led to'),
  wall: z.string().describe('which wall stood round its host'),
});
export type TaskReport = z.output<typeof taskReport>;

export const killAnswer = z.object({ task: z.string(), status: z.string() });

export const passAnswer = z.object({
  task: z.string(),
  tenant: z.string(),
  pass: z.string().describe('id of the pass, for its revocation'),
  token: z.string(),
  class: z.string(),
  profile: z.string(),
  risk: z.int(),
  capabilities: z.array(z.string()),
  expires_at: z.iso.datetime(),
});

export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string(),
  task: z.string().optional(),
});
