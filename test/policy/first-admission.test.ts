/** Cedar takes a fifth of a second to be read: never while flows of an earlier start's passes are served. */

import { createRequire } from 'node:module';
import { afterAll, expect, it } from 'vitest';
import { startAppliance } from '../../src/appliance/start-appliance.ts';
import { rootsOf } from '../../src/control/load-revision.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { systemClock } from '../../src/telemetry/system-clock.ts';
import { temporaryDirectory } from '../journey/running-appliance.ts';
import { loopbackConfig } from '../proxy/loopback-config.ts';

const directory = temporaryDirectory();
afterAll(() => directory.remove());

const { cache } = createRequire(import.meta.url);
const isRead = () => Object.keys(cache).some((path) => path.includes('cedar_wasm'));

it('is read before a gate that was started before opens its doors', async () => {
  const config = loopbackConfig(directory.path);
  const options = { config, roots: rootsOf(config), log: createLog({ level: 'silent' }), clock: systemClock };
  for (const _ of ['first', 'again']) await (await startAppliance({ ...options, version: 'test' })).stop(0);
  expect(isRead()).toBe(true);
});
