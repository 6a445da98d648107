/**
 * The whole appliance for the cut: two categories of hosts, two tenants, three capabilities; shipped DLP rules, strict
 * record. Arguments: scratch directory, CA of the origins, their port. Prints one line of JSON when ready.
 */

import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseDocument } from 'yaml';
import { startAppliance } from '../../src/appliance/start-appliance.ts';
import { secret } from '../../src/appliance/tour/tour-client.ts';
import { loadConfig } from '../../src/config/load.ts';
import { rootsOf } from '../../src/control/load-revision.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { systemClock } from '../../src/telemetry/system-clock.ts';
import { ALL_HOSTS, CATEGORY_OF, hostOf, KINDS, type Side } from './world.ts';

/**
 * How late the gate's event loop was, ms, since it was first asked; and the most CPU that its thread took between two looks a
 * millisecond apart, which is what one turn of its own can cost others, whoever else has the core meanwhile.
 */
const loop = monitorEventLoopDelay({ resolution: 1 });
let turnCpu = 0;
let spent = 0;
const look = () => {
  const { user, system } = process.threadCpuUsage();
  turnCpu = Math.max(turnCpu, user + system - spent);
  spent = user + system;
};
process.on('message', (message) => {
  if (message === 'since') {
    if (spent === 0) setInterval(look, 1);
    look();
    turnCpu = 0;
    loop.enable();
    loop.reset();
    return;
  }
  look();
  const [p50, p99, max] = [loop.percentile(50), loop.percentile(99), loop.max].map((ns) => ns / 1e6);
  process.send?.({ p50, p99, max, turnCpu: turnCpu / 1e3 });
});

const [dir = '', originCa = '', port = '0'] = process.argv.slice(2);

const capability = (name: string, inspect: string, grant: string, hosts: readonly string[]) => `version: 1
name: ${name}
owner: bench
description: Hosts of the bench.
risk: low
inspect: ${inspect}
grants:
  - { ${grant}, hosts: [${hosts.join(', ')}], ports: [${port}] }
private_destinations: [127.0.0.1/32]
`;

const PROFILE = `version: 1
name: bench
owner: bench
description: No bound is met in a bench.
capabilities: [net.read.bench, net.write.bench, net.tunnel.bench]
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

const appliance = await start();
const passes = { lost: await pass('lost'), kept: await pass('kept') };
const line = {
  proxy: appliance.proxyAddress,
  admin: appliance.adminAddress,
  adminToken: secret(appliance, 'admin-token'),
  passes,
  ca: appliance.core.authority.pem,
};
process.stdout.write(`${JSON.stringify(line)}\n`);
process.once('SIGTERM', () => void appliance.stop(0).then(() => process.exit(0)));
process.once('disconnect', () => process.exit(0));

/** One tenant for each side. */
async function pass(tenant: Side): Promise<string> {
  const issued = await appliance.core.passes.issue({
    ...{ tenant, kind: 'sandbox', class: 'bench', profile: null, task: null, risk: 0 },
    ...{ ttlMs: 3_600_000, caller: 'bench' },
  });
  if (!issued.ok) throw new Error(issued.error.message);
  return `${issued.value.claims.task}:${issued.value.token}`;
}

function start() {
  const given = config();
  const rules = join(dir, 'rules');
  const put = (path: string, text: string) => {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  };
  const roots = rootsOf(given);
  cpSync(roots.rules[0] ?? '', rules, { recursive: true });
  const classes = parseDocument(readFileSync(join(rules, 'classes.yaml'), 'utf8'));
  classes.addIn(['classes'], classes.createNode({ name: 'bench', description: 'Bench', profile: 'bench' }));
  put('rules/classes.yaml', classes.toString());
  const hosts = (...kinds: readonly (typeof KINDS)[number][]) =>
    ALL_HOSTS.filter((h) => kinds.some((k) => h.startsWith(k)));
  put(
    'rules/capabilities/net.read.bench.yaml',
    capability('net.read.bench', 'auto', 'methods: read', hosts('inspected', 'sse')),
  );
  put(
    'rules/capabilities/net.write.bench.yaml',
    capability('net.write.bench', 'auto', 'methods: write, websocket: true', hosts('websocket')),
  );
  put(
    'rules/capabilities/net.tunnel.bench.yaml',
    capability('net.tunnel.bench', 'never', 'methods: read', hosts('tunnel')),
  );
  put('rules/profiles/bench.yaml', PROFILE);
  for (const [side, category] of Object.entries(CATEGORY_OF)) {
    const names = KINDS.map((kind) => hostOf(kind, side as keyof typeof CATEGORY_OF));
    put(`categories/lists/${category}/bench.txt`, `${names.join('\n')}\n`);
  }
  const fixed = Object.fromEntries(ALL_HOSTS.map((name) => [name, ['127.0.0.1']]));
  const { resolver, inspect } = given.proxy;
  const proxy = {
    ...given.proxy,
    resolver: { ...resolver, hosts: fixed },
    inspect: { ...inspect, upstream_ca: [originCa] },
  };
  return startAppliance({
    config: { ...given, proxy },
    roots: { ...roots, rules: [rules], categories: [...roots.categories, join(dir, 'categories')] },
    ...{ log: createLog({ level: 'error' }), clock: systemClock, version: 'bench' },
  });
}

function config() {
  const any = '127.0.0.1:0';
  const flags = {
    ...{ 'proxy.listen': any, 'gateway.listen': any, 'admin.listen': any, 'socks.enabled': 'false' },
    ...{ 'isolates.hosts': '0', 'log.level': 'error', state: join(dir, 'state') },
  };
  const loaded = loadConfig({ file: null, text: null, env: {}, flags, cwd: '/' });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  return loaded.value;
}
