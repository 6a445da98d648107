/**
 * Ports: what the two data planes (proxy, gateway) need from the rest, as contracts. They import neither `control`
 * nor `admin` nor `audit`; `main.ts` hands them these. Each is message-shaped, so that an in-process object, an IPC
 * peer or a fleet transport can stand behind it.
 */

import type { ControlAction, CutReceipt, NotChanged } from './controls.ts';
import type { DecisionRequest } from './decision.ts';
import type { EventBody } from './event.ts';
import type { Fact } from './fact.ts';
import type { Host } from './host.ts';
import type { PassClaims, Principal } from './principal.ts';
import type { ReasonCode } from './reasons.ts';
import type { Result } from './result.ts';

/** Records up. There is one place that records. */
export interface AuditSink {
  /**
   * Resolves when the event is durable under the configured durability (strict: on disk, by group commit). Rejects
   * when it cannot be: then the act that it records must not happen (fail closed). `patienceMs`: it may wait so long for
   * a record behind it to share its commit with; the order stays.
   */
  record(event: EventBody, patienceMs?: number): Promise<RecordReceipt>;
  /** False while the log cannot be written; new work is denied with `audit_unavailable`. */
  writable(): boolean;
}

export interface RecordReceipt {
  readonly seq: number;
}

/** Where the categories of a host come from. Pure and synchronous over one immutable index. */
export interface CategorySource {
  /** Digest of the index. */
  readonly digest: string;
  /** Category ids of the host, sorted; `['uncategorised']` when no list names it. Includes derived ones. */
  lookup(host: Host): readonly string[];
}

/** A live thing that hangs on a lease. */
export interface Flow {
  readonly id: string;
  readonly kind: 'tunnel' | 'exchange' | 'websocket' | 'isolate';
  readonly task: string;
  readonly tenant: string;
  readonly host: string;
  /** Epoch ms. */
  readonly since: number;
  /**
   * Ends it at once, both sides. Null when that is done as it returns (sockets destroyed), else a promise that resolves
   * when no later byte has a way out. Must be idempotent. `change` names the control change for its `flow.closed` event.
   */
  cut(change: string): Promise<void> | null;
  /**
   * Lets no byte pass from now on but closes nothing yet, which takes a thousandth of the time: `cut` is to follow. False
   * when that cannot be, as bytes are on their way which only closing stops. Absent: it cannot be.
   */
  seal?(change: string): boolean;
}

/** Held by a flow; released when it ends by itself. */
export interface Lease {
  release(): void;
}

/** Registers live flows under the facts they depend on. */
export interface LeaseBook {
  /** Null when one of the facts has already ended under the current snapshot: then the flow must not start. */
  hold(flow: Flow, facts: readonly Fact[], request?: DecisionRequest): Lease | null;
}

export type Verified = Result<Principal, 'pass_malformed' | 'pass_expired'>;

/** Verifies what a sandbox presents. Never logs or returns the token. */
export interface PassVerifier {
  /** The signature and times; revocation is decided against controls, as a fact. Cached by hash: what is known is answered at once. */
  verify(token: string): Verified | Promise<Verified>;
}

/** A client certificate that TLS verified at a door. */
export interface ClientCertificate {
  /** SHA-256 of the whole certificate, in hexadecimal. */
  readonly fingerprint: string;
  /** Its DNS and URI names (RFC 5280 section 4.2.1.6), as `DNS:…` and `URI:…`. */
  readonly names: readonly string[];
  /** Epoch ms at which it ends. */
  readonly expiresAt: number;
}

/** The principal of a certificate, or why it has none now. */
export type Identified = Result<Principal, ReasonCode>;

/** Stands for passes where a certificate is presented in place of one. */
export interface ClientIdentifier {
  /**
   * Null: the certificate is mapped to nobody. Otherwise its task, admitted for this request or by an earlier one; never
   * before that admission is on record. Asked at every request.
   */
  identify(certificate: ClientCertificate): Identified | null | Promise<Identified | null>;
}

