/** The shapes of what the admin API says of a fleet. */

import { z } from 'zod';
import { at } from './shapes.ts';

/** This node in its fleet. */
export const fleet = z.object({
  role: z.enum(['hub', 'member']),
  name: z.string(),
  node: z.string(),
  key: z.string().describe('of this node, as others pin it'),
  connected: z.boolean().describe('whether NATS is reached'),
  epoch: z.string().nullable().describe('of the hub’s life; null at a member before its first order'),
  sequence: z.int().describe('of the latest order: at the hub the one given, at a member the one in force'),
  hub: z
    .object({
      name: z.string(),
      controls: z.int().describe('version of its controls that is in force here'),
      lease_ms: z.number().describe('how long this node may still act; 0: it denies everything'),
      refused: z.string().nullable().describe('why the files of the latest order are not in force here'),
      trouble: z.string().nullable().describe('why no lease was had last'),
    })
    .nullable()
    .describe('at a member'),
  members: z
    .array(
      z.object({
        node: z.string(),
        state: z
          .enum(['current', 'behind', 'denying'])
          .describe('`behind`: it acts on an older order; `denying`: it holds no lease'),
        sequence: z.int().nullable().describe('of the order in force there; null: not known'),
        lease_until: at.nullable().describe('when it denies at the latest unless it asks again; null: it denies'),
        heard_at: at.nullable(),
        refused: z.string().nullable(),
        version: z.string().nullable(),
        doubled: z.boolean().describe('two processes run with its key, as copied machines do'),
      }),
    )
    .describe('at the hub'),
  mirrors: z
    .array(
      z.object({
        node: z.string(),
        entries: z.int().describe('of its record that are safe here'),
        behind: z.int().describe('entries that it has and that are not'),
        fault: z.string().nullable().describe('why its record does not continue as it was signed'),
        refused: z.int().describe('shipments that were refused since this process started'),
        heard_at: at.nullable().describe('when something of its record last came'),
      }),
    )
    .describe('at the hub: the records of the members'),
  shipping: z
    .object({
      state: z.enum(['waiting', 'current', 'shipping', 'failing', 'lost', 'refused']),
      entries: z.int().describe('of the record that are safe at the hub'),
      behind: z.int().describe('entries that are not'),
      why: z.string().nullable(),
    })
    .nullable()
    .describe('at a member: its own record; null before anything is known'),
});
