/** What operators may set about the doors and the relay; every value has a default that is safe. */

import type { HostPattern } from '../policy/bundle/host-pattern.ts';
import type { TenantLimits } from './budget/budget-limits.ts';

export interface ParentProxy {
  /** `https`: CONNECT inside TLS. */
  readonly kind: 'http' | 'https' | 'socks5';
  /** Address, or a name that this machine resolves by itself: a parent is configured by an operator. */
  readonly host: string;
  readonly port: number;
  /** Whom its certificate must be for, where it speaks TLS. */
  readonly name: string;
  /** Roots of its certificate, PEM; empty for the runtime's own. */
  readonly cas: readonly string[];
  readonly username: string | null;
  readonly password: string | null;
  /** `address`: the parent is told the address that was checked. `name`: it resolves again, and the pin ends here. */
  readonly destination: 'address' | 'name';
}

/** Fields that are set in every request to these hosts, in place of the sandbox's own (T-39). */
export interface PinnedFields {
  readonly hosts: readonly HostPattern[];
  readonly fields: readonly (readonly [string, string])[];
}

export interface ProxySettings {
  /** A connection must bring a whole request head within this. */
  readonly headTimeoutMs: number;
  readonly maxHeadBytes: number;
  readonly maxHeaderCount: number;
  /** A whole request must arrive within this; 0 for no bound (endless uploads hang on their lease). */
  readonly requestTimeoutMs: number;
  readonly keepAliveMs: number;
  readonly helloTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly resolveTimeoutMs: number;
  /** Until the origin's response head. */
  readonly responseTimeoutMs: number;
  /** Between two pieces of a response body or of a tunnel. */
  readonly idleMs: number;
  readonly maxConnections: number;
  /** Encrypted ClientHello in tunnels: real ECH hides the name that was granted. */
  readonly ech: 'refuse' | 'allow';
  /** Hosts whose clients may leave SNI out in a tunnel. */
  readonly sniOptional: readonly string[];
  /** Extra roots for origins, PEM; empty for the runtime's own. */
  readonly upstreamCas: readonly string[];
  readonly parent: ParentProxy | null;
  readonly tenant: TenantLimits;
  /** Upstream pools kept; the least recently used is closed beyond this. */
  readonly maxPools: number;
  readonly pinned: readonly PinnedFields[];
}

export const DEFAULT_SETTINGS: ProxySettings = {
  headTimeoutMs: 10_000,
  maxHeadBytes: 32 * 1024,
  maxHeaderCount: 128,
  requestTimeoutMs: 0,
  keepAliveMs: 60_000,
  helloTimeoutMs: 10_000,
  connectTimeoutMs: 10_000,
  resolveTimeoutMs: 5_000,
  responseTimeoutMs: 300_000,
  idleMs: 600_000,
  maxConnections: 20_000,
  ech: 'refuse',
  sniOptional: [],
  upstreamCas: [],
  parent: null,
  tenant: {
    ...{ concurrency: 10_000, rate: 100_000, windowMs: 86_400_000 },
    ...{ requests: 0, bytesUp: 0, bytesDown: 0, distinctHosts: 0, leakBytes: 0 },
  },
  maxPools: 2_000,
  pinned: [],
};
