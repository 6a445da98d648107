/**
 * Puts the parts together in the order in which they need each other, and takes them apart in reverse. What cannot
 * start is named in a `StartRefused`; what had been started by then is stopped again.
 */

import { join } from 'node:path';
import { consolePages } from '../admin/console-pages.ts';
import { type AdminDoor, startAdmin } from '../admin/server.ts';
import type { Config } from '../config/schema.ts';
import { loadPolicyLive } from '../control/load-revision.ts';
import { problemText } from '../core/result.ts';
import { startGateway } from '../gateway/server.ts';
import { createDecider } from '../policy/decider.ts';
import { Budgets } from '../proxy/budget/budgets.ts';
import { ByteCounts } from '../proxy/budget/byte-counts.ts';
import { FieldLeaks } from '../proxy/budget/field-leaks.ts';
import { createEgress } from '../proxy/doors/egress.ts';
import { type DoorAddress, OwnDoors } from '../proxy/doors/own-doors.ts';
import type { Gate } from '../proxy/gate.ts';
import { type RunningProxy, startProxy } from '../proxy/start-proxy.ts';
import { adminPorts } from './admin-ports.ts';
import { applianceView, type ViewState } from './appliance-view.ts';
import { followingDesks } from './fleet/following-desks.ts';
import { loadFrom } from './fleet/load-from.ts';
import { openRecords } from './fleet/open-records.ts';
import { gatewayParts, openPool } from './gateway-parts.ts';
import { loginSettings } from './login-settings.ts';
import { meteredDecide } from './metered.ts';
import { type Core, type CoreOptions, openCore } from './open-core.ts';
import { passDesk, policyDesk } from './policy/policy-desk.ts';
import { doorsOf, proxySettings, resolverOf, upstreamsOf } from './proxy-parts.ts';
import { recordDesk } from './record/record-desk.ts';
import { rulesDesk } from './rules/rules-desk.ts';
import { must, opening, refusedBy, Started } from './start-refused.ts';
import { loadTools, type Tools } from './tool-desk.ts';
import { EgressWorkers, workerCount } from './workers/egress-workers.ts';

export interface OpenedDoor {
  readonly name: string;
  readonly address: string;
}

export interface Appliance {
  readonly core: Core;
  readonly doors: readonly OpenedDoor[];
  /** `host:port` of the door for sandboxes. */
  readonly proxyAddress: string;
  readonly adminAddress: string;
  readonly gatewayAddress: string;
  /** The doors for sandboxes. */
  readonly egress: EgressDoors;
  /** Reads every file that people edit again; what is wrong is logged and leaves the running one in force. */
  reload(): Promise<void>;
  /** Refuses new work, lets what runs finish for `drainMs`, then ends everything. */
  stop(drainMs: number): Promise<void>;
}

interface Running {
  readonly core: Core;
  readonly started: Started;
  readonly own: DoorAddress[];
  draining: boolean;
  drainMs: number;
}

export async function startAppliance(options: CoreOptions): Promise<Appliance> {
  const started = new Started();
  try {
    const core = await openCore(options, started);
    return await openDoors({ core, started, own: [], draining: false, drainMs: 0 });
  } catch (error) {
    await started.stop();
    throw refusedBy(error);
  }
}

async function openDoors(running: Running): Promise<Appliance> {
  const { core, started } = running;
  const doors: OpenedDoor[] = [];
  const { gate, proxy, tellDoors } = await openEgress(running);
  started.add(() => proxy.close({ drainMs: running.drainMs }));
  for (const door of proxy.doors) {
    doors.push({ name: door.kind === 'socks5' ? 'socks5' : 'egress proxy', address: hostPort(door) });
  }
  const pool = openPool(core);
  started.add(() => pool?.close());
  let tools = must(loadTools(core.roots.rules, core.control.current().bundle));
  const parts = gatewayParts(core, pool, createEgress(gate), () => tools);
  const gateway = await opening('gateway', () => startGateway(parts));
  started.add(() => gateway.close({ drainMs: running.drainMs }));
  running.own.push(gateway.address);
  doors.push({ name: 'gateway', address: hostPort(gateway.address) });
  const missing = () => core.fleet?.missing() ?? [];
  const view: ViewState = { doors: () => doors, draining: () => running.draining, missing };
  const admin = await openAdmin(running, proxy, view);
  running.own.push(admin.address);
  tellDoors();
  doors.push({ name: 'admin API', address: hostPort(admin.address) });
  const setTools = (next: Tools) => {
    tools = next;
  };
  core.fleet?.start(core, loadFrom(core, setTools));
  return {
    core,
    doors,
    egress: proxy,
    proxyAddress: addressOf(proxy),
    adminAddress: hostPort(admin.address),
    gatewayAddress: hostPort(gateway.address),
    reload: async () => {
      // A member's files come from its hub.
      if (core.fleet?.hub) return;
      await core.control.reload(await loadPolicyLive(core.roots));
      await core.readmission.review(core.control);
      const { guard, rulesThread, roots } = core;
      await rulesThread.exclusively(async () => guard.reload(await rulesThread.load(roots, guard.rules())));
      const next = loadTools(core.roots.rules, core.control.current().bundle);
      if (next.ok) tools = next.value;
      else core.log.error({ problems: next.error.map(problemText) }, 'new tools refused; the old stay in force');
    },
    stop: async (drainMs) => {
      running.draining = true;
      running.drainMs = drainMs;
      await started.stop();
    },
  };
}

