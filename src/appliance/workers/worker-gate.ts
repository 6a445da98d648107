/** Puts the gate of an egress worker together, from what the control thread hands it. */

import type { Log } from '../../core/ports.ts';
import type { RuleSet } from '../../dlp/compiled-rules.ts';
import { type PortableRules, rulesFrom } from '../../dlp/portable-rules.ts';
import { createBroker } from '../../guard/broker.ts';
import { createGuard, type Guard } from '../../guard/guard.ts';
import type { Vault } from '../../guard/vault.ts';
import { createDecider } from '../../policy/decider.ts';
import { ByteCounts } from '../../proxy/budget/byte-counts.ts';
import { type DoorAddress, OwnDoors } from '../../proxy/doors/own-doors.ts';
import type { Gate } from '../../proxy/gate.ts';
import { type RunningProxy, startProxy } from '../../proxy/start-proxy.ts';
import { createLog } from '../../telemetry/log.ts';
import { systemClock } from '../../telemetry/system-clock.ts';
import { meteredDecide, meteredGuard } from '../metered.ts';
import { authorityOf, guardLimits, openVault } from '../open-core.ts';
import { doorsOf, proxySettings, resolverOf, upstreamsOf } from '../proxy-parts.ts';
import { openGuardWorkers } from '../rules/guard-workers.ts';
import { FollowedPolicy } from './followed-policy.ts';
import { MeterRelay } from './meter-relay.ts';
import {
  RemoteBudgets,
  RemoteFieldLeaks,
  RemoteLeases,
  RemotePasses,
  remoteAudit,
  type Upward,
} from './remote-ports.ts';
import type { WorkerOrder } from './worker-talk.ts';

/** A running worker. */
export interface Follower {
  readonly proxy: RunningProxy;
  readonly policy: FollowedPolicy;
  readonly passes: RemotePasses;
  readonly leases: RemoteLeases;
  readonly vault: Vault;
  readonly ownDoors: DoorAddress[];
  takeRules(news: PortableRules): void;
  takeStale(stale: boolean): void;
  drain(drainMs: number): Promise<void>;
}

const METER_MS = 250;

interface Parts extends Pick<Follower, 'policy' | 'passes' | 'leases' | 'vault' | 'ownDoors'> {
  readonly order: WorkerOrder;
  readonly up: Upward;
  readonly meter: MeterRelay;
  readonly log: Log;
  readonly guard: { current: Guard };
  draining: boolean;
  stale: boolean;
}

/** Throws when a door cannot be had, or what was handed over is not whole. */
export async function openFollower(up: Upward, order: WorkerOrder): Promise<Follower> {
  const { config, rules: first, vaultKey, pathKey, secondStage } = order;
  const clock = systemClock;
  const meter = new MeterRelay();
  const policy = new FollowedPolicy(order.policy, clock);
  const vault = openVault(config, clock, { key: vaultKey });
  for (const one of order.kept) vault.add(one);
  vault.keptBy((kept) => up.tell('kept', kept));
  // Buffers arrive as plain arrays of bytes.
  const credentials = order.credentials.map((one) => ({ ...one, value: Buffer.from(one.value) }));
  const broker = createBroker(vault, () => credentials);
  let rules = rulesFrom(first);
  const log = createLog({ level: config.log.level, fields: { node: config.node } });
  const { fingerprintKey } = order;
  const workers = openGuardWorkers({ config, vault, credentials, meter, log, fingerprintKey, rules });
  const guardOf = (set: RuleSet) =>
    meteredGuard(
      createGuard({
        ...{ rules: set, vault, isOurs: broker.isPlaceholder, fingerprintKey: order.fingerprintKey },
        ...guardLimits(config),
        ...(workers && { workers }),
        ...(secondStage && { inquiry: { ...secondStage, confirmed: (of) => up.ask('confirmed', of) } }),
      }),
      { clock, meter },
    );
  const guard = { current: guardOf(rules) };
  const passes = new RemotePasses(up, clock, pathKey);
  const leases = new RemoteLeases(up, policy.leases);
  const ownDoors = [...order.ownDoors];
  const state = { draining: false, stale: order.stale };
  const parts: Parts = { order, up, meter, log, guard, policy, passes, leases, vault, ownDoors, ...state };
  const listen = doorsOf(config).map((door, i) => ({ ...door, port: order.ports[i] ?? door.port, shared: true }));
  const proxy = await startProxy({ ...gateOf(parts), broker }, listen);
  const handOver = () => up.tell('metered', meter.take());
  const timer = setInterval(handOver, METER_MS);
  return {
    ...{ proxy, policy, passes, leases, vault, ownDoors },
    takeRules: (news) => {
      rules = rulesFrom(news, rules);
      workers?.follow(rules);
      guard.current = guardOf(rules);
    },
    takeStale: (stale) => {
      parts.stale = stale;
      // INVARIANT: no key of the hub's passes is withdrawn but with an end of the lease.
      passes.forget();
    },
    drain: async (drainMs) => {
      parts.draining = true;
      await proxy.close({ drainMs });
      workers?.close();
      clearInterval(timer);
      handOver();
    },
  };
}

function gateOf(parts: Parts): Gate {
  const { order, up, meter, log, guard, policy, passes, leases, ownDoors } = parts;
  const { config } = order;
  const clock = systemClock;
  const all = proxySettings(config);
  const share = (bound: number) => Math.ceil(bound / order.count);
  const settings = { ...all, maxConnections: share(all.maxConnections), maxPools: share(all.maxPools) };
  return {
    ...{ policy, leases, passes, clock, meter, settings },
    decide: meteredDecide(createDecider({ source: policy, leases: policy.leases }), { clock, meter }),
    clients: config.proxy.tls?.clients.length ? passes : null,
    audit: remoteAudit(up),
    guard: () => guard.current,
    authority: authorityOf(config, order.keysDir, clock),
    resolver: resolverOf(config, clock),
    fieldLeaks: new RemoteFieldLeaks(up),
    budgets: new RemoteBudgets(up, new ByteCounts(order.bytes), settings.tenant),
    upstreams: upstreamsOf(settings),
    ownDoors: new OwnDoors(() => ownDoors),
    pathKey: (tenant) => passes.pathKey(tenant),
    log,
    draining: () => parts.draining,
    stale: () => parts.stale,
  };
}
