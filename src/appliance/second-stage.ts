/** The second stage of the guard out of the configuration; the package is loaded only where the key is there. */

import { randomBytes } from 'node:crypto';
import type { Config } from '../config/schema.ts';
import type { Clock, Meter } from '../core/ports.ts';
import { googleInspector } from '../guard/second-stage/google-dlp.ts';
import { SecondStage } from '../guard/second-stage/second-stage.ts';
import { StartRefused } from './start-refused.ts';

export interface SecondStageOrder {
  readonly config: Config;
  readonly clock: Clock;
  readonly meter: Meter;
  /** Further options of Google's client. */
  readonly client?: object;
}

export async function openSecondStage({ config, clock, meter, client }: SecondStageOrder): Promise<SecondStage | null> {
  const keys = config.guard.second_stage;
  if (!keys) return null;
  const now = () => clock.now();
  const endpoint = keys.endpoint === undefined ? {} : { apiEndpoint: keys.endpoint };
  const inspector = await googleInspector({
    ...{ project: keys.project, location: keys.location, now },
    client: { ...endpoint, ...client },
  }).catch((error: unknown) => {
    throw new StartRefused(error instanceof Error ? error.message : 'the second stage cannot start');
  });
  return new SecondStage(
    {
      ...{ rules: keys.rules, deadlineMs: keys.deadline_ms, concurrency: keys.concurrency },
      ...{ batch: { items: keys.batch_items, bytes: keys.batch_bytes }, dailyBytes: keys.daily_bytes },
      breaker: { failures: keys.breaker_failures, pauseMs: keys.breaker_pause_ms },
      cache: { most: keys.cache_entries, ttlMs: keys.cache_ttl_ms },
    },
    {
      ...{ inspector, now, key: randomBytes(32) },
      after: (ms, then) => {
        const timer = setTimeout(then, ms);
        return () => clearTimeout(timer);
      },
      note: (outcome) => meter.count('locktender_guard_second_stage_total', { outcome }),
    },
  );
}
