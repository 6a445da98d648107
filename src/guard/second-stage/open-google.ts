/** The second stage over Google Cloud DLP, out of its keys of the configuration. */

import { randomBytes } from 'node:crypto';
import type { SecondStageRule } from './doubts.ts';
import { googleInspector } from './google-dlp.ts';
import { SecondStage, type SecondStagePorts } from './second-stage.ts';

/** As the configuration names them. */
export interface SecondStageKeys {
  readonly project: string;
  readonly location: string;
  readonly endpoint?: string | undefined;
  readonly rules: readonly SecondStageRule[];
  readonly deadline_ms: number;
  readonly concurrency: number;
  readonly batch_items: number;
  readonly batch_bytes: number;
  readonly daily_bytes: number;
  readonly breaker_failures: number;
  readonly breaker_pause_ms: number;
  readonly cache_entries: number;
  readonly cache_ttl_ms: number;
}

export interface OpenOrder extends Pick<SecondStagePorts, 'now' | 'note'> {
  readonly keys: SecondStageKeys;
  /** Further options of Google's client. */
  readonly client?: object;
}

/** Rejects, saying what to do, where the package is not installed. */
export async function openGoogle({ keys, now, note, client }: OpenOrder): Promise<SecondStage> {
  const endpoint = keys.endpoint === undefined ? {} : { apiEndpoint: keys.endpoint };
  const inspector = await googleInspector({
    ...{ project: keys.project, location: keys.location, now },
    client: { ...endpoint, ...client },
  });
  return new SecondStage(
    {
      ...{ rules: keys.rules, deadlineMs: keys.deadline_ms, concurrency: keys.concurrency },
      ...{ batch: { items: keys.batch_items, bytes: keys.batch_bytes }, dailyBytes: keys.daily_bytes },
      breaker: { failures: keys.breaker_failures, pauseMs: keys.breaker_pause_ms },
      cache: { most: keys.cache_entries, ttlMs: keys.cache_ttl_ms },
    },
    {
      ...{ inspector, now, note, key: randomBytes(32) },
      after: (ms, then) => {
        const timer = setTimeout(then, ms);
        return () => clearTimeout(timer);
      },
    },
  );
}
