/**
 * The contract of the admin API: every route once, with its schemas and who may call it. The server, the command line,
 * the console and the OpenAPI document are all made from it.
 */

import { z } from 'zod';
import { CONTROL_ROUTES } from './contract/control-routes.ts';
import { forwarding } from './contract/forward-shapes.ts';
import { make } from './contract/make-route.ts';
import { ADMIN, AUDIT, EVERYONE, type Given, OPERATE, type Route, SECURE } from './contract/route.ts';
import { RULE_ROUTES } from './contract/rule-routes.ts';
import * as shape from './contract/shapes.ts';

export const ROUTES = {
  ...CONTROL_ROUTES,
  ...RULE_ROUTES,
  status: make('GET', '/v1/status', EVERYONE, { summary: 'the appliance in one look', response: shape.status }),
  flows: make('GET', '/v1/flows', EVERYONE, {
    summary: 'what is live now',
    query: z.object({ tenant: shape.label.optional(), task: shape.label.optional() }),
    response: z.object({ flows: z.array(shape.flow) }),
  }),
  passIssue: make('POST', '/v1/passes', OPERATE, {
    summary: 'issues a pass, if admission allows it',
    body: shape.passOrder,
    response: shape.issuedPass,
    changes: true,
  }),
  passInspect: make('POST', '/v1/passes/inspect', EVERYONE, {
    summary: 'what a pass says and whether it holds; the token goes in the body so that no log sees it',
    body: z.strictObject({ token: z.string().min(1).max(16_384) }),
    response: shape.inspectedPass,
  }),
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
    body: shape.changeBody.pick({ why: true }),
    response: shape.loaded,
    changes: true,
  }),
  policyReplay: make('POST', '/v1/policy/replay', AUDIT, {
    summary: 'decides recorded decisions again, under bundle and controls of then, or under a candidate',
    body: z.strictObject({
      days: z.int().min(1).max(3650).default(30),
      since_ms: z.int().min(1000).nullable().default(null).describe('how far back in milliseconds, in place of days'),
      bundle: z
        .string()
        .min(1)
        .nullable()
        .default(null)
        .describe('directory of a candidate, on the machine of the gate'),
      controls: z
        .array(z.string().max(300))
        .max(100)
        .default([])
        .describe('supposed on top of those of then, for example `category.block=gambling`'),
    }),
    response: shape.replayed,
  }),
  rulesReload: make('POST', '/v1/rules/reload', SECURE, {
    summary: 'loads the DLP rules, runs their tests and swaps them in, or refuses and keeps the old',
    body: shape.changeBody.pick({ why: true }),
    response: shape.loaded,
    changes: true,
  }),
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
    response: shape.checkpoint,
  }),
  auditProof: make('GET', '/v1/audit/proof/{seq}', AUDIT, {
    summary: 'the inclusion proof of one entry',
    params: z.object({ seq: z.coerce.number().int().min(0) }),
    response: shape.inclusionProof,
  }),
  auditPrune: make('POST', '/v1/audit/prune', SECURE, {
    summary: 'seals and removes whole segments that are old enough; what remains verifies',
    body: shape.changeBody.pick({ why: true }).extend({
      older_than_days: z.int().min(1).max(3650).nullable().default(null).describe('null: `audit.retention_days`'),
    }),
    response: shape.pruned,
    changes: true,
  }),
  auditRotate: make('POST', '/v1/audit/keys/rotate', ADMIN, {
    summary: 'makes a new key for checkpoints; the old one signs beside it for `audit.key_overlap_days`',
    body: shape.changeBody.pick({ why: true }),
    response: z.object({ keys: z.array(z.string()) }),
    changes: true,
  }),
  auditShred: make('POST', '/v1/audit/shred', SECURE, {
    summary: "destroys a tenant's key: what it sealed in the record can never be read again; the log goes on verifying",
    body: shape.changeBody.pick({ why: true }).extend({ tenant: shape.label }),
    response: z.object({ tenant: z.string(), shredded: z.boolean().describe('false: it had no key') }),
    changes: true,
  }),
  auditForward: make('GET', '/v1/audit/forward', AUDIT, {
    summary: 'how far each receiver of the record (`audit.forward`) has got',
    response: forwarding,
  }),
  decisions: make('GET', '/v1/decisions', EVERYONE, {
    summary: 'decisions as they happen; `Last-Event-ID` resumes after that sequence number',
    query: z.object({ after: z.coerce.number().int().min(-1).optional(), tenant: shape.label.optional() }),
    answers: 'events',
    response: shape.loggedEvent,
  }),
  slo: make('GET', '/v1/slo', EVERYONE, {
    summary: 'the service levels over a window',
    query: z.object({ minutes: z.coerce.number().int().min(1).max(5_256_000).default(10_080) }),
    response: z.object({
      from: shape.at,
      to: shape.at,
      levels: z.array(shape.serviceLevel),
    }),
  }),
  tokenList: make('GET', '/v1/tokens', ADMIN, {
    summary: 'tokens of this API, without their secrets',
    response: z.object({ tokens: z.array(shape.token) }),
  }),
  tokenMake: make('POST', '/v1/tokens', ADMIN, {
    summary: 'makes a token for a person or a program',
    body: shape.tokenOrder,
    response: shape.madeToken,
    changes: true,
  }),
  tokenRevoke: make('POST', '/v1/tokens/{name}/revoke', ADMIN, {
    summary: 'revokes a token by its id',
    params: z.object({ name: shape.label }),
    body: shape.changeBody.pick({ why: true }),
    response: z.object({ revoked: z.string() }),
    changes: true,
  }),
  caCertificate: make('GET', '/ca.pem', 'public', {
    summary: 'the CA certificate that inspected HTTPS is signed with',
    answers: 'text',
    response: z.string(),
  }),
  openapi: make('GET', '/openapi.json', 'public', {
    summary: 'this document',
    response: z.record(z.string(), z.unknown()),
  }),
  healthz: make('GET', '/healthz', 'public', {
    summary: 'whether the process lives',
    response: z.object({ ok: z.literal(true) }),
  }),
  readyz: make('GET', '/readyz', 'public', {
    summary: 'whether it can serve; 503 with what is missing when it cannot',
    response: z.object({ ok: z.boolean(), missing: z.array(z.string()) }),
  }),
  metrics: make('GET', '/metrics', 'public', {
    summary: 'Prometheus text; needs a token when `admin.metrics_public` is off',
    answers: 'text',
    response: z.string(),
  }),
} as const satisfies Record<string, Route>;

export type Routes = typeof ROUTES;
export type RouteId = keyof Routes;
/** What a caller sends, before defaults. */
export type RequestOf<K extends RouteId> = {
  readonly params?: z.input<Routes[K]['params']>;
  readonly query?: z.input<Routes[K]['query']>;
  readonly body?: Routes[K]['body'] extends z.ZodType ? z.input<Routes[K]['body']> : never;
};
/** What a handler gets, validated. */
export interface InputOf<K extends RouteId> {
  readonly params: z.output<Routes[K]['params']>;
  readonly query: z.output<Routes[K]['query']>;
  readonly body: Routes[K]['body'] extends z.ZodType ? z.output<Routes[K]['body']> : null;
  /** Name of the caller's token; goes into the record. */
  readonly actor: string;
}
/** What a route answers; for `events`, each of them. */
export type AnswerOf<K extends RouteId> = Given<z.output<Routes[K]['response']>>;

/** The path of a route with its parameters put in. */
export function pathOf(route: Pick<Route, 'path'>, params: Readonly<Record<string, unknown>>): string {
  return route.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(params[name])));
}
