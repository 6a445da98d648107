/**
 * A small typed client of the gateway, `locktender/client`: the API's four calls over `fetch`, and its problems as one
 * kind of error. Uses nothing that is not in every JavaScript runtime.
 */

import type { z } from 'zod';
import type { guardAnswer, guardOrder, killAnswer, passAnswer, passOrder, TaskReport, taskOrder } from './contract.ts';

export type TaskOrder = z.input<typeof taskOrder>;
export type PassOrder = z.input<typeof passOrder>;
export type GuardOrder = z.input<typeof guardOrder>;
export type Pass = z.output<typeof passAnswer>;
export type GuardAnswer = z.output<typeof guardAnswer>;
export type { TaskReport };

export interface ClientOptions {
  /** For example `http://127.0.0.1:8128`; a path before the API's own is kept. */
  readonly url: string;
  /** A JWT of a configured issuer, or the development key; a function is asked at every call. */
  readonly token: string | (() => string | Promise<string>);
  readonly fetch?: typeof fetch;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** The same key and order within ten minutes run once. */
  readonly idempotencyKey?: string;
}

/** `progress` and `part`, a part of a result that comes piece by piece, are values of the tool's own. */
export type TaskEvent =
  | { readonly event: 'log'; readonly data: { readonly level: string; readonly text: string } }
  | { readonly event: 'progress' | 'part'; readonly data: unknown }
  | { readonly event: 'result'; readonly data: TaskReport };

/** The gateway refused: a problem document (RFC 9457). */
export class GatewayProblem extends Error {
  readonly status: number;
  /** One of the gateway's codes, or a reason code. */
  readonly code: string;
  readonly task: string | null;

  constructor(
    status: number,
    document: { readonly code?: unknown; readonly detail?: unknown; readonly task?: unknown },
  ) {
    super(typeof document.detail === 'string' ? document.detail : `the gateway answered with status ${status}`);
    this.name = 'GatewayProblem';
    this.status = status;
    this.code = typeof document.code === 'string' ? document.code : 'unknown';
    this.task = typeof document.task === 'string' ? document.task : null;
  }
}

export interface GatewayClient {
  /** Runs tool code to its end. Aborting kills the task. */
  runTask(order: TaskOrder, options?: CallOptions): Promise<TaskReport>;
  /** The same, told as it goes; the last event is `result`. Leaving the loop kills the task. */
  streamTask(order: TaskOrder, options?: CallOptions): AsyncGenerator<TaskEvent>;
  task(id: string): Promise<TaskReport>;
  killTask(id: string): Promise<z.output<typeof killAnswer>>;
  issuePass(order: PassOrder): Promise<Pass>;
  guard(order: GuardOrder): Promise<GuardAnswer>;
}

export function gatewayClient(options: ClientOptions): GatewayClient {
  const send = async (method: string, path: string, body?: unknown, more: CallOptions = {}): Promise<Response> => {
    const token = typeof options.token === 'string' ? options.token : await options.token();
    const response = await (options.fetch ?? fetch)(`${options.url.replace(/\/+$/, '')}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(more.idempotencyKey !== undefined && { 'idempotency-key': more.idempotencyKey }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(more.signal && { signal: more.signal }),
    });
    if (response.ok) return response;
    // What stands between may answer with a page of its own.
    throw new GatewayProblem(response.status, (await response.json().catch(() => ({}))) as Record<string, unknown>);
  };
  const call = async <T>(method: string, path: string, body?: unknown, more?: CallOptions): Promise<T> =>
    (await (await send(method, path, body, more)).json()) as T;
  const taskPath = (id: string) => `/v1/tasks/${encodeURIComponent(id)}`;
  return {
    runTask: (order, more) => call('POST', '/v1/tasks', { ...order, stream: false }, more),
    streamTask: async function* (order, more) {
      yield* eventsOf(await send('POST', '/v1/tasks', { ...order, stream: true }, more));
    },
    task: (id) => call('GET', taskPath(id)),
    killTask: (id) => call('DELETE', taskPath(id)),
    issuePass: (order) => call('POST', '/v1/passes', order),
    guard: (order) => call('POST', '/v1/guard', order),
  };
}

/** The gateway's own server-sent events: an `event` and one line of `data` each. Throws if they end before `result`. */
async function* eventsOf(response: Response): AsyncGenerator<TaskEvent> {
  const text = new TextDecoder();
  let rest = '';
  // Leaving early cancels the body, and that closes the connection.
  for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
    const events = (rest + text.decode(piece, { stream: true })).split('\n\n');
    rest = events.pop() ?? '';
    for (const event of events) {
      const [, name = '', data = 'null'] = /^event: (.*)\ndata: (.*)$/.exec(event) ?? [];
      const value = JSON.parse(data) as Record<string, unknown>;
      if (name === 'fault') throw new GatewayProblem(value['status'] as number, value);
      yield { event: name, data: value } as TaskEvent;
      if (name === 'result') return;
    }
  }
  throw new Error('the gateway went away before the task ended');
}
