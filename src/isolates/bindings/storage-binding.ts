/**
 * `env.storage`: `session` is the tenant's, `ephemeral` dies with the task. Each operation is one capability:
 * `storage.read|write.session|ephemeral`, asked for anew every time, so that a revocation holds at once.
 */

import { z } from 'zod';
import type { BindingCall, BindingReply } from '../task-order.ts';
import { type BindingPart, refusal } from './binding-part.ts';
import { ValueStore } from './value-store.ts';

/** Null when the task holds the capability now, and the record says so; else why not, and the decision. */
export type MayUse = (capability: string) => Promise<Barred | null>;

interface Barred {
  readonly code: string;
  readonly message: string;
  readonly decision: string;
}

export interface StorageBindingOptions {
  /** Asked each time: what nobody keeps anything in is let go. */
  readonly session: () => ValueStore;
  readonly may: MayUse;
  readonly now: () => number;
}

const MAX_VALUE = 1024 * 1024;
const MOST_LISTED = 1000;
const EPHEMERAL = { bytes: 8 * 1024 * 1024, keys: 10_000, maxTtlMs: Number.MAX_SAFE_INTEGER };

const area = z.enum(['session', 'ephemeral']);
const key = z.string().min(1).max(512);
const shapes = {
  get: z.object({ area, key }),
  // Parsed from JSON, so any value is one of JSON; to look into it would take longer than to keep it.
  put: z.object({ area, key, value: z.unknown(), ttl: z.number().positive().optional() }),
  delete: z.object({ area, key }),
  list: z.object({
    area,
    prefix: z.string().max(512),
    limit: z.int().min(1).max(MOST_LISTED).default(MOST_LISTED),
    // The last key of the page before: what is put or deleted meanwhile makes no other come twice or be left out.
    cursor: z.string().max(512).nullish(),
  }),
};

export function storageBinding({ session, may, now }: StorageBindingOptions): BindingPart {
  const ephemeral = new ValueStore(EPHEMERAL, now);
  const storeOf = (name: z.infer<typeof area>) => (name === 'session' ? session() : ephemeral);
  const done = (value: unknown): BindingReply => ({ ok: true, value });
  const operations: Readonly<Record<string, (args: unknown) => BindingReply>> = {
    'storage.get': (args) => {
      const asked = shapes.get.parse(args);
      return { ok: true, json: storeOf(asked.area).get(asked.key) ?? 'null' };
    },
    'storage.put': (args) => {
      const asked = shapes.put.parse(args);
      if (asked.value === undefined) return refusal('there is no value; give one that JSON has', 'bad_arguments');
      const json = JSON.stringify(asked.value);
      if (json.length > MAX_VALUE) return refusal(`a value has at most ${MAX_VALUE} characters; keep less`, 'quota');
      const kept = storeOf(asked.area).put(asked.key, json, asked.ttl === undefined ? null : asked.ttl * 1000);
      return kept ? done(null) : refusal('the quota of this storage is used up; delete something first', 'quota');
    },
    'storage.delete': (args) => {
      const asked = shapes.delete.parse(args);
      return done(storeOf(asked.area).delete(asked.key));
    },
    'storage.list': (args) => {
      const asked = shapes.list.parse(args);
      const found = storeOf(asked.area).list(asked.prefix, asked.limit + 1, asked.cursor ?? null);
      const keys = found.slice(0, asked.limit);
      return done({ keys, cursor: found.length > keys.length ? keys.at(-1) : null });
    },
  };
  return {
    prefix: 'storage',
    call: async ({ op, args }: BindingCall) => {
      const run = operations[op];
      if (!run) return refusal('this binding does not exist', 'unknown_binding');
      const verb = op === 'storage.get' || op === 'storage.list' ? 'read' : 'write';
      const where = area.parse((args as { area?: unknown } | null)?.area);
      const barred = await may(`storage.${verb}.${where}`);
      return barred ? refusal(barred.message, barred.code, barred.decision) : run(args);
    },
    close: () => undefined,
  };
}
