/**
 * Events: the one record of everything that matters. An event is plain JSON, canonicalised (RFC 8785) to become a
 * leaf of the log. No event carries a secret, a pass, a header value, a body, or (by default) a path in clear.
 */

import type { ControlPatch, Controls, CutReceipt, DoneAction, RecordedAction } from './controls.ts';
import type { RelayMode, RuleRef } from './decision.ts';
import type { Fact } from './fact.ts';
import type { Finding, GuardDirection } from './finding.ts';
import type { PrecedenceStep, ReasonCode } from './reasons.ts';
import type { Scheme } from './target.ts';

export const EVENT_VERSION = 1;

/** Which door an exchange came through. */
export type Door = 'http' | 'https' | 'socks5' | 'isolate' | 'gateway' | 'offline';

interface EventCommon {
  readonly v: typeof EVENT_VERSION;
  /** Unique and sortable by time: 26 characters of Crockford base32 (ULID), with a type prefix. */
  readonly id: string;
  /** RFC 3339 UTC with milliseconds. */
  readonly time: string;
  readonly node: string;
  readonly tenant: string | null;
  readonly task: string | null;
  /** Paths of what was shortened so that the entry fits; written by the log, absent when nothing was. */
  readonly truncated?: readonly string[];
}

/** Holds every input of the decision, so that it can be replayed bit for bit, and its result. */
export interface DecisionEvent extends EventCommon {
  readonly type: 'decision';
  readonly door: Door;
  /** The decision of the enclosing CONNECT, for requests inside it. */
  readonly parent: string | null;
  readonly input: DecisionInput;
  readonly effect: 'allow' | 'deny';
  readonly reason: ReasonCode;
  readonly step: PrecedenceStep | null;
  readonly mode: RelayMode | null;
  readonly method_enforced: boolean;
  readonly rule: RuleRef | null;
  readonly capability: string | null;
  readonly categories: readonly string[];
  readonly facts: readonly Fact[];
  /** What was wrong, for reasons outside policy: a fixed word, never bytes from the wire. */
  readonly detail: string | null;
}

/** Everything `decide` took. A keyed hash stands for path and query unless the profile records them in clear. */
export interface DecisionInput {
  readonly pass: string | null;
  readonly class: string | null;
  readonly profile: string | null;
  readonly risk: number | null;
  /** What the pass held; null without a pass. */
  readonly capabilities: readonly string[] | null;
  /** Epoch ms at which the pass ends. */
  readonly expires_at: number | null;
  readonly pass_problem: ReasonCode | null;
  readonly method: string;
  readonly scheme: Scheme | null;
  readonly host: string | null;
  readonly port: number | null;
  /** Keyed hash (hex) of path and query together. */
  readonly path_hash: string | null;
  /** In clear only where the profile says so. */
  readonly path: string | null;
  /**
   * What rules could see of path, query and body type, reduced to the predicates that matched (`git-upload-pack`, a
   * path rule's id, …), so that replay needs no clear path.
   */
  readonly matched: readonly string[];
  readonly content_type: string | null;
  readonly upgrade: string | null;
  readonly addresses: readonly string[] | null;
  readonly cnames: readonly string[] | null;
  /** Categories as they were looked up, with where each came from: replay does not need the old index. */
  readonly categories: readonly string[];
  /** Epoch ms that stood for "now". */
  readonly now: number;
  readonly bundle: string;
  readonly controls: number;
  readonly category_index: string;
}

export type CloseCause =
  | 'completed'
  | 'client_closed'
  | 'upstream_closed'
  | 'upstream_error'
  | 'timeout'
  | 'lease_ended'
  | 'guard_blocked'
  | 'budget'
  | 'draining'
  | 'internal_error';

export interface FlowClosedEvent extends EventCommon {
  readonly type: 'flow.closed';
  readonly decision: string;
  readonly cause: CloseCause;
  /** The control change that ended the lease. */
  readonly change: string | null;
  readonly reason: ReasonCode | null;
  readonly status: number | null;
  readonly bytes_up: number;
  readonly bytes_down: number;
  readonly duration_ms: number;
}

export interface TaskAdmittedEvent extends EventCommon {
  readonly type: 'task.admitted';
  readonly kind: 'isolate' | 'sandbox';
  readonly pass: string;
  readonly class: string;
  readonly profile: string;
  readonly risk: number;
  readonly capabilities: readonly string[];
  /** Ids of the admission policies that determined it. */
  readonly policies: readonly string[];
  readonly admitted: boolean;
  readonly reason: ReasonCode | null;
  readonly bundle: string;
  readonly caller: string;
  /** What raised the risk above the caller's own score; absent when nothing did. */
  readonly risk_signals?: readonly string[];
}

export const TASK_STATUSES = [
  'completed',
  'failed',
  'timeout',
  'cpu_exceeded',
  'memory_exceeded',
  'output_exceeded',
  'killed',
  'denied',
  'host_lost',
] as const;
export type TaskStatus = (typeof TASK_STATUSES)[number];

export interface TaskUsage {
  readonly boot_ms: number;
  readonly cpu_ms: number;
  readonly wall_ms: number;
  readonly peak_memory_bytes: number;
  readonly requests: number;
  readonly bytes: number;
}

