/**
 * Locktender under test: the whole appliance, strict record on a real disk, one pass. With `guard` the shipped DLP rules
 * run on every head and body; without it one small file of rules is left, and everything else is as always.
 *
 * Arguments: state directory, CA of the origins, port, `guard` or `plain`. Prints one line of JSON when ready.
 */

import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { letHeapGrow } from '../../src/appliance/heap-growth.ts';
import { startAppliance } from '../../src/appliance/start-appliance.ts';
import { secret } from '../../src/appliance/tour/tour-client.ts';
import { loadConfig } from '../../src/config/load.ts';
import { rootsOf } from '../../src/control/load-revision.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { systemClock } from '../../src/telemetry/system-clock.ts';
import { HOSTS, host, PORTS, TUNNEL_HOST } from './world.ts';

const [dir = '', originCa = '', port = '0', guard = 'plain', workers = '1'] = process.argv.slice(2);

const capability = (name: string, of: { inspect: string; hosts: string; ports: string }) => `version: 1
name: ${name}
owner: bench
description: Hosts of the bench.
risk: low
inspect: ${of.inspect}
grants:
  - methods: read
    hosts: ["${of.hosts}"]
    ports: [${of.ports}]
private_destinations: [127.0.0.1/32]
`;

const PROFILE = `version: 1
name: bench
owner: bench
description: No bound is met in a bench.
capabilities: [net.read.bench, net.tunnel.bench]
limits:
  cpu_ms: 10000
  wall_ms: 86400000
  memory_mb: 64
  output_bytes: 262144
  requests: 1000000000
  rate: 1000000
  bytes_up: 9007199254740991
  bytes_down: 9007199254740991
  concurrency: 100000
  distinct_hosts: 100000
  leak_bytes: 1000000000
guard: { request: enforce, result: enforce, min_likelihood: LIKELY, unscannable: pass }
record_paths: hash
`;

/** A rule set may not be empty. */
const ONE_RULE_FILE = 'mail.yaml';

const appliance = await start();
// As `serve` does.
letHeapGrow();
const issued = await appliance.core.passes.issue({
  tenant: 'bench',
  kind: 'sandbox',
  class: 'bench',
  task: null,
  risk: 0,
  capabilities: null,
  ttlMs: 3_600_000,
  caller: 'bench',
} as never);
if (!issued.ok) throw new Error(issued.error.message);
const { token, claims } = issued.value;
writeFileSync(join(dir, 'ca.pem'), appliance.core.authority.pem);
const admin = { address: appliance.adminAddress, token: secret(appliance, 'admin-token') };
process.stdout.write(`${JSON.stringify({ pass: `${claims.task}:${token}`, ca: join(dir, 'ca.pem'), admin })}\n`);
process.once('SIGTERM', () => void appliance.stop(0).then(() => process.exit(0)));

async function start() {
  const base = join(dir, 'rules');
  const probe = config();
  const [shipped = ''] = rootsOf(probe).rules;
  mkdirSync(dir, { recursive: true });
  cpSync(shipped, base, { recursive: true });
  if (guard !== 'guard') {
    for (const name of readdirSync(join(base, 'dlp'))) if (name !== ONE_RULE_FILE) rmSync(join(base, 'dlp', name));
  }
  const classes = parseDocument(readFileSync(join(base, 'classes.yaml'), 'utf8'));
  classes.addIn(['classes'], classes.createNode({ name: 'bench', description: 'Bench', profile: 'bench' }));
  writeFileSync(join(base, 'classes.yaml'), classes.toString());
  const hosts = { inspect: 'auto', hosts: '*.bench.test', ports: `${PORTS.http}, ${PORTS.tls}` };
  writeFileSync(join(base, 'capabilities/net.read.bench.yaml'), capability('net.read.bench', hosts));
  const tunnel = { inspect: 'never', hosts: TUNNEL_HOST, ports: `${PORTS.raw}` };
  writeFileSync(join(base, 'capabilities/net.tunnel.bench.yaml'), capability('net.tunnel.bench', tunnel));
  writeFileSync(join(base, 'profiles/bench.yaml'), PROFILE);
  const given = config();
  const fixed: Record<string, string[]> = { [TUNNEL_HOST]: ['127.0.0.1'] };
  for (let n = 0; n < HOSTS; n += 1) fixed[host(n)] = ['127.0.0.1'];
  const { resolver, inspect } = given.proxy;
  const proxy = {
    ...given.proxy,
    resolver: { ...resolver, hosts: fixed },
    inspect: { ...inspect, upstream_ca: [originCa] },
  };
  const roots = { ...rootsOf(given), rules: [base] };
  const log = createLog({ level: 'error' });
  return startAppliance({ config: { ...given, proxy }, roots, log, clock: systemClock, version: 'bench' });
}

function config() {
  const flags = {
    'proxy.listen': `127.0.0.1:${port}`,
    'socks.enabled': 'false',
    'gateway.listen': '127.0.0.1:0',
    'admin.listen': '127.0.0.1:0',
    'isolates.hosts': '0',
    'log.level': 'error',
    workers,
    state: join(dir, 'state'),
  };
  const loaded = loadConfig({ file: null, text: null, env: {}, flags, cwd: '/' });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  return loaded.value;
}
