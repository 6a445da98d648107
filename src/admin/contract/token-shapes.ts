/** The shapes of the admin API's own tokens. */

import { z } from 'zod';
import { at, changeBody, name } from './shapes.ts';

export const token = z.object({
  id: z.string(),
  name: z.string(),
  role: z.enum(['viewer', 'operator', 'security', 'auditor', 'admin']),
  created_at: at,
  expires_at: at.nullable(),
});

export const tokenOrder = z.strictObject({
  name: name.describe('who will use it; the actor in the record'),
  role: token.shape.role,
  ttl_ms: z.int().min(60_000).nullable().default(null),
  why: changeBody.shape.why,
});

export const madeToken = token.extend({ token: z.string().describe('shown once') });
