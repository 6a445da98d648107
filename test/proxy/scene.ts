/** A whole appliance with its demonstration origins in a temporary directory, every door on loopback. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Appliance, startAppliance } from '../../src/appliance/start-appliance.ts';
import { startDemo } from '../../src/appliance/tour/start-demo.ts';
import { secret } from '../../src/appliance/tour/tour-client.ts';
import { rootsOf } from '../../src/control/load-revision.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { systemClock } from '../../src/telemetry/system-clock.ts';
import { loopbackConfig } from './loopback-config.ts';

export interface Scene {
  readonly appliance: Appliance;
  readonly originPort: number;
  /** PEM file of the gate's CA. */
  readonly ca: string;
  /** `host:port` of the SOCKS5 door. */
  readonly socks: string;
  /** `task:token`. */
  readonly pass: string;
  /** POST with a body, else GET. */
  admin(path: string, body?: object): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

export async function openScene(): Promise<Scene> {
  const dir = mkdtempSync(join(tmpdir(), 'locktender-proxy-'));
  const config = loopbackConfig(dir);
  const clock = systemClock;
  const demo = await startDemo(config, rootsOf(config), 0, clock);
  const log = createLog({ level: 'error' });
  const appliance = await startAppliance({ config: demo.config, roots: demo.roots, log, clock, version: 'test' });
  const ca = join(dir, 'ca.pem');
  writeFileSync(ca, appliance.core.authority.pem);
  const admin = async (path: string, body?: object): Promise<Record<string, unknown>> => {
    const response = await fetch(`http://${appliance.adminAddress}${path}`, {
      method: body ? 'POST' : 'GET',
      headers: { authorization: `Bearer ${secret(appliance, 'admin-token')}`, 'content-type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    return (await response.json()) as Record<string, unknown>;
  };
  const issued = await admin('/v1/passes', { tenant: 'acme', class: 'demo' });
  const { username, password } = new URL(String(issued['proxy_url']));
  return {
    appliance,
    originPort: demo.origins.port,
    ca,
    socks: appliance.doors.find((door) => door.name === 'socks5')?.address ?? '',
    pass: `${username}:${password}`,
    admin,
    close: async () => {
      await appliance.stop(0);
      await demo.origins.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
