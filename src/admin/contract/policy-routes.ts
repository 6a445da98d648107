/** Routes of the policy: what is in force, what it would decide, and how another bundle would differ. */

import { z } from 'zod';
import { make } from './make-route.ts';
import { AUDIT, EVERYONE, SECURE } from './route.ts';
import * as shape from './shapes.ts';

const why = shape.changeBody.pick({ why: true });
const candidate = z
  .string()
  .min(1)
  .max(4096)
  .describe('directory on the machine of the gate, or the digest of a bundle that was in force');

export const POLICY_ROUTES = {
  policyBundle: make('GET', '/v1/policy', EVERYONE, {
    summary: 'the bundle in force',
    response: shape.bundleSummary,
  }),
  policyExplain: make('POST', '/v1/policy/explain', EVERYONE, {
    summary: 'decides one request under what is in force now, records nothing',
    body: shape.decisionQuestion,
    response: shape.decisionAnswer,
  }),
  policyReload: make('POST', '/v1/policy/reload', SECURE, {
    summary: 'compiles the policy files and swaps them in, or refuses and keeps the old',
    body: why,
    response: shape.loaded,
    changes: true,
  }),
  policyContracts: make('POST', '/v1/policy/contracts', AUDIT, {
    summary: 'runs the contracts of the bundle in force, or of a candidate',
    body: z.strictObject({ bundle: candidate.nullable().default(null) }),
    response: z.object({
      digest: z.string(),
      contracts: z.array(
        z.object({
          file: z.string(),
          line: z.int(),
          name: z.string(),
          broken: z.string().nullable().describe('what came out instead; null when it holds'),
        }),
      ),
    }),
  }),
  policyDiff: make('POST', '/v1/policy/diff', AUDIT, {
    summary: 'what differs between the bundle in force and another: files, and the requests of the contracts of both',
    body: z.strictObject({ bundle: candidate }),
    response: shape.bundleDiff,
  }),
  policyLearn: make('POST', '/v1/policy/learn', AUDIT, {
    summary: 'the least that would have sufficed for the recorded traffic, by tenant and class; changes nothing',
    body: z.strictObject({
      days: z.int().min(1).max(3650).default(30),
      tenant: shape.label.nullable().default(null),
      class: shape.label.nullable().default(null),
    }),
    response: shape.learnt,
  }),
  policyReplay: make('POST', '/v1/policy/replay', AUDIT, {
    summary: 'decides recorded decisions again, under bundle and controls of then, or under a candidate',
    body: z.strictObject({
      days: z.int().min(1).max(3650).default(30),
      since_ms: z.int().min(1000).nullable().default(null).describe('how far back in milliseconds, in place of days'),
      bundle: candidate.nullable().default(null),
      controls: z
        .array(z.string().max(300))
        .max(100)
        .default([])
        .describe('supposed on top of those of then, for example `category.block=gambling`'),
    }),
    response: shape.replayed,
  }),
} as const;
