/** `locktender serve`: starts the appliance, says where its doors are, and runs until it is told to stop. */

import type { Config } from '../config/schema.ts';
import { rootsOf } from '../control/load-revision.ts';
import { createLog } from '../telemetry/log.ts';
import { systemClock } from '../telemetry/system-clock.ts';
import { announceDoors } from './doors-file.ts';
import { letHeapGrow } from './heap-growth.ts';
import { type Appliance, startAppliance } from './start-appliance.ts';
import { opening, StartRefused } from './start-refused.ts';
import type { DemoOrigins } from './tour/demo-origins.ts';
import { startDemo } from './tour/start-demo.ts';
import { VERSION } from './version.ts';
import { watchFiles } from './watch-files.ts';

export interface ServeOptions {
  readonly config: Config;
  /** Adds the demonstration: loopback origins and a policy for them. */
  readonly demo: boolean;
  /** Where the demonstration's origins listen; 0 takes any free port. */
  readonly demoPort: number;
}

export interface ServeIo {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
}

/** Resolves with the exit code once the appliance has stopped. */
export async function serve(options: ServeOptions, io: ServeIo): Promise<number> {
  try {
    return await run(options, io);
  } catch (error) {
    if (!(error instanceof StartRefused)) throw error;
    io.stderr(`${error.message}\n`);
    return 2;
  }
}

async function run({ config: given, demo, demoPort }: ServeOptions, io: ServeIo): Promise<number> {
  const clock = systemClock;
  const log = createLog({ level: given.log.level });
  let config = given;
  let roots = rootsOf(config);
  let origins: DemoOrigins | null = null;
  if (demo) {
    const started = await opening('demonstration', () => startDemo(given, roots, demoPort, clock));
    ({ config, roots, origins } = started);
  }
  const appliance = await startAppliance({ config, roots, log, clock, version: VERSION }).catch(async (error) => {
    await origins?.close();
    throw error;
  });
  letHeapGrow();
  const unwatch = watchFiles(roots, log, () => appliance.reload());
  const silence = announceDoors(appliance, origins?.port ?? null);
  const stopped = untilSignal(appliance, config.drain_ms);
  for (const { name, address } of appliance.doors) io.stdout(`${name} ${address}\n`);
  if (origins) io.stdout(`demonstration origins 127.0.0.1:${origins.port}\n`);
  io.stdout('ready\n');
  await stopped;
  unwatch();
  silence();
  await origins?.close();
  return 0;
}

/** Resolves when the first SIGTERM or SIGINT has been obeyed; a second one ends the process at once. */
function untilSignal(appliance: Appliance, drainMs: number): Promise<void> {
  const { log } = appliance.core;
  const reload = () => {
    appliance.reload().catch((error) => log.error({ error }, 'a reload failed; what was in force still is'));
  };
  process.on('SIGHUP', reload);
  return new Promise((done) => {
    let stopping = false;
    const onSignal = (signal: NodeJS.Signals) => {
      if (stopping) process.exit(1);
      stopping = true;
      log.info({ signal, drainMs }, 'draining; a second signal ends at once');
      appliance.stop(drainMs).then(done, (error) => {
        log.error({ error }, 'the appliance did not stop cleanly');
        process.exit(4);
      });
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}
