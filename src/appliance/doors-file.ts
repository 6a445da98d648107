/** `<state>/doors.json`: where the command line on this machine finds the appliance; there only while it runs. */

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Appliance } from './start-appliance.ts';

/** Writes it; the value takes it away again. `demoPort` is where the demonstration's origins listen, if they do. */
export function announceDoors(appliance: Appliance, demoPort: number | null): () => void {
  const { proxyAddress, adminAddress, gatewayAddress, core } = appliance;
  const { config, state } = core;
  const tls = config.gateway.tls_cert === undefined ? 'http' : 'https';
  const doors = {
    proxy: proxyAddress,
    admin: `http://${adminAddress}`,
    gateway: `${tls}://${gatewayAddress}`,
    demo: demoPort === null ? null : `https://docs.demo.test:${demoPort}`,
  };
  const file = join(state.path, 'doors.json');
  writeFileSync(file, `${JSON.stringify(doors)}\n`, { mode: 0o600 });
  return () => rmSync(file, { force: true });
}
