/** What the pool is asked to run, and what came of it. */

import type { TaskStatus, TaskUsage } from '../core/event.ts';
import type { BindingFault, TaskFault } from './host/protocol.ts';

export interface TaskLimits {
  /** From the moment an isolate is taken. */
  readonly wall_ms: number;
  readonly cpu_ms: number;
  readonly memory_mb: number;
  /** Bytes of result and logs together. */
  readonly output_bytes: number;
}

export interface BindingCall {
  readonly op: string;
  /** As tool code sent it: check before use. */
  readonly args: unknown;
  readonly bytes: Uint8Array;
}

export type BindingReply =
  | { readonly ok: true; readonly value: unknown; readonly bytes?: Uint8Array }
  /** INVARIANT: valid JSON text, as `JSON.parse` takes it: it is put into the reply as it stands. */
  | { readonly ok: true; readonly json: string }
  | { readonly ok: false; readonly error: BindingFault };

/** What a task may reach beyond its isolate; one object a task. Every argument comes from hostile code. */
export interface TaskBindings {
  readonly storage: boolean;
  /** Names under `env.tools`. */
  readonly tools: readonly string[];
  call(call: BindingCall): Promise<BindingReply>;
  /** Ends whatever is open; called once, when the task has ended. */
  close(): void;
  readonly usage: { readonly requests: number; readonly bytes: number };
}

export interface TaskOrder {
  readonly task: string;
  readonly tenant: string;
  readonly code: string;
  readonly language: 'js' | 'ts';
  /** JSON text. */
  readonly input: string;
  readonly limits: TaskLimits;
  readonly bindings: TaskBindings | null;
  readonly webassembly?: boolean;
  /** How long it may wait for an isolate; then it is `denied`. Default 10 s. */
  readonly queue_ms?: number;
  /** Lines of `console` and progress as they come. */
  readonly onLog?: (line: LogLine) => void;
  /** Settles once whoever asked has the answer. Absent: with the outcome. */
  readonly answered?: Promise<unknown>;
}

export interface LogLine {
  readonly level: string;
  readonly text: string;
}

export interface TaskOutcome {
  readonly status: TaskStatus;
  /** JSON text; null unless completed. */
  readonly result: string | null;
  readonly error: TaskFault | null;
  readonly usage: TaskUsage;
  readonly logs: readonly LogLine[];
  /** Which wall stood round its host; `none` when it never reached one. */
  readonly wall: string;
}

/** Largest code and input that are taken, bytes of UTF-8. */
export const MAX_CODE = 1024 * 1024;
export const MAX_INPUT = 8 * 1024 * 1024;
