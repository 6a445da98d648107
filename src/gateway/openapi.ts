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
  taskId,
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
  /** Further media types of the answer, and what comes in them. */
  readonly events?: string;
  /** Statuses of problems that are of this call; `EVERY` has those of all. */
  readonly refuses: readonly Refusal[];
}

const REFUSALS = {
  400: 'the request is not what the route takes',
  401: 'the caller is not known',
  403: 'admission refuses it, the caller does not speak for that tenant, or the guard blocked it',
  404: 'no task of this tenant has this id',
  408: 'the request took too long to come',
  409: 'the id or the idempotency key is in use for something else, or the change was refused',
  413: 'the body is too large',
  415: 'the body is of a type that the route does not take',
  429: 'this caller asks too much at once',
  431: 'the head of the request is too large',
  500: 'the gateway failed',
  503: 'the pool is off or full, the record cannot be written, or the issuer of the token does not answer',
} as const;
type Refusal = keyof typeof REFUSALS;

const EVERY: readonly Refusal[] = [400, 401, 408, 429, 431, 500, 503];
const OF_BODY: readonly Refusal[] = [403, 413, 415];

const OPERATIONS: Readonly<Record<string, Readonly<Partial<Record<Method, Operation>>>>> = {
  '/v1/tasks': {
    post: {
      id: 'submitTask',
      summary: 'runs tool code in a fresh isolate and answers with its guarded result',
      status: 200,
      body: taskOrder,
      answer: taskReport,
      idempotent: true,
      events:
        'with `stream`: `event: log`, `progress` and `part`, then `result` with the report; or `fault` with a problem',
      refuses: [...OF_BODY, 409],
    },
  },
  '/v1/tasks/{id}': {
    get: {
      id: 'showTask',
      summary: 'how a task stands',
      status: 200,
      body: null,
      answer: taskReport,
      refuses: [404, 409],
    },
    delete: {
      id: 'killTask',
      summary: 'kills a task',
      status: 200,
      body: null,
      answer: killAnswer,
      refuses: [404, 409],
    },
  },
  '/v1/passes': {
    post: {
      id: 'issuePass',
      summary: 'issues a pass for a sandbox',
      status: 201,
      body: passOrder,
      answer: passAnswer,
      refuses: [...OF_BODY, 409],
    },
  },
  '/v1/guard': {
    post: {
      id: 'guard',
      summary: 'filters text, JSON or bytes; a body of another type than JSON is filtered as it streams',
      status: 200,
      body: guardOrder,
      answer: guardAnswer,
      streams: true,
      refuses: OF_BODY,
    },
  },
};

export function openApiDocument(version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [path, methods] of Object.entries(OPERATIONS)) {
    const operations = Object.entries(methods).map(([method, operation]) => [method, described(operation)]);
    paths[path] = {
      ...Object.fromEntries(operations),
      ...(path.includes('{id}') && { parameters: [idParameter, whoseParameter] }),
    };
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
      responses: Object.fromEntries(Object.entries(REFUSALS).map(([status, what]) => [status, problemAnswer(what)])),
    },
    paths,
  };
}

const idParameter = { name: 'id', in: 'path', required: true, schema: schemaOf(taskId, 'input') };

const whoseParameter = {
  ...{ name: 'tenant', in: 'query', required: false, schema: { type: 'string' } },
  description: 'whose task, for a caller that speaks for several tenants; 409 where several have one of this id',
};

function problemAnswer(description: string): Record<string, unknown> {
  const schema = { $ref: '#/components/schemas/Problem' };
  return { description, content: { 'application/problem+json': { schema } } };
}

function described(operation: Operation): Record<string, unknown> {
  const { id, summary, status, body, answer, streams, idempotent, events, refuses } = operation;
  const stream = streams ? { '*/*': { schema: { type: 'string' } } } : {};
  const told = events ? { 'text/event-stream': { schema: { type: 'string', description: events } } } : {};
  const refusals = [...new Set([...EVERY, ...refuses])].sort((a, b) => a - b);
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
        content: { 'application/json': { schema: schemaOf(answer, 'output') }, ...stream, ...told },
      },
      ...Object.fromEntries(refusals.map((of) => [of, { $ref: `#/components/responses/${of}` }])),
      default: problemAnswer('a problem (RFC 9457)'),
    },
  };
}

const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'the same key and body within ten minutes are answered alike, and run once',
  schema: { type: 'string', minLength: 1, maxLength: 200 },
};

function queryParameters(): Record<string, unknown>[] {
  const { properties = {} } = schemaOf(guardSettings, 'input') as { properties?: Record<string, object> };
  return Object.entries(properties).map(([name, schema]) => ({ name, in: 'query', required: false, schema }));
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> {
  const { $schema: _, ...made } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Record<string, unknown>;
  return made;
}
