/**
 * A small typed client of the gateway, `locktender/client`: the API's four calls over `fetch`, and its problems as one
 * kind of error. Uses nothing that is not in every JavaScript runtime.
 */
import type { z } from 'zod';
import type { guardAnswer, guardOrder, killAnswer, passAnswer, passOrder, TaskReport, taskOrder } from './contract.js';
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
export type TaskEvent = {
    readonly event: 'log';
    readonly data: {
        readonly level: string;
        readonly text: string;
    };
} | {
    readonly event: 'progress' | 'part';
    readonly data: unknown;
} | {
    readonly event: 'result';
    readonly data: TaskReport;
};
/** The gateway refused: a problem document (RFC 9457). */
export declare class GatewayProblem extends Error {
    readonly status: number;
    /** One of the gateway's codes, or a reason code. */
    readonly code: string;
    readonly task: string | null;
    constructor(status: number, document: {
        readonly code?: unknown;
        readonly detail?: unknown;
        readonly task?: unknown;
    });
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
export declare function gatewayClient(options: ClientOptions): GatewayClient;
