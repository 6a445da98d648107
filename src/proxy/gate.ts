/** Everything one walk needs, made once by `start-proxy.ts` and shared by every door. */

import type { Decision, DecisionRequest } from '../core/decision.ts';
import type { Fact } from '../core/fact.ts';
import type { AuditSink, ClientIdentifier, Clock, Flow, Lease, Log, Meter, PassVerifier } from '../core/ports.ts';
import type { Broker } from '../guard/broker.ts';
import type { CertificateAuthority } from '../pki/certificate-authority.ts';
import type { PolicySource, Snapshot } from '../policy/snapshot.ts';
import type { BudgetBook } from './budget/budgets.ts';
import type { FieldBook } from './budget/field-leaks.ts';
import type { Resolver } from './dial/resolver.ts';
import type { Upstreams } from './dial/upstreams.ts';
import type { OwnDoors } from './doors/own-doors.ts';
import type { GuardPort } from './guarding/guarding.ts';
import type { ProxySettings } from './settings.ts';

/** `LeaseBook`, in this process or asked of the one that keeps it. */
export interface GateLeases {
  /** `request`: the one that was decided last, out of which `facts` are. */
  hold(flow: Flow, facts: readonly Fact[], request: DecisionRequest): Lease | null | Promise<Lease | null>;
}

export interface Gate {
  readonly policy: PolicySource;
  /** Pure, cached by `policy/decider`. */
  readonly decide: (request: DecisionRequest, snapshot: Snapshot) => Decision;
  readonly leases: GateLeases;
  readonly audit: AuditSink;
  readonly passes: PassVerifier;
  /** Null where no client certificate stands for a pass. */
  readonly clients: ClientIdentifier | null;
  /** The guard in force now; null only where a test leaves it out. */
  readonly guard: () => GuardPort | null;
  /** What puts values back; absent where nothing does. */
  readonly broker?: Broker;
  /** Null when there is no CA: then what needs inspection is refused. */
  readonly authority: Pick<CertificateAuthority, 'contextFor'> | null;
  readonly resolver: Resolver;
  readonly budgets: BudgetBook;
  /** What tasks have told by fields, as far as this thread heard it. */
  readonly fieldLeaks: FieldBook;
  readonly upstreams: Upstreams;
  readonly ownDoors: OwnDoors;
  /** Key of the hash that stands for paths in the record. */
  readonly pathKey: (tenant: string | null) => Uint8Array;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: Meter;
  readonly settings: ProxySettings;
  /** True once the appliance drains: new work is denied. */
  readonly draining: () => boolean;
  /** True while this node has no word of its controls that still counts: everything is denied. Absent where it needs none. */
  readonly stale?: () => boolean;
}
