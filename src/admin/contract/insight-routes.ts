/** Routes for who asks, for looking before acting, and for looking back: previews, profiles, levels over time. */

import { z } from 'zod';
import { make } from './make-route.ts';
import { EVERYONE } from './route.ts';
import * as shape from './shapes.ts';
import { token } from './token-shapes.ts';

export const INSIGHT_ROUTES = {
  me: make('GET', '/v1/me', EVERYONE, {
    summary: 'who this token is, and what it may do',
    response: z.object({
      name: z.string(),
      role: token.shape.role,
      expires_at: shape.at.nullable(),
      routes: z.array(z.string()).describe('ids of the routes that it may call'),
    }),
  }),
  loginWays: make('GET', '/v1/login', 'public', {
    summary: 'how people sign in here besides by a token',
    response: z.object({ oidc: z.object({ name: z.string() }).nullable() }),
  }),
  loginRedeem: make('POST', '/v1/login', 'public', {
    summary: 'takes the ticket of a login at the identity provider, once, and gives a token that ends with the session',
    body: z.strictObject({
      ticket: z.string().max(200),
      key: z.string().max(200).describe('whose hash began the login'),
    }),
    response: z.object({ token: z.string(), expires_at: shape.at }),
  }),
  profileList: make('GET', '/v1/profiles', EVERYONE, {
    summary: 'every sandbox profile: what it may hold, its limits and its guard, and who runs with it now',
    response: z.object({ profiles: z.array(shape.profile) }),
  }),
  preview: make('GET', '/v1/preview/{kind}/{name}', EVERYONE, {
    summary: 'what hangs on a category, capability, tenant, task or host now, and what the last day had of it',
    params: z.object({ kind: z.enum(['category', 'capability', 'tenant', 'task', 'host']), name: shape.label }),
    query: z.object({ tenant: shape.label.optional().describe('of this tenant only') }),
    response: shape.hangsOn,
  }),
  sloHistory: make('GET', '/v1/slo/history', EVERYONE, {
    summary: 'the service levels over time, as many points as fit a chart',
    query: z.object({
      minutes: z.coerce.number().int().min(5).max(5_256_000).default(1440),
      points: z.coerce.number().int().min(2).max(400).default(96),
    }),
    response: z.object({
      from: shape.at,
      to: shape.at,
      step_ms: z.int(),
      series: z.array(shape.series),
    }),
  }),
} as const;
