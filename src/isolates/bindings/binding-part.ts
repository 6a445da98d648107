/** One group of bindings, by the words before the first dot of an operation; and how groups make a task's whole. */

import { z } from 'zod';
import type { BindingCall, BindingReply, TaskBindings } from '../task-order.ts';

export interface BindingPart {
  /** `fetch` takes `fetch` and `fetch.…`. */
  readonly prefix: string;
  call(call: BindingCall): Promise<BindingReply>;
  close(): void;
}

export interface BindingUsage {
  requests: number;
  bytes: number;
}

/** Joins parts; unknown operations and arguments of the wrong shape are answered, never thrown. */
export function joinBindings(
  parts: readonly BindingPart[],
  about: { readonly storage: boolean; readonly tools: readonly string[]; readonly usage: BindingUsage },
): TaskBindings {
  const byPrefix = new Map(parts.map((part) => [part.prefix, part]));
  return {
    ...about,
    call: async (call) => {
      const part = byPrefix.get(call.op.split('.', 1)[0] ?? '');
      if (part === undefined) return refusal('this binding does not exist', 'unknown_binding');
      try {
        return await part.call(call);
      } catch (error) {
        if (error instanceof z.ZodError)
          return refusal('the arguments are not what the binding takes', 'bad_arguments');
        // What is nested so deep that the stack does not reach; V8 gives that no code of its own.
        if (error instanceof RangeError && error.message.includes('call stack'))
          return refusal('the arguments are nested too deep; make them flatter', 'bad_arguments');
        throw error;
      }
    },
    close: () => {
      for (const part of parts) part.close();
    },
  };
}

export function refusal(message: string, code: string, decision?: string): BindingReply {
  return { ok: false, error: { name: 'TypeError', message, code, ...(decision !== undefined && { decision }) } };
}
