/**
 * A whole appliance before the test server that comes with the web-platform tests: what tasks ask for goes through the
 * gateway, the gate and the guard, as it does for everybody else. Every name of the test server is on loopback.
 */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { startAppliance } from '../../../src/appliance/start-appliance.ts';
import { rootsOf } from '../../../src/control/load-revision.ts';
import { gatewayClient } from '../../../src/gateway/client.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { systemClock } from '../../../src/telemetry/system-clock.ts';
import { loopbackConfig } from '../../proxy/loopback-config.ts';

/** Where the test server listens, on loopback. */
export interface TestServer {
  readonly http: readonly number[];
  readonly https: readonly number[];
  /** HTTP/2 over TLS. */
  readonly h2: readonly number[];
  /** PEM file of its CA. */
  readonly ca: string;
}

export interface WptGate {
  /** The result as JSON text would have it, or why there is none. */
  run(code: string): Promise<{ readonly result: unknown; readonly status: string; readonly message: string }>;
  close(): Promise<void>;
}

const NAMES = ['web-platform.test', 'not-web-platform.test'];
const SUBS = ['', 'www.', 'www1.', 'www2.', 'nonexistent.'];
const HOSTS = NAMES.flatMap((name) => SUBS.map((sub) => `${sub}${name}`));

const capability = (kind: 'read' | 'write', ports: readonly number[]) => `version: 1
name: net.${kind}.wpt
owner: tests
description: The test server.
risk: low
inspect: auto
grants:
  - methods: ${kind}
    hosts: [${HOSTS.join(', ')}]
    ports: [${ports.join(', ')}]
private_destinations: [127.0.0.1/32]
`;

const PROFILE = `version: 1
name: wpt
owner: tests
description: The test server.
capabilities: [net.read.wpt, net.write.wpt]
limits:
  cpu_ms: 40000
  wall_ms: 60000
  memory_mb: 256
  output_bytes: 16000000
  requests: 10000
  rate: 1000
  bytes_up: 1048576000
  bytes_down: 1073741824
  concurrency: 1000
  distinct_hosts: 100
  leak_bytes: 65536
guard:
  request: observe
  result: observe
  min_likelihood: VERY_LIKELY
  unscannable: pass
record_paths: clear
`;

export async function openWptGate(server: TestServer): Promise<WptGate> {
  const dir = mkdtempSync(join(tmpdir(), 'locktender-wpt-'));
  const known = HOSTS.filter((host) => !host.startsWith('nonexistent.'));
  const addresses = Object.fromEntries(known.map((host) => [host, ['127.0.0.1']]));
  const config = loopbackConfig(dir, { 'proxy.inspect.upstream_ca': server.ca }, addresses);
  const roots = rootsOf(config);
  const rules = writeRules(join(dir, 'rules'), [...server.http, ...server.https, ...server.h2]);
  const appliance = await startAppliance({
    config,
    roots: { ...roots, rules: [...roots.rules, rules] },
    log: createLog({ level: 'error' }),
    clock: systemClock,
    version: 'test',
  });
  const gateway = appliance.doors.find(({ name }) => name === 'gateway')?.address ?? '';
  const token = readFileSync(join(dir, 'state', 'gateway-key'), 'utf8').trim();
  const client = gatewayClient({ url: `http://${gateway}`, token });
  return {
    run: async (code) => {
      const { result, status, error } = await client.runTask({ code, class: 'wpt', tenant: 'wpt' });
      return { result, status, message: error?.message ?? '' };
    },
    close: async () => {
      await appliance.stop(0);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function writeRules(dir: string, ports: readonly number[]): string {
  const put = (path: string, text: string) => {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  };
  put('capabilities/net.read.wpt.yaml', capability('read', ports));
  put('capabilities/net.write.wpt.yaml', capability('write', ports));
  put('profiles/wpt.yaml', PROFILE);
  const shipped = readFileSync(new URL('../../../rules/classes.yaml', import.meta.url), 'utf8');
  put('classes.yaml', `${shipped.trimEnd()}\n  - { name: wpt, description: Tests., profile: wpt }\n`);
  return dir;
}
