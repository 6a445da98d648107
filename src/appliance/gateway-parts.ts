/** The gateway and its isolate pool, out of the configuration. */

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Config } from '../config/schema.ts';
import type { Egress } from '../core/ports.ts';
import type { GatewayParts, GatewaySettings } from '../gateway/server.ts';
import { createIsolatePool, type IsolatePool } from '../isolates/pool.ts';
import { loadOrCreateSecret } from '../pki/key-file.ts';
import type { Core } from './open-core.ts';
import { certificatesOf, doorKeys } from './pem-files.ts';
import { StartRefused } from './start-refused.ts';
import type { Tools } from './tool-desk.ts';

/** Null when the configuration turns the pool off. */
export function openPool({ config, clock, log, meter }: Core): IsolatePool | null {
  const { hosts, ready, wall, tasks_per_host: tasksPerHost } = config.isolates;
  if (hosts === 0) return null;
  const settings = {
    ahead: ready,
    tasksPerHost,
    ...(hosts === 'auto' ? {} : { hosts }),
    ...(wall === 'bubblewrap' ? { minimumWall: 'bubblewrap' as const } : {}),
    ...(wall === 'process' ? { strongestWall: 'process' as const } : {}),
  };
  try {
    const pool = createIsolatePool({ settings, clock, log, meter });
    meter.onCollect(() => void pool.stats());
    return pool;
  } catch (error) {
    throw new StartRefused(error instanceof Error ? error.message : 'the isolate pool cannot start');
  }
}

export function gatewayParts(core: Core, pool: IsolatePool | null, egress: Egress, tools: () => Tools): GatewayParts {
  const { control, guard, audit, leases, clock, log, meter, version, passes } = core;
  const ports = { audit, leases, clock, log, meter, egress, pool, version };
  return {
    ...ports,
    settings: settingsOf(core),
    issuer: passes,
    source: control,
    guard: () => guard.current(),
    secondStage: core.secondStage,
    control,
    tools,
    named: (task) => core.tasks.named(task),
  };
}

function settingsOf({ config, state }: Core): GatewaySettings {
  const { listen, issuers, dev_tenant: devTenant, max_body_bytes: maxBodyBytes } = config.gateway;
  return {
    ...listen,
    issuers: issuers.map((of) => ({
      issuer: of.issuer,
      audience: of.audience,
      tenantClaim: of.tenant_claim,
      ...(of.jwks_url === undefined ? {} : { jwksUrl: of.jwks_url }),
    })),
    devKey: config.gateway.dev_key ?? localKey(state.path),
    devTenant,
    maxBodyBytes,
    defaultTtlMs: config.passes.ttl_ms,
    ...tlsOf(config),
  };
}

/** The key of callers on this machine, readable by the owner of the state directory only; `exec` uses it. */
function localKey(state: string): string {
  return loadOrCreateSecret(join(state, 'gateway-key'), () => randomBytes(32).toString('base64url')).trim();
}

function tlsOf({ gateway }: Config): Pick<GatewaySettings, 'tls'> {
  if (gateway.tls_cert === undefined || gateway.tls_key === undefined) return {};
  const cert = { key: 'gateway.tls_cert', file: gateway.tls_cert };
  const own = doorKeys(cert, { key: 'gateway.tls_key', file: gateway.tls_key });
  if (gateway.client_ca === undefined) return { tls: own };
  return { tls: { ...own, clientCa: certificatesOf({ key: 'gateway.client_ca', file: gateway.client_ca }) } };
}
