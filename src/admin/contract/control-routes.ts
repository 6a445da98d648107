/** Routes that change controls, and the lists that they act on. */

import { z } from 'zod';
import { make } from './make-route.ts';
import { EVERYONE, OPERATE, SECURE } from './route.ts';
import * as shape from './shapes.ts';

const named = z.object({ name: shape.label });
/** Tenants choose ids of tasks as they like: two may have one. */
const ofTenant = z.object({ tenant: shape.label.optional() });
const hosted = z.object({ host: shape.hostName });
const change = { body: shape.changeBody, response: shape.receipt, changes: true } as const;
const hostChange = { body: shape.hostChangeBody, response: shape.receipt, changes: true } as const;

export const CONTROL_ROUTES = {
  categoryList: make('GET', '/v1/categories', EVERYONE, {
    summary: 'every category, and whether it is blocked',
    response: z.object({ version: z.int(), categories: z.array(shape.category) }),
  }),
  categoryLookup: make('GET', '/v1/hosts/{host}', EVERYONE, {
    summary: 'where a host stands, and which list says so',
    params: hosted,
    response: shape.hostStanding,
  }),
  categoryPreview: make('GET', '/v1/categories/{name}/preview', EVERYONE, {
    summary: 'what blocking it would cut, without doing it',
    params: named,
    response: shape.preview,
  }),
  categoryBlock: make('POST', '/v1/categories/{name}/block', OPERATE, {
    summary: 'blocks a category and cuts what depends on it',
    params: named,
    ...change,
  }),
  categoryUnblock: make('POST', '/v1/categories/{name}/unblock', OPERATE, {
    summary: 'unblocks a category',
    params: named,
    ...change,
  }),
  capabilityList: make('GET', '/v1/capabilities', EVERYONE, {
    summary: 'every capability, who may hold it, whether it is revoked',
    response: z.object({ version: z.int(), capabilities: z.array(shape.capability) }),
  }),
  capabilityShow: make('GET', '/v1/capabilities/{name}', EVERYONE, {
    summary: 'one capability',
    params: named,
    response: shape.capability,
  }),
  capabilityRevoke: make('POST', '/v1/capabilities/{name}/revoke', SECURE, {
    summary: 'revokes a capability everywhere and cuts what depends on it',
    params: named,
    ...change,
  }),
  capabilityRestore: make('POST', '/v1/capabilities/{name}/restore', SECURE, {
    summary: 'restores a revoked capability',
    params: named,
    ...change,
  }),
  tenantList: make('GET', '/v1/tenants', EVERYONE, {
    summary: 'tenants seen or quarantined',
    response: z.object({ version: z.int(), tenants: z.array(shape.tenant) }),
  }),
  tenantQuarantine: make('POST', '/v1/tenants/{name}/quarantine', OPERATE, {
    summary: 'isolates a tenant: nothing of it leaves, what is live is cut',
    params: named,
    ...change,
  }),
  tenantRelease: make('POST', '/v1/tenants/{name}/release', OPERATE, {
    summary: 'releases a tenant',
    params: named,
    ...change,
  }),
  taskList: make('GET', '/v1/tasks', EVERYONE, {
    summary: 'tasks that live now or were killed',
    response: z.object({ version: z.int(), tasks: z.array(shape.task) }),
  }),
  taskShow: make('GET', '/v1/tasks/{name}', EVERYONE, {
    summary: 'one task with its recent events',
    params: named,
    query: ofTenant,
    response: shape.taskDetail,
  }),
  taskKill: make('POST', '/v1/tasks/{name}/kill', OPERATE, {
    summary: "kills a tenant's task: its isolate ends, its flows are cut, its passes are dead",
    params: named,
    ...change,
    body: shape.killBody,
  }),
  hostAllow: make('POST', '/v1/hosts/{host}/allow', SECURE, {
    summary: 'allows a host, for one tenant or all',
    params: hosted,
    ...hostChange,
  }),
  hostDeny: make('POST', '/v1/hosts/{host}/deny', OPERATE, {
    summary: 'denies a host, for one tenant or all',
    params: hosted,
    ...hostChange,
  }),
  hostClear: make('POST', '/v1/hosts/{host}/clear', OPERATE, {
    summary: 'clears the override of a host',
    params: hosted,
    ...hostChange,
  }),
  controlList: make('GET', '/v1/controls', EVERYONE, {
    summary: 'the latest changes of controls, newest first, and those that wait for a second person',
    response: shape.controlChanges,
  }),
  controlUndo: make('POST', '/v1/controls/{name}/undo', SECURE, {
    summary: 'takes one change back, while what it left still stands',
    params: named,
    body: shape.changeBody.pick({ why: true }),
    response: shape.receipt,
    changes: true,
  }),
  controlApprove: make('POST', '/v1/controls/{name}/approve', SECURE, {
    summary: 'carries out a change that somebody else asked for',
    params: named,
    body: shape.changeBody.pick({ why: true }),
    response: shape.receipt,
    changes: true,
  }),
  controlReject: make('POST', '/v1/controls/{name}/reject', SECURE, {
    summary: 'lets a change that waits go, without carrying it out',
    params: named,
    body: shape.changeBody.pick({ why: true }),
    response: z.object({ rejected: z.string() }),
    changes: true,
  }),
  passRevoke: make('POST', '/v1/passes/{name}/revoke', OPERATE, {
    summary: 'revokes a pass by its id',
    params: named,
    ...change,
  }),
} as const;
