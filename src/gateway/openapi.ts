/** The OpenAPI 3.1 document of the gateway, made from the schemas that validate. */

import { z } from 'zod';
import {
  guardAnswer,
  guardOrder,
  guardSettings,
  killAnswer,
  passAnswer,
  passOrder,
  problem,
  taskOrder,
  taskReport,
} from './contract.ts';

type Method = 'get' | 'post' | 'delete';

interface Operation {
  readonly id: string;
  readonly summary: string;
  readonly status: 200 | 201;
  readonly body: z.ZodType | null;
  readonly answer: z.ZodType;
  /** Whether it also takes and gives a body that streams. */
  readonly streams?: boolean;
  readonly idempotent?: boolean;
}

const OPERATIONS: Readonly<Record<string, Readonly<Partial<Record<Method, Operation>>>>> = {
  '/v1/tasks': {
    post: {
      id: 'submitTask',
      summary: 'runs tool code in a fresh isolate and answers with its guarded result',
      status: 200,
      body: taskOrder,
      answer: taskReport,
      idempotent: true,
    },
  },
  '/v1/tasks/{id}': {
    get: { id: 'showTask', summary: 'how a task stands', status: 200, body: null, answer: taskReport },
    delete: { id: 'killTask', summary: 'kills a task', status: 200, body: null, answer: killAnswer },
  },
  '/v1/passes': {
    post: { id: 'issuePass', summary: 'issues a pass for a sandbox', status: 201, body: passOrder, answer: passAnswer },
  },
  '/v1/guard': {
    post: {
      id: 'guard',
      summary: 'filters text, JSON or bytes; a body of another type than JSON is filtered as it streams',
      status: 200,
      body: guardOrder,
      answer: guardAnswer,
      streams: true,
    },
  },
};

export function openApiDocument(version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [path, methods] of Object.entries(OPERATIONS)) {
    const operations = Object.entries(methods).map(([method, operation]) => [method, described(operation)]);
    paths[path] = { ...Object.fromEntries(operations), ...(path.includes('{id}') && { parameters: [idParameter] }) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Locktender gateway API', version },
    security: [{ token: [] }, { certificate: [] }],
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        certificate: { type: 'mutualTLS' },
      },
      schemas: { Problem: schemaOf(problem, 'output') },
    },
    paths,
  };
}

const idParameter = { name: 'id', in: 'path', required: true, schema: { type: 'string' } };

function described({ id, summary, status, body, answer, streams, idempotent }: Operation): Record<string, unknown> {
  const stream = streams ? { '*/*': { schema: { type: 'string' } } } : {};
  const parameters = [...(streams ? queryParameters() : []), ...(idempotent ? [idempotencyKey] : [])];
  const content = body && { 'application/json': { schema: schemaOf(body, 'input') }, ...stream };
  return {
    operationId: id,
    summary,
    ...(parameters.length > 0 && { parameters }),
    ...(content && { requestBody: { required: true, content } }),
    responses: {
      [status]: {
        description: summary,
        content: { 'application/json': { schema: schemaOf(answer, 'output') }, ...stream },
      },
      default: {
        description: 'a problem (RFC 9457)',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  };
}

const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'the same key and body within ten minutes are answered alike, and run once',
  schema: { type: 'string', maxLength: 200 },
};

function queryParameters(): Record<string, unknown>[] {
  const { properties = {} } = schemaOf(guardSettings, 'input') as { properties?: Record<string, object> };
  return Object.entries(properties).map(([name, schema]) => ({ name, in: 'query', required: false, schema }));
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> {
  const { $schema: _, ...made } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Record<string, unknown>;
  return made;
}
