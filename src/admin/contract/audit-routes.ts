/** Routes of the record: search, follow, prove, verify, export, keep. */

import { z } from 'zod';
import { forwarding } from './forward-shapes.ts';
import { make } from './make-route.ts';
import * as record from './record-shapes.ts';
import { ADMIN, AUDIT, SECURE } from './route.ts';
import * as shape from './shapes.ts';

const why = shape.changeBody.pick({ why: true });

export const AUDIT_ROUTES = {
  auditQuery: make('GET', '/v1/audit', AUDIT, {
    summary: 'recorded events, newest first',
    query: z.object({
      type: z.string().max(40).optional(),
      tenant: shape.label.optional(),
      task: shape.label.optional(),
      host: z.string().max(253).optional(),
      effect: z.enum(['allow', 'deny']).optional(),
      reason: z.string().max(60).optional(),
      category: z.string().max(60).optional(),
      capability: z.string().max(100).optional(),
      rule: z.string().max(200).optional().describe('id of a policy rule'),
      id: z.string().max(60).optional().describe('of the event, or of the decision it belongs to'),
      text: z.string().max(200).optional().describe('somewhere in the entry; slow'),
      since: z.coerce.number().int().optional().describe('epoch milliseconds'),
      until: z.coerce.number().int().optional().describe('epoch milliseconds'),
      before: z.coerce.number().int().optional().describe('only entries before this sequence number, to page on'),
      limit: z.coerce.number().int().min(1).max(1000).default(100),
    }),
    response: z.object({ events: z.array(shape.loggedEvent) }),
  }),
  auditTail: make('GET', '/v1/audit/tail', AUDIT, {
    summary: 'every event as it is recorded; `Last-Event-ID` resumes after that sequence number',
    query: z.object({ after: z.coerce.number().int().min(-1).optional() }),
    answers: 'events',
    response: shape.loggedEvent,
  }),
  auditCheckpoint: make('GET', '/v1/audit/checkpoint', AUDIT, {
    summary: 'the latest signed checkpoint',
    response: record.checkpoint,
  }),
  auditProof: make('GET', '/v1/audit/proof/{seq}', AUDIT, {
    summary: 'the inclusion proof of one entry',
    params: z.object({ seq: z.coerce.number().int().min(0) }),
    response: record.inclusionProof,
  }),
  auditVerify: make('POST', '/v1/audit/verify', AUDIT, {
    summary: 'verifies the whole log now, in a thread of its own, as `audit verify` does; one run at a time',
    body: z.strictObject({}),
    response: record.verified,
  }),
  auditExport: make('GET', '/v1/audit/export', AUDIT, {
    summary: 'every entry as one line, as `audit export` writes it',
    query: z
      .object({
        format: z.enum(['jsonl', 'ocsf', 'cloudevents']).default('jsonl'),
        from: z.coerce.number().int().min(0).default(0).describe('first sequence number'),
        to: z.coerce.number().int().min(0).optional().describe('last sequence number'),
        proof: z
          .enum(['part', 'always', 'never'])
          .default('part')
          .describe(
            'a first line `{"export":…}`, which is no event, by which the rest (jsonl) is verified by itself; `part`: where it is not the whole log',
          ),
      })
      .refine(({ format, proof }) => format === 'jsonl' || proof !== 'always', {
        path: ['proof'],
        message: '`always` is for `format=jsonl`: only the entries themselves lead to a checkpoint',
      }),
    answers: 'lines',
    response: z.string(),
  }),
  auditKeys: make('GET', '/v1/audit/keys', AUDIT, {
    summary: 'the public keys that the log is signed with (C2SP verifier keys), newest first',
    response: record.logKeys,
  }),
  auditRetention: make('GET', '/v1/audit/retention', AUDIT, {
    summary: 'how long entries are kept, which is the first that is, and what a removal now would take away',
    query: z.object({ older_than_days: z.coerce.number().int().min(1).max(3650).optional() }),
    response: record.retention,
  }),
  auditPrune: make('POST', '/v1/audit/prune', SECURE, {
    summary: 'seals and removes whole segments that are old enough; what remains verifies',
    body: why.extend({
      older_than_days: z.int().min(1).max(3650).nullable().default(null).describe('null: `audit.retention_days`'),
    }),
    response: record.pruned,
    changes: true,
  }),
  auditRotate: make('POST', '/v1/audit/keys/rotate', ADMIN, {
    summary: 'makes a new key for checkpoints; the old one signs beside it for `audit.key_overlap_days`',
    body: why,
    response: z.object({ keys: z.array(z.string()) }),
    changes: true,
  }),
  auditShred: make('POST', '/v1/audit/shred', SECURE, {
    summary: "destroys a tenant's key: what it sealed in the record can never be read again; the log goes on verifying",
    body: why.extend({ tenant: shape.label }),
    response: z.object({ tenant: z.string(), shredded: z.boolean().describe('false: it had no key') }),
    changes: true,
  }),
  auditForward: make('GET', '/v1/audit/forward', AUDIT, {
    summary: 'how far each receiver of the record (`audit.forward`) has got',
    response: forwarding,
  }),
} as const;
