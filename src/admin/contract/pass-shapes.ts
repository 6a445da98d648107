/** The shapes of passes: asked for, issued, looked at. */

import { z } from 'zod';
import { at, changeBody, label } from './shapes.ts';

export const passOrder = z.strictObject({
  tenant: label,
  class: label.nullable().default(null).describe('null: the default class of the policy'),
  profile: label.nullable().default(null),
  risk: z.int().min(0).max(100).default(0),
  ttl_ms: z.int().min(1000).max(86_400_000).nullable().default(null),
  task: label.nullable().default(null),
  source: z.string().max(60).nullable().default(null).describe('address or prefix that the pass may be used from'),
  why: changeBody.shape.why.nullable().default(null),
});

export const issuedPass = z.object({
  token: z.string().describe('shown once; never logged'),
  pass: z.string(),
  task: z.string(),
  tenant: z.string(),
  class: z.string(),
  profile: z.string(),
  capabilities: z.array(z.string()),
  expires_at: at,
  proxy_url: z.string().describe('`http://<task>:<token>@host:port`'),
  socks_url: z
    .string()
    .nullable()
    .describe('`socks5h://<task>:<reference>@host:port`; null when that door is closed; ends with the process'),
});

export const inspectedPass = z.object({
  valid: z.boolean(),
  problem: z.string().nullable(),
  pass: z.string().nullable(),
  task: z.string().nullable(),
  tenant: z.string().nullable(),
  class: z.string().nullable(),
  profile: z.string().nullable(),
  risk: z.int().nullable(),
  capabilities: z.array(z.string()),
  expires_at: at.nullable(),
});
