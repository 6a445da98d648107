/** The OpenAPI 3.1 document of the admin API, made from the contract. */

import { z } from 'zod';
import { FAULTS } from './contract/fault-codes.ts';
import type { Route } from './contract/route.ts';
import { fault } from './contract/shapes.ts';
import { ROUTES } from './contract.ts';

/** What `GET /ca.pem` answers with. */
export const CERTIFICATE_TYPE = 'application/x-pem-file';

export function openApiDocument(version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [id, route] of Object.entries(ROUTES)) {
    const at = paths[route.path] ?? {};
    at[route.method.toLowerCase()] = operation(id, route);
    paths[route.path] = at;
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Locktender admin API', version },
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: { Fault: schemaOf(fault, 'output') },
    },
    paths,
  };
}

function operation(id: string, route: Route): Record<string, unknown> {
  const open = route.access === 'public';
  const content = { [mediaType(id, route)]: { schema: schemaOf(route.response, 'output') } };
  const answered = { description: route.summary, content };
  return {
    operationId: id,
    summary: route.summary,
    ...(open ? { security: [] } : { security: [{ token: [] }], 'x-roles': route.access }),
    parameters: [
      ...parameters(route.params, 'path'),
      ...parameters(route.query, 'query'),
      ...resume(route),
      ...ifMatch(route),
    ],
    ...(route.body
      ? { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(route.body, 'input') } } } }
      : {}),
    responses: {
      200: answered,
      ...faultsOf(route),
      // Says the same when it is not.
      ...(id === 'readyz' ? { 503: answered } : {}),
      ...(route.changes ? CHANGE_FAULTS : {}),
      default: faultAnswer('a fault (RFC 9457)'),
    },
  };
}

function faultAnswer(description: string): Record<string, unknown> {
  return {
    description,
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Fault' } } },
  };
}

/** Every status that a route may answer with beside its own, by the closed list of codes. */
function faultsOf(route: Route): Record<string, unknown> {
  const statuses = new Set([400, 405, 421, 429, 500, 503]);
  if (route.access !== 'public') for (const status of [401, 403, 404]) statuses.add(status);
  if (route.body) for (const status of [409, 413, 415]) statuses.add(status);
  const codes = [...statuses].map((status) => {
    const told = Object.entries(FAULTS).flatMap(([code, [of]]) => (of === status ? [`\`${code}\``] : []));
    return [status, faultAnswer(told.join(', '))];
  });
  return Object.fromEntries(codes);
}

const CHANGE_FAULTS = {
  409: faultAnswer('`refused`; or `needs_second_person`: kept, in force when another person approves `pending`'),
  412: faultAnswer('`changed_meanwhile`: the controls are not those that `If-Match` names'),
};

function mediaType(id: string, route: Route): string {
  if (id === 'caCertificate') return CERTIFICATE_TYPE;
  if (route.answers === 'events') return 'text/event-stream';
  if (route.answers === 'lines') return 'application/x-ndjson';
  return route.answers === 'text' ? 'text/plain' : 'application/json';
}

function parameters(of: z.ZodObject, where: 'path' | 'query'): Record<string, unknown>[] {
  const schema = schemaOf(of, 'input') as { properties?: Record<string, object>; required?: string[] };
  return Object.entries(schema.properties ?? {}).map(([name, property]) => ({
    name,
    in: where,
    required: where === 'path',
    schema: property,
  }));
}

function resume(route: Route): Record<string, unknown>[] {
  if (route.answers !== 'events') return [];
  return [{ name: 'Last-Event-ID', in: 'header', required: false, schema: { type: 'integer' } }];
}

function ifMatch(route: Route): Record<string, unknown>[] {
  if (!route.changes) return [];
  return [{ name: 'If-Match', in: 'header', required: false, schema: { type: 'string' } }];
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> {
  const { $schema: _, ...made } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Record<string, unknown>;
  return made;
}
