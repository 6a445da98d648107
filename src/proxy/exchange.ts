/** One exchange: what its walk knows so far, its counters, and how it is cut. Lives from accept to its close record. */

import type { Allow, Decision, DecisionRequest, Resolution } from '../core/decision.ts';
import type { CloseCause, Door } from '../core/event.ts';
import type { ClientCertificate, Flow } from '../core/ports.ts';
import type { Principal } from '../core/principal.ts';
import type { ReasonCode } from '../core/reasons.ts';
import type { Target } from '../core/target.ts';
import type { Exchanged } from '../guard/broker.ts';
import type { FieldParts } from '../guard/field-parts.ts';
import type { Profile } from '../policy/bundle/profile.ts';
import type { Snapshot } from '../policy/snapshot.ts';
import type { BudgetDenial } from './budget/budget-limits.ts';
import type { Denial } from './denial.ts';

/** What is asked, as far as it could be read. */
export interface Ask {
  readonly method: string;
  /** Null when the target could not be read. */
  readonly target: Target | null;
  readonly path: string;
  readonly query: string;
  readonly contentType: string;
  /** See `EgressRequest`. */
  readonly readOnlyTool?: boolean;
  readonly upgrade: string;
  /** True when a body is announced. */
  readonly hasBody: boolean;
}

export interface RequestProblem {
  readonly reason: ReasonCode;
  /** A fixed word, never bytes from the wire. */
  readonly detail: string;
}

/** Field lines as they came, names in any case. */
export type HeaderList = readonly (readonly [string, string])[];

/** One exchange as a door hands it in: what is asked, who says so, and how to go on or to refuse. */
export interface Order {
  readonly door: Door;
  readonly kind: Flow['kind'];
  /** Decision of the enclosing CONNECT. */
  readonly parent: string | null;
  /** That CONNECT: what stops it stops what is inside. Absent outside of one. */
  readonly within?: Exchange;
  /** Asks for the address of the client; absent where nobody came over the network. */
  readonly from?: () => string | undefined;
  /** Asks for the certificate that TLS verified at the door; absent where none could be presented. */
  readonly certificate?: (() => ClientCertificate | null) | undefined;
  /** Known already inside a CONNECT and for isolates. */
  readonly principal: Principal | null;
  /** What the client presented. Never logged. */
  readonly credential: Credential | null;
  /** Set when the request could not be accepted; the walk then only records and refuses. */
  readonly problem: RequestProblem | null;
  readonly ask: Ask;
  /** Fields that the guard scans; empty when nothing can be seen. */
  readonly headers: HeaderList;
  /** The same as the guard looks at them, where a connection says them again and again. */
  readonly fieldParts?: FieldParts;
  /** Moves the bytes; resolves when both sides are done. Throws a `Refusal` when the origin cannot be reached. */
  readonly relay: (exchange: Exchange) => Promise<void>;
  /** Answers with a denial, or breaks the connection when an answer has begun. */
  readonly refuse: (denial: Denial) => void;
  /** Told once both sides are done, before the close is on record: the next request of a connection may begin. */
  readonly over?: () => void;
}

export interface Credential {
  /** User name beside the token; empty when the scheme has none. */
  readonly user: string;
  readonly token: string;
}

export interface Sealing {
  /** Bytes on their way out, which only closing stops. */
  readonly queued: () => number;
  /** Reads no more, as far as that can be: a flow that is asked to move a byte is closed at once, and many are in one turn. */
  readonly pause: () => void;
}

export class Exchange implements Flow {
  readonly id: string;
  readonly order: Order;
  readonly snapshot: Snapshot;
  /** Epoch ms; every check of this exchange uses this instant as now. */
  readonly since: number;
  principal: Principal | null;
  passProblem: Extract<ReasonCode, `pass_${string}`> | null = null;
  profile: Profile | null = null;
  decision: Decision | null = null;
  /** What was decided last. */
  asked: DecisionRequest | null = null;
  resolved: Resolution | null = null;
  /** Set once the allow is on record: from then on a close record is due. */
  allowed: Allow | null = null;
  /** Whether the guard looked at the path and found nothing; only then may it be recorded in clear. */
  clearPath = false;
  /** Values that went out in place of tokens and placeholders; they may not come back. */
  readonly exchanged: Exchanged[] = [];
  spending = false;
  /** Epoch ms at which the wall time of its task is over. */
  wallEnd = Number.POSITIVE_INFINITY;
  up = 0;
  down = 0;
  status: number | null = null;
  cause: CloseCause | null = null;
  reason: ReasonCode | null = null;
  change: string | null = null;
  /** The budget that ended it. */
  budget: BudgetDenial | null = null;
  #cutters: (() => void)[] = [];
  #cut = false;
  /** The change that will end it, from when on it may move nothing. */
  #sealed: string | null = null;
  #sealing: Sealing | null = null;

  constructor(id: string, order: Order, snapshot: Snapshot, since: number) {
    this.id = id;
    this.order = order;
    this.snapshot = snapshot;
    this.since = since;
    this.principal = order.principal;
  }

  get kind(): Flow['kind'] {
    return this.order.kind;
  }

  get task(): string {
    return this.principal?.task ?? '';
  }

  get tenant(): string {
    return this.principal?.tenant ?? '';
  }

  get host(): string {
    return this.order.ask.target?.host.name ?? '';
  }

  get isCut(): boolean {
    return this.#cut;
  }

  /** Says how to break this exchange; runs at once when it is already cut. Must destroy synchronously. */
  onCut(cutter: () => void): void {
    if (this.#cut) cutter();
    else this.#cutters.push(cutter);
  }

  /** Says how it is sealed, once nothing but what is queued passes without `mayMove`. Until then it cannot be. */
  onSeal(sealing: Sealing): void {
    this.#sealing = sealing;
  }

  seal(change: string): boolean {
    if (this.#cut) return true;
    if (this.#sealing === null || this.#sealing.queued() > 0) return false;
    this.#sealing.pause();
    this.#sealed = change;
    this.change = change;
    this.cause ??= 'lease_ended';
    this.reason ??= 'lease_ended';
    return true;
  }

  /** Asked before every piece and every head that goes on. One that is sealed is closed instead, there and then. */
  mayMove(): boolean {
    if (this.order.within?.mayMove() === false) return false;
    if (this.#sealed !== null) this.cut(this.#sealed);
    return !this.#cut;
  }

  /** Ends both sides now. Sockets are destroyed before this returns, so no later byte has a way out. */
  cut(change: string): null {
    if (!this.#cut) {
      this.change = change;
      this.end('lease_ended', 'lease_ended');
    }
    return null;
  }

  /** Ends both sides for a budget that was used up under it. */
  endFor(budget: BudgetDenial): void {
    if (this.#cut) return;
    this.budget = budget;
    this.end('budget', budget.reason);
  }

  /** Ends both sides for another cause than a control change. */
  end(cause: CloseCause, reason: ReasonCode | null): void {
    if (this.#cut) return;
    this.#cut = true;
    this.cause ??= cause;
    this.reason ??= reason;
    const cutters = this.#cutters;
    this.#cutters = [];
    for (const cutter of cutters) cutter();
  }
}
