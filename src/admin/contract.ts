/**
 * The contract of the admin API: every route once, with its schemas and who may call it. The server, the command line,
 * the console and the OpenAPI document are all made from it.
 */

import { z } from 'zod';
import { AUDIT_ROUTES } from './contract/audit-routes.ts';
import { CONTROL_ROUTES } from './contract/control-routes.ts';
import { FLEET_ROUTES } from './contract/fleet-routes.ts';
import { INSIGHT_ROUTES } from './contract/insight-routes.ts';
import { make } from './contract/make-route.ts';
import * as pass from './contract/pass-shapes.ts';
import { POLICY_ROUTES } from './contract/policy-routes.ts';
import { ADMIN, EVERYONE, type Given, OPERATE, type Role, type Route, SECURE } from './contract/route.ts';
import { RULE_ROUTES } from './contract/rule-routes.ts';
import * as shape from './contract/shapes.ts';
import * as tokens from './contract/token-shapes.ts';

export const ROUTES = {
  ...CONTROL_ROUTES,
  ...FLEET_ROUTES,
  ...RULE_ROUTES,
  ...POLICY_ROUTES,
  ...AUDIT_ROUTES,
  ...INSIGHT_ROUTES,
  status: make('GET', '/v1/status', EVERYONE, { summary: 'the appliance in one look', response: shape.status }),
  flows: make('GET', '/v1/flows', EVERYONE, {
    summary: 'what is live now',
    query: z.object({ tenant: shape.label.optional(), task: shape.label.optional() }),
    response: z.object({ flows: z.array(shape.flow) }),
  }),
  passIssue: make('POST', '/v1/passes', OPERATE, {
    summary: 'issues a pass, if admission allows it',
    body: pass.passOrder,
    response: pass.issuedPass,
    changes: true,
  }),
  passInspect: make('POST', '/v1/passes/inspect', EVERYONE, {
    summary: 'what a pass says and whether it holds; the token goes in the body so that no log sees it',
    body: z.strictObject({ token: z.string().min(1).max(16_384) }),
    response: pass.inspectedPass,
  }),
  rulesReload: make('POST', '/v1/rules/reload', SECURE, {
    summary: 'loads the DLP rules, runs their tests and swaps them in, or refuses and keeps the old',
    body: shape.changeBody.pick({ why: true }),
    response: shape.loaded,
    changes: true,
  }),
  decisions: make('GET', '/v1/decisions', EVERYONE, {
    summary: 'decisions as they happen; `Last-Event-ID` resumes after that sequence number',
    query: z.object({
      after: z.coerce.number().int().min(-1).optional(),
      tenant: shape.label.optional(),
      when_behind: z
        .enum(['end', 'skip'])
        .default('end')
        .describe('what becomes of a slow reader: its stream ends, or an event `passed_over` says how many it missed'),
    }),
    answers: 'events',
    response: z.union([shape.loggedEvent, shape.passedOver]),
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
    response: z.object({ tokens: z.array(tokens.token) }),
  }),
  tokenMake: make('POST', '/v1/tokens', ADMIN, {
    summary: 'makes a token for a person or a program',
    body: tokens.tokenOrder,
    response: tokens.madeToken,
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
  readonly caller: Caller;
}

export interface Caller {
  /** Id of the token; `address:…` without one. */
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  /** Epoch ms; null while it holds until revoked. */
  readonly expiresAt: number | null;
}
/** What a route answers; for `events`, each of them. */
export type AnswerOf<K extends RouteId> = Given<z.output<Routes[K]['response']>>;

/** The path of a route with its parameters put in. */
export function pathOf(route: Pick<Route, 'path'>, params: Readonly<Record<string, unknown>>): string {
  return route.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(params[name])));
}
