/** A gateway over real parts: pool, guard with the shipped rules, passes, leases; the record is kept in memory. */

import { generateKeyPairSync } from 'node:crypto';
import { rootsOf } from '../../src/control/load-revision.ts';
import { loadRules } from '../../src/control/load-rules.ts';
import { type Controls, NO_CONTROLS } from '../../src/core/controls.ts';
import type { EventBody } from '../../src/core/event.ts';
import type { Egress } from '../../src/core/ports.ts';
import type { RuleSet } from '../../src/dlp/compiled-rules.ts';
import { createPassAuthority } from '../../src/gateway/passes.ts';
import { type Gateway, type GatewayParts, type GatewaySettings, startGateway } from '../../src/gateway/server.ts';
import { createGuard } from '../../src/guard/guard.ts';
import { createIsolatePool, type IsolatePool } from '../../src/isolates/pool.ts';
import { controlEffects } from '../../src/policy/controls/control-effects.ts';
import { LeaseIndex } from '../../src/policy/lease-index.ts';
import { shippedBundle, shippedCategories } from '../policy/fixture.ts';

export const DEV_KEY = 'development-only-key';

export interface TestGateway {
  readonly gateway: Gateway;
  readonly pool: IsolatePool;
  readonly leases: LeaseIndex;
  readonly recorded: EventBody[];
  /** Set to make the record refuse. */
  readonly record: { broken: boolean };
  /** Puts other controls in force and cuts what they end; says how many flows that were. */
  change(controls: Partial<Controls>): number;
  call(path: string, options?: CallOptions): Promise<{ status: number; body: Record<string, unknown> }>;
  close(): Promise<void>;
}

export interface CallOptions {
  readonly method?: string;
  readonly body?: unknown;
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

let rules: RuleSet | null = null;

function shippedRules(): RuleSet {
  if (rules) return rules;
  const compiled = loadRules(rootsOf({ state: '/nonexistent' }));
  if (!compiled.ok) throw new Error('the shipped rules do not compile');
  rules = compiled.value;
  return rules;
}

const noEgress: Egress = {
  fetch: async () => ({
    ok: false,
    error: { reason: 'default_deny', status: 403, message: 'denied', decision: 'd_1', wouldAllow: [] },
  }),
};

export async function testGateway(
  settings: Partial<GatewaySettings> = {},
  more: Partial<Pick<GatewayParts, 'egress' | 'control' | 'tools' | 'secondStage' | 'named'>> & {
    readonly hosts?: number;
  } = {},
): Promise<TestGateway> {
  const clock = { now: () => Date.now(), monotonic: () => performance.now() };
  let snapshot = { bundle: shippedBundle(), controls: NO_CONTROLS, categories: shippedCategories() };
  const source = { current: () => snapshot };
  const recorded: EventBody[] = [];
  const record = { broken: false };
  const audit = {
    record: async (event: EventBody) => {
      if (record.broken) throw new Error('the disk is full');
      return { seq: recorded.push(event) };
    },
    writable: () => !record.broken,
  };
  const keys = [{ id: 'k1', ...generateKeyPairSync('ed25519') }];
  const issuer = createPassAuthority({
    keys: () => keys,
    source,
    audit,
    clock,
    audience: 'gate',
    issuer: 'locktender',
  });
  const guard = createGuard({ rules: shippedRules(), fingerprintKey: new Uint8Array(32) });
  const pool = createIsolatePool({ clock, settings: { hosts: more.hosts ?? 3, spares: 1, ahead: 2 } });
  const leases = new LeaseIndex({ source, now: clock.now });
  await pool.ready(20_000);
  const gateway = await startGateway({
    settings: { host: '127.0.0.1', port: 0, devKey: DEV_KEY, devTenant: 'acme', ...settings },
    version: '0.0.0-test',
    ...{ issuer, source, pool, audit, leases, clock },
    guard: () => guard,
    egress: more.egress ?? noEgress,
    control: more.control ?? null,
    secondStage: more.secondStage ?? null,
    ...(more.tools && { tools: more.tools }),
    ...(more.named && { named: more.named }),
  });
  const change = (more: Partial<Controls>) => {
    const before = snapshot.controls;
    snapshot = { ...snapshot, controls: { ...before, ...more, version: before.version + 1 } };
    const ended = leases.endedBy(controlEffects(before, snapshot.controls));
    for (const { flow } of ended) void flow.cut('c_1');
    return ended.length;
  };
  return {
    ...{ gateway, pool, leases, recorded, record, change },
    call: (path, options) => call(gateway.url + path, options),
    close: async () => {
      await gateway.close();
      await pool.close();
    },
  };
}

async function call(url: string, { method, body, token = DEV_KEY, headers = {}, signal }: CallOptions = {}) {
  const response = await fetch(url, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(token !== null && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(signal && { signal }),
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}
