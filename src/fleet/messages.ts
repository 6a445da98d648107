/** The bodies of what nodes of a fleet say, and where each is said. */

import { z } from 'zod';
import { controlsSchema } from '../control/controls-document.ts';

const label = z.string().min(1).max(200);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().min(0);
/** Of the hub's life: a new one begins where its state was lost. */
export const epochSchema = z.string().regex(/^[0-9A-Za-z]{26}$/);
/** Of one run of a member's process: two that run with one key are told apart by it. Members of before have none. */
const run = z
  .string()
  .regex(/^[0-9a-f]{32}$/)
  .optional();
const position = { fleet: label, epoch: epochSchema, sequence: count };

const archive = z.strictObject({ digest: sha256, bytes: count });

/** The hub's latest change, so that members record who did it and why. */
const cause = z.strictObject({
  change: label,
  action: z.looseObject({ do: z.string() }),
  by: z.string(),
  why: z.string(),
  until: z.int().nullable(),
  automatic: z.boolean(),
  approved_by: z.string().nullable(),
});

/** All that a member follows. */
export const orderSchema = z.strictObject({
  ...position,
  /** Name of the hub. */
  node: label,
  /** Epoch ms, by the hub's clock. */
  issued: z.int(),
  controls: controlsSchema,
  cause: cause.nullable(),
  /** Files that people edit, and what came of them at the hub. */
  policy: z.strictObject({
    files: archive,
    imports: archive.nullable(),
    bundle: sha256,
    categories: label,
    rules: label,
  }),
  /** Public keys (raw Ed25519, base64) that passes of the hub are verified with, newest first. */
  pass_keys: z.array(z.strictObject({ id: label, key: z.base64().max(60) })).max(1000),
});
export type FleetOrder = z.output<typeof orderSchema>;
export type OrderCause = z.output<typeof cause>;

/** Where an order is that is too large for a message: in the object store, under its digest. */
export const orderAtSchema = z.strictObject({ ...position, node: label, at: archive });

/** What a member did with an order. */
export const receiptSchema = z.strictObject({
  ...position,
  node: label,
  run,
  live: count,
  dependants: count,
  cut: count,
  missed: z.array(label).max(10_000),
  decisions: count,
  slowest_ms: z.number().min(0),
  /** Whether its files are settled too: in force, or refused. */
  whole: z.boolean(),
  /** Why its files did not come into force; null when they did. */
  refused: z.string().max(2000).nullable(),
});
export type FleetReceipt = z.output<typeof receiptSchema>;

/** "May I go on?" `sequence` is what it has applied; null before the first order. */
export const askSchema = z.strictObject({
  fleet: label,
  node: label,
  run,
  /** Rises with each question of a run: one that was heard is not heard again. */
  count: count.optional(),
  /** It lets nothing out any more and asks for nothing: its lease is over. Not answered. */
  leaving: z.boolean().optional(),
  nonce: label,
  epoch: epochSchema.nullable(),
  sequence: count,
  version: label,
  /** What it did last. */
  receipt: receiptSchema.nullable(),
});
export type LeaseAsk = z.output<typeof askSchema>;

/** "You may, for `ttl_ms` from before you asked, once you have applied `sequence`." */
export const grantSchema = z.strictObject({
  ...position,
  node: label,
  nonce: label,
  ttl_ms: z.int().min(1).max(300_000),
});
export type LeaseGrant = z.output<typeof grantSchema>;

/** Where a fleet of this name speaks: subjects, a bucket and an object store. */
export function placesOf(fleet: string) {
  return {
    lease: `locktender.${fleet}.lease`,
    order: `locktender.${fleet}.order`,
    receipts: `locktender.${fleet}.receipt`,
    orders: `locktender-${fleet}`,
    orderKey: 'order',
    files: `locktender-${fleet}-files`,
  } as const;
}
