/** The shapes of what the admin API says of the record: proofs, keys, verification, retention. */

import { z } from 'zod';
import { at } from './shapes.ts';

export const verified = z.object({
  ok: z.boolean(),
  fault: z.unknown().describe('the first bad entry and why; null when everything verifies'),
  size: z.int().describe('entries under the published checkpoint'),
  journalled: z.int().describe('entries beyond it, each under a checkpoint of its own'),
  checked: z.int(),
  first_kept: z.int(),
  bytes: z.int(),
  root: z.string().nullable().describe('base64'),
  checkpoints: z.int().describe('signed checkpoints that were verified'),
  witnesses: z.array(z.string()),
  took_ms: z.number(),
});

export const checkpoint = z.object({
  note: z.string().describe('signed note (C2SP)'),
  size: z.int(),
  root: z.string().describe('base64'),
});

export const inclusionProof = z.object({
  seq: z.int(),
  entry: z.string().describe('the entry, byte for byte'),
  proof: z.array(z.string()).describe('base64 hashes from the sibling of the leaf upwards'),
  checkpoint: z.string().describe('signed note of the checkpoint that the proof leads to'),
});

export const logKeys = z.object({
  origin: z.string().describe('the name of the log in its checkpoints'),
  overlap_days: z.number().describe('`audit.key_overlap_days`: how long an old key signs beside a new one'),
  keys: z.array(
    z.object({
      key: z.string().describe('verifier key, for `audit verify`'),
      made_at: at,
      signs: z.boolean().describe('whether a checkpoint made now bears its signature'),
      until: at.nullable().describe('when it stops signing; null for the newest, and for one that has stopped'),
    }),
  ),
});

export const retention = z.object({
  retention_days: z.number().describe('`audit.retention_days`: after them, whole sealed segments may go'),
  seal_after_days: z.number(),
  first_kept: z.int(),
  size: z.int(),
  would_remove: z
    .int()
    .describe('entries that a removal by `older_than_days`, else by the configured days, would take away now'),
});

export const pruned = z.object({
  sealed: z.int().describe('segments compressed'),
  removed: z.int().describe('entries removed'),
  first_kept: z.int(),
});