export interface TaskFinishedEvent extends EventCommon {
  readonly type: 'task.finished';
  readonly status: TaskStatus;
  readonly usage: TaskUsage;
  /** Which wall stood round the isolate host: `bubblewrap`, `unshare`, `process`. */
  readonly wall: string;
  readonly code_hash: string;
}

export interface GuardVerdictEvent extends EventCommon {
  readonly type: 'guard.verdict';
  readonly decision: string | null;
  readonly direction: GuardDirection;
  readonly action: 'pass' | 'redact' | 'block';
  readonly findings: readonly Finding[];
  readonly more: number;
  /** Whether another inspector was asked about uncertain spans; absent where there were none to ask about. */
  readonly second_stage?: 'asked' | 'not_asked';
  /** Not all of it was looked at: it could not be decoded, or more is encoded in it than is looked into. */
  readonly unread?: true;
  /** Digest of the rule set. */
  readonly rules: string;
  readonly bytes: number;
}

export interface ControlChangedEvent extends EventCommon {
  readonly type: 'control.changed';
  readonly change: string;
  readonly action: DoneAction;
  readonly by: string;
  /** The second person, where the two-person rule asked for one. */
  readonly approved_by?: string;
  readonly why: string;
  readonly until: number | null;
  /** True when an expiry, not a person, did it. */
  readonly automatic: boolean;
  readonly version: number;
  readonly receipt: CutReceipt | null;
  /** What became different: enough to know the controls of every version from the log alone. */
  readonly patch: ControlPatch;
}

/** A change that waits for a second person, and how the waiting ended when it was not approved. */
export interface ControlPendingEvent extends EventCommon {
  readonly type: 'control.pending';
  readonly pending: string;
  readonly action: RecordedAction;
  readonly state: 'asked' | 'rejected' | 'expired';
  /** Who asked, rejected; `locktender` when its time ran out. */
  readonly by: string;
  readonly why: string;
  /** Epoch ms after which it can no longer be approved. */
  readonly until: number;
}

export interface BundleLoadedEvent extends EventCommon {
  readonly type: 'bundle.loaded';
  readonly bundle: string;
  readonly previous: string | null;
  readonly category_index: string;
  /** Set when the new one was refused and the old one stayed. */
  readonly refused: string | null;
}

export interface RulesLoadedEvent extends EventCommon {
  readonly type: 'rules.loaded';
  readonly rules: string;
  readonly count: number;
  readonly previous: string | null;
  readonly refused: string | null;
}

export interface AdminAccessEvent extends EventCommon {
  readonly type: 'admin.access';
  readonly actor: string;
  readonly method: string;
  readonly route: string;
  readonly status: number;
  /** What it was done to, as the path names it; absent where the path names nothing. */
  readonly on?: string;
  /** The reason that the caller gave. */
  readonly why?: string;
}

export interface NodeStartedEvent extends EventCommon {
  readonly type: 'node.started';
  readonly version: string;
  readonly runtime: string;
}

export interface NodeRecoveredEvent extends EventCommon {
  readonly type: 'node.recovered';
  /** Bytes of a torn tail that were cut. */
  readonly truncated_bytes: number;
  readonly entries: number;
}

/** Retention took the oldest entries away; their hashes stay. */
export interface LogPrunedEvent extends EventCommon {
  readonly type: 'log.pruned';
  /** Sequence of the first entry that is kept. */
  readonly first_kept: number;
  readonly by: string;
  readonly why: string;
  /** The controls just before that entry, so that replay can begin there; the rest of them where they are in parts. */
  readonly controls: Controls;
  /** Sequences of the events of this kind that hold the other parts; absent where this one holds all. */
  readonly parts?: readonly number[];
}

/** A tenant's key was destroyed: what it sealed in earlier events can no longer be read. */
export interface TenantShreddedEvent extends EventCommon {
  readonly type: 'tenant.shredded';
  readonly by: string;
  readonly why: string;
}

/** A member of a fleet may act no longer on the controls that it knows, or may again. */
export interface FleetLeaseEvent extends EventCommon {
  readonly type: 'fleet.lease';
  readonly state: 'over' | 'held';
  /** Name of the hub. */
  readonly hub: string;
  /** Order of the hub that is in force. */
  readonly sequence: number;
  /** What the flows that it ended name as their change; null for `held`. */
  readonly change: string | null;
  /** Flows that were live, and of them those that were cut and those that were not confirmed. */
  readonly live: number;
  readonly cut: number;
  readonly missed: number;
}

export type AuditEvent =
  | DecisionEvent
  | FlowClosedEvent
  | TaskAdmittedEvent
  | TaskFinishedEvent
  | GuardVerdictEvent
  | ControlChangedEvent
  | ControlPendingEvent
  | BundleLoadedEvent
  | RulesLoadedEvent
  | AdminAccessEvent
  | NodeStartedEvent
  | NodeRecoveredEvent
  | LogPrunedEvent
  | FleetLeaseEvent
  | TenantShreddedEvent;

export type EventType = AuditEvent['type'];

/** What a part hands to the sink: the sink adds `v`, `time` and `node`; `id` is made by the part that must name it. */
export type EventBody = DistributiveOmit<AuditEvent, 'v' | 'time' | 'node' | 'truncated'>;

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
