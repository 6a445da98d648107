/**
 * What the control thread and an egress worker say to one another: controls down, records up. A worker decides by itself
 * under the policy that it was last given; whether a flow may hang on its lease is decided where the controls are.
 */

import type { Config } from '../../config/schema.ts';
import type { Controls } from '../../core/controls.ts';
import type { DecisionRequest } from '../../core/decision.ts';
import type { EventBody } from '../../core/event.ts';
import type { ClientCertificate, Flow, Identified as IdentifiedClient, RecordReceipt } from '../../core/ports.ts';
import type { Principal } from '../../core/principal.ts';
import type { Result } from '../../core/result.ts';
import type { PortableRules } from '../../dlp/portable-rules.ts';
import type { Credential } from '../../guard/broker.ts';
import type { Inquiry, Question } from '../../guard/second-stage/doubts.ts';
import type { KeptValue } from '../../guard/vault.ts';
import type { BudgetDenial, BudgetLimits, Slots } from '../../proxy/budget/budget-limits.ts';
import type { Spender, Spending } from '../../proxy/budget/budgets.ts';
import type { Said } from '../../proxy/budget/field-leaks.ts';
import type { DoorAddress } from '../../proxy/doors/own-doors.ts';
import type { OpenDoor } from '../../proxy/start-proxy.ts';
import type { Metered } from './meter-relay.ts';

/** Policy as it is in force. Parts that have not changed are null. */
export interface PolicyNews {
  readonly controls: Controls;
  readonly bundle: { readonly document: string; readonly digest: string } | null;
  /** The compiled index, shared and not copied. */
  readonly categories: Uint8Array<SharedArrayBuffer> | null;
}

/** All that a worker begins with. */
export interface WorkerOrder {
  readonly config: Config;
  /** Workers in all: each takes its share of the connections. */
  readonly count: number;
  /** Ports of the doors, in their order; 0 for the first worker where any free one will do. */
  readonly ports: readonly number[];
  readonly policy: PolicyNews;
  readonly rules: PortableRules;
  /** Directory of the CA. */
  readonly keysDir: string;
  readonly fingerprintKey: Uint8Array;
  readonly vaultKey: Uint8Array;
  /** What the vault holds by now. */
  readonly kept: readonly KeptValue[];
  readonly pathKey: Uint8Array;
  /** What may be asked about; null where nobody is asked. */
  readonly secondStage: Pick<Inquiry, 'rules' | 'key'> | null;
  readonly credentials: readonly Credential[];
  /** See `ByteCounts`. */
  readonly bytes: SharedArrayBuffer;
  readonly ownDoors: readonly DoorAddress[];
  /** Whether this node has no word of its controls that still counts. */
  readonly stale: boolean;
}

/** A flow as it is known on the other side. */
export type FlowSheet = Pick<Flow, 'id' | 'kind' | 'task' | 'tenant' | 'host' | 'since'>;

export interface Verified {
  readonly outcome: Result<Principal, 'pass_malformed' | 'pass_expired'>;
  /** Of the tenant; null where no tenant is known. */
  readonly pathKey: Uint8Array | null;
}

/** Null where the certificate is mapped to nobody. */
export interface Identified {
  readonly outcome: IdentifiedClient | null;
  /** As of `Verified`. */
  readonly pathKey: Uint8Array | null;
}

/** From a worker to the control thread. */
export interface Up {
  readonly asks: {
    readonly verify: { readonly ask: string; readonly answer: Verified };
    readonly identify: { readonly ask: ClientCertificate; readonly answer: Identified };
    readonly open: {
      readonly ask: {
        readonly who: Spender;
        readonly limits: BudgetLimits;
        readonly what: Spending;
        readonly now: number;
      };
      readonly answer: { readonly opened: number | BudgetDenial; readonly slots: Slots | null };
    };
    /** How many bytes of these fields no worker has heard yet. */
    readonly fieldLeak: { readonly ask: Said; readonly answer: number };
    /** Which of the uncertain spans are to be acted on, by digest. */
    readonly confirmed: { readonly ask: readonly Question[]; readonly answer: readonly string[] };
    readonly record: { readonly ask: EventBody; readonly answer: RecordReceipt };
    /** Whether the flow may go on: decided anew under what is in force now. */
    readonly hold: {
      readonly ask: { readonly flow: FlowSheet; readonly request: DecisionRequest; readonly mode: string };
      readonly answer: boolean;
    };
  };
  readonly news: {
    readonly close: Spender;
    readonly release: string;
    readonly metered: readonly Metered[];
    readonly kept: KeptValue;
    readonly said: Said;
  };
}

/** From the control thread to a worker. */
export interface Down {
  readonly asks: {
    readonly start: { readonly ask: WorkerOrder; readonly answer: readonly OpenDoor[] };
    readonly policy: { readonly ask: PolicyNews; readonly answer: null };
    readonly rules: { readonly ask: PortableRules; readonly answer: null };
    readonly cut: {
      readonly ask: { readonly flows: readonly string[]; readonly change: string };
      readonly answer: null;
    };
    readonly drain: { readonly ask: number; readonly answer: null };
  };
  readonly news: {
    readonly doors: readonly DoorAddress[];
    readonly stale: boolean;
    /** The key of a tenant is gone for good. */
    readonly shredded: string;
    readonly kept: KeptValue;
  };
}
