/** The second stage of the guard out of the configuration; the package is loaded only where the key is there. */

import type { Config } from '../../config/schema.ts';
import type { Clock, Meter } from '../../core/ports.ts';
import { openGoogle } from '../../guard/second-stage/open-google.ts';
import type { SecondStage } from '../../guard/second-stage/second-stage.ts';
import { StartRefused } from '../start-refused.ts';

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
  const note = (outcome: string) => meter.count('locktender_guard_second_stage_total', { outcome });
  return await openGoogle({ keys, now: () => clock.now(), note, ...(client && { client }) }).catch((error: unknown) => {
    throw new StartRefused(error instanceof Error ? error.message : 'the second stage cannot start');
  });
}