interface Egress {
  /** Of this thread, for what the isolates fetch. */
  readonly gate: Gate;
  readonly proxy: EgressDoors;
  /** Says which doors are open now. */
  readonly tellDoors: () => void;
}

/** In this thread, or in several. */
type EgressDoors = EgressWorkers | RunningProxy;

/** The doors for sandboxes: in this thread, or in several that share them. */
async function openEgress(running: Running): Promise<Egress> {
  const { core, own } = running;
  const bytes = new ByteCounts();
  const budgets = new Budgets(proxySettings(core.config).tenant, bytes);
  const fieldLeaks = new FieldLeaks();
  const gate = gateOf(running, { budgets, fieldLeaks });
  const count = workerCount(core.config);
  if (count === 1) {
    const proxy = await opening('egress proxy', () => startProxy(gate, doorsOf(core.config)));
    return { gate, proxy, tellDoors: () => undefined };
  }
  const ownDoors = () => own;
  const parts = { core, count, budgets, bytes, fieldLeaks, ownDoors };
  const workers = await opening('egress proxy', () => EgressWorkers.start(parts));
  for (const door of workers.doors) gate.ownDoors.add(door);
  return { gate, proxy: workers, tellDoors: () => workers.tellDoors(own) };
}

function gateOf(running: Running, { budgets, fieldLeaks }: Pick<Gate, 'budgets' | 'fieldLeaks'>): Gate {
  const { config, control, leases, audit, passes, clients, guard, broker, authority, clock, log, meter } = running.core;
  const { fleet } = running.core;
  const settings = proxySettings(config);
  return {
    policy: control,
    decide: meteredDecide(createDecider({ source: control, leases }), { clock, meter }),
    leases,
    audit,
    passes,
    clients,
    guard: () => guard.current(),
    broker,
    authority,
    resolver: resolverOf(config, clock),
    budgets,
    fieldLeaks,
    upstreams: upstreamsOf(settings),
    ownDoors: new OwnDoors(() => running.own),
    pathKey: pathKeyOf(running.core),
    clock,
    log,
    meter,
    settings,
    draining: () => running.draining,
    ...(fleet && { stale: () => fleet.stale() }),
  };
}

function pathKeyOf({ keys, tenantKeys }: Core): Gate['pathKey'] {
  const own = keys.secret('path-hash');
  return (tenant) => (tenant === null ? own : tenantKeys.of(tenant).hash);
}

async function openAdmin({ core, started }: Running, proxy: EgressDoors, view: ViewState): Promise<AdminDoor> {
  const { config, control, guard, rulesThread, leases, tasks, roots, clock, log, state, passes, audit } = core;
  const record = recordDesk(core);
  started.add(() => record.close());
  const appliance = applianceView(core, view, record);
  started.add(async () => appliance.close());
  const desks = {
    policy: policyDesk({
      control,
      guard,
      thread: rulesThread,
      roots,
      clock,
      log: audit,
      bundles: core.bundles,
      readmission: core.readmission,
    }),
    rules: rulesDesk({ guard, thread: rulesThread, roots, state, clock }),
  };
  const records = openRecords(core);
  started.add(() => records?.close());
  const ports = adminPorts({
    control,
    leases,
    tasks,
    passes: passDesk({ passes, config, clock, addresses: () => advertisedDoors(config, proxy) }),
    ...(core.fleet?.hub ? followingDesks(desks, core.fleet.hub, core) : desks),
    record,
    appliance,
    fleet: core.fleet,
    records,
  });
  const { listen, hosts, requests_per_minute: requestsPerMinute, metrics_public: metricsPublic } = config.admin;
  const tokenFile = join(state.path, 'admin-token');
  const door = await opening('admin API', () =>
    startAdmin({
      ...{ listen, hosts, requestsPerMinute, metricsPublic },
      ...{ documents: state.documents, tokenFile, ports, clock, log, pages: consolePages() },
      ...loginSettings(config.admin.oidc),
    }),
  );
  started.add(() => door.close());
  return door;
}

/** What passes name: as configured, else where the door listens; a wildcard is reached by loopback. */
function advertisedDoors({ proxy: { advertise }, socks }: Config, proxy: EgressDoors) {
  const door = proxy.doors.find(({ kind }) => kind === 'socks5');
  const near = (address: string) => address.replace(/^0\.0\.0\.0(?=:)/, '127.0.0.1').replace(/^\[::\](?=:)/, '[::1]');
  return {
    proxy: advertise ?? near(addressOf(proxy)),
    socks: door ? (socks?.advertise ?? near(hostPort(door))) : null,
  };
}

function addressOf(proxy: EgressDoors): string {
  const [door] = proxy.doors;
  if (!door) throw new Error('the egress proxy opened no door');
  return hostPort(door);
}

export function hostPort({ host, port }: DoorAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