export interface PassOrder {
  readonly tenant: string;
  readonly class: string;
  readonly profile: string | null;
  readonly risk: number;
  readonly ttlMs: number;
  readonly task: string | null;
  /** Address or prefix that the pass may be used from; absent: anywhere. */
  readonly source?: string | null;
  /** Who asks, for the record. */
  readonly caller: string;
  readonly kind: 'isolate' | 'sandbox';
  /** What raised `risk` above the caller's own score, for the record. */
  readonly riskSignals?: readonly string[];
}

export interface IssuedPass {
  readonly token: string;
  /** Stands for the token where 255 bytes are the most (SOCKS5, RFC 1929); ends with this process. */
  readonly reference: string;
  readonly claims: PassClaims;
  readonly principal: Principal;
  readonly capabilities: readonly string[];
}

/** Admission and issue in one: nobody gets a pass that admission refused. Records `task.admitted` either way. */
export interface PassIssuer {
  issue(order: PassOrder): Promise<Result<IssuedPass, { readonly reason: ReasonCode; readonly message: string }>>;
}

/** A task that lives, as the record tells, whoever admitted it and before whichever restart. */
export interface LiveTask {
  readonly id: string;
  readonly tenant: string;
  readonly class: string;
  readonly profile: string;
  readonly kind: 'isolate' | 'sandbox';
  /** Epoch ms by which its last pass is over. */
  readonly until: number;
}

/**
 * Admission of a task in the pool. No pass is handed out, so it may begin while its record is being written.
 * INVARIANT: nothing of it leaves before `recorded` has resolved, and it ends when that rejects.
 */
export interface TaskAdmitter {
  /** `patienceMs`: as of `AuditSink`. */
  admit(
    order: PassOrder,
    patienceMs?: number,
  ): {
    readonly recorded: Promise<RecordReceipt>;
    readonly outcome: Result<Principal, { readonly reason: ReasonCode; readonly message: string }>;
  };
}

/** One request of an isolate's `fetch`, into the very same egress path. */
export interface EgressRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: AsyncIterable<Uint8Array> | null;
  readonly signal: AbortSignal;
  /** INVARIANT: said by the appliance of a message that it wrote to a tool declared read-only, never at tool code's word. */
  readonly readOnlyTool?: boolean;
}

export interface EgressResponse {
  readonly status: number;
  /** The origin's reason phrase; HTTP/2 has none. */
  readonly statusText?: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: AsyncIterable<Uint8Array>;
  /** Id of the decision that allowed it. */
  readonly decision: string;
}

export interface EgressDenial {
  readonly reason: ReasonCode;
  readonly status: number;
  readonly message: string;
  readonly decision: string;
  readonly wouldAllow: readonly string[];
}

export interface Egress {
  /** Rejects only when aborted; every refusal and failure is an `EgressDenial`. */
  fetch(principal: Principal, request: EgressRequest): Promise<Result<EgressResponse, EgressDenial>>;
}

/** Controls down: the one place where a change is validated, persisted, applied, cut and recorded. */
export interface ControlPlane {
  apply(order: {
    readonly action: ControlAction;
    readonly by: string;
    readonly why: string;
    readonly forMs: number | null;
  }): Promise<Result<CutReceipt, NotChanged>>;
}

/** Counters and distributions; names and labels are documented in `docs/metrics.md`. Labels never hold secrets. */
export interface Meter {
  count(name: string, labels?: Readonly<Record<string, string>>, by?: number): void;
  /** Seconds or bytes, as the name's suffix says. */
  observe(name: string, value: number, labels?: Readonly<Record<string, string>>): void;
  /** Sets a gauge. */
  set(name: string, value: number, labels?: Readonly<Record<string, string>>): void;
}

/** Structured log: an object of fields, then a constant message. The shape of pino. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Time, so that tests and replay can hold it. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Milliseconds that only go forward. */
  monotonic(): number;
}
