/**
 * `locktender tour`: an appliance and loopback origins in a temporary directory, walked through on real TCP and TLS.
 * Each step says what was observed; a step that was not observed as it should be makes the tour fail.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import { rootsOf } from '../../control/load-revision.ts';
import { problemText } from '../../core/result.ts';
import { createLog } from '../../telemetry/log.ts';
import { systemClock } from '../../telemetry/system-clock.ts';
import { beforeSignals } from '../before-signals.ts';
import { type Appliance, startAppliance } from '../start-appliance.ts';
import { VERSION } from '../version.ts';
import { startDemo } from './start-demo.ts';
import { TOUR_STEPS, type TourScene } from './tour-steps.ts';

export interface TourIo {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
}

interface StepResult {
  readonly step: string;
  readonly observed: boolean;
  readonly detail: string;
}

/** Every door on a free port of loopback, so that a tour never meets an appliance that runs. */
const FREE_PORTS = {
  'proxy.listen': '127.0.0.1:0',
  'socks.listen': '127.0.0.1:0',
  'gateway.listen': '127.0.0.1:0',
  'admin.listen': '127.0.0.1:0',
  'log.level': 'error',
};

/** Resolves with 0 only when every step was observed. */
export async function tour({ json }: { readonly json: boolean }, io: TourIo): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), 'locktender-tour-'));
  const clear = beforeSignals(() => rmSync(dir, { recursive: true, force: true }));
  const results: StepResult[] = [];
  try {
    const scene = await openScene(dir);
    try {
      for (const { name, observe } of TOUR_STEPS) {
        const result = await outcome(name, () => observe(scene));
        results.push(result);
        if (!json) io.stdout(`${result.observed ? 'ok  ' : 'FAIL'}  ${name}\n      ${result.detail}\n`);
      }
    } finally {
      await scene.close();
    }
  } finally {
    await clear();
  }
  const passed = results.every((r) => r.observed);
  if (json) io.stdout(`${JSON.stringify({ ok: passed, steps: results })}\n`);
  else io.stdout(passed ? 'every step was observed\n' : 'NOT every step was observed\n');
  return passed ? 0 : 1;
}

async function outcome(step: string, observe: () => Promise<string>): Promise<StepResult> {
  try {
    return { step, observed: true, detail: await observe() };
  } catch (error) {
    return { step, observed: false, detail: error instanceof Error ? error.message : 'unknown' };
  }
}

async function openScene(dir: string): Promise<TourScene & { close(): Promise<void> }> {
  const config = configFor(dir);
  const clock = systemClock;
  const demo = await startDemo(config, rootsOf(config), 0, clock);
  let appliance: Appliance;
  try {
    const log = createLog({ level: 'error' });
    appliance = await startAppliance({ config: demo.config, roots: demo.roots, log, clock, version: VERSION });
  } catch (error) {
    await demo.origins.close();
    throw error;
  }
  return {
    appliance,
    originPort: demo.origins.port,
    close: async () => {
      await appliance.stop(0);
      await demo.origins.close();
    },
  };
}

function configFor(dir: string): Config {
  const flags = { ...FREE_PORTS, state: join(dir, 'state') };
  const loaded = loadConfig({ file: null, text: null, env: {}, flags, cwd: dir });
  if (!loaded.ok) throw new Error(loaded.error.map(problemText).join('; '));
  return loaded.value;
}
