/** What a forwarder hands to a receiver, and how a receiver fails. */

import type { AuditEvent } from '../../core/event.ts';

export interface ForwardEntry {
  readonly seq: number;
  /** The canonical JSON: the leaf of the tree, byte for byte. */
  readonly text: string;
  readonly event: AuditEvent;
}

export interface Delivered {
  /** Entries that the receiver took and threw away, by its own word (OTLP partial success). */
  readonly rejected: number;
}

export interface ForwardSink {
  /** Resolves when the receiver has all of them, as far as its protocol can say so. Rejects with `SinkFailure`. */
  send(entries: readonly ForwardEntry[], signal: AbortSignal): Promise<Delivered>;
  close(): void;
}

/** Closed list: a label of `locktender_forward_failures_total`. */
export type FailureCause = 'unreachable' | 'timeout' | 'unacknowledged' | 'status' | 'refused' | 'log' | 'cursor';

export class SinkFailure extends Error {
  /** `refused`: the receiver will not have these entries, however often they are sent. */
  readonly reason: FailureCause;
  /** How long the receiver asked to be left alone; ms. */
  readonly retryAfterMs: number | null;
  constructor(reason: FailureCause, message: string, retryAfterMs: number | null = null) {
    super(message);
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}

/** What the socket said, without what was sent. */
export function unreachable(error: unknown): SinkFailure {
  if (error instanceof SinkFailure) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const text = error instanceof Error ? error.message : 'failed';
  return new SinkFailure('unreachable', code === '' || text.includes(code) ? text : `${text} (${code})`);
}
