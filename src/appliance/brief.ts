/**
 * An appliance for the length of one command, where none runs: every door on a free port of loopback. It takes the state
 * directory that was named when there is one, so that what operators decided holds and what happens is on its record;
 * else a temporary one, removed at the end.
 */

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../config/schema.ts';
import { rootsOf } from '../control/load-revision.ts';
import { createLog } from '../telemetry/log.ts';
import { systemClock } from '../telemetry/system-clock.ts';
import { beforeSignals } from './before-signals.ts';
import { announceDoors } from './doors-file.ts';
import { type Appliance, startAppliance } from './start-appliance.ts';
import { startDemo } from './tour/start-demo.ts';
import { VERSION } from './version.ts';

export interface BriefAppliance {
  /** State directory to talk to it by. */
  readonly state: string;
  stop(): Promise<void>;
}

interface Started {
  readonly appliance: Appliance;
  readonly demoPort: number | null;
}

const ANY_PORT = { host: '127.0.0.1', port: 0 };

/** Throws `StartRefused` with the cause, for example when another appliance holds the state directory. */
export async function startBrief(given: Config, demo: boolean): Promise<BriefAppliance> {
  const temporary = existsSync(given.state) ? null : mkdtempSync(join(tmpdir(), 'locktender-brief-'));
  const undo: (() => unknown)[] = [];
  if (temporary !== null) undo.push(() => rmSync(temporary, { recursive: true, force: true }));
  const stop = beforeSignals(async () => {
    for (const step of undo.splice(0).reverse()) await step();
  });
  try {
    const { appliance, demoPort } = await start(
      temporary === null ? given : { ...given, state: join(temporary, 'state') },
      demo,
      undo,
    );
    undo.push(announceDoors(appliance, demoPort));
    return { state: appliance.core.state.path, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(given: Config, demo: boolean, undo: (() => unknown)[]): Promise<Started> {
  const clock = systemClock;
  let config: Config = {
    ...given,
    proxy: { ...given.proxy, listen: ANY_PORT },
    socks: { ...given.socks, enabled: false },
    gateway: { ...given.gateway, listen: ANY_PORT },
    admin: { ...given.admin, listen: ANY_PORT },
  };
  let roots = rootsOf(config);
  let demoPort: number | null = null;
  if (demo) {
    const started = await startDemo(config, roots, 0, clock);
    undo.push(() => started.origins.close());
    ({ config, roots } = started);
    demoPort = started.origins.port;
  }
  const appliance = await startAppliance({
    config,
    roots,
    log: createLog({ level: 'error' }),
    clock,
    version: VERSION,
  });
  undo.push(() => appliance.stop(0));
  return { appliance, demoPort };
}
