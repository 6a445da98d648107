/** Ports of the walk whose other end is the control thread. */

import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { sealThenClose } from '../../control/seal-then-close.ts';
import { KeyedBag } from '../../core/bag.ts';
import type { DecisionRequest } from '../../core/decision.ts';
import type { Fact } from '../../core/fact.ts';
import type {
  AuditSink,
  ClientCertificate,
  ClientIdentifier,
  Clock,
  Flow,
  Identified,
  Lease,
  PassVerifier,
  Verified,
} from '../../core/ports.ts';
import type { Principal } from '../../core/principal.ts';
import { err, ok } from '../../core/result.ts';
import type { LeaseIndex } from '../../policy/lease-index.ts';
import {
  type BudgetDenial,
  type BudgetLimits,
  countBytes,
  type Slots,
  type TenantLimits,
} from '../../proxy/budget/budget-limits.ts';
import { type BudgetBook, type Spender, type Spending, UNKNOWN } from '../../proxy/budget/budgets.ts';
import { ByTask } from '../../proxy/budget/by-task.ts';
import type { ByteCounts, Direction } from '../../proxy/budget/byte-counts.ts';
import { type FieldBook, type FieldLeak, FieldLeaks, type Said } from '../../proxy/budget/field-leaks.ts';
import type { GateLeases } from '../../proxy/gate.ts';
import type { Channel } from '../channel.ts';
import type { Down, Up } from './worker-talk.ts';

export type Upward = Channel<Up, Down>;

const PASSES = 20_000;

/** Passes are verified where their keys are, and remembered here until they end; never the token, its digest only. */
export class RemotePasses implements PassVerifier, ClientIdentifier {
  readonly #up: Upward;
  readonly #clock: Clock;
  /** With when each ends on the clock that is never set: none lives longer where the other is set back. */
  readonly #known = new LRUCache<string, { readonly principal: Principal; readonly latest: number }>({ max: PASSES });
  /** How often they were forgotten. */
  #forgotten = 0;
  readonly #pathKeys = new Map<string, Uint8Array>();
  readonly #ownPathKey: Uint8Array;

  constructor(up: Upward, clock: Clock, ownPathKey: Uint8Array) {
    this.#up = up;
    this.#clock = clock;
    this.#ownPathKey = ownPathKey;
  }

  async verify(token: string): Promise<Verified> {
    const digest = hash('sha256', token, 'base64');
    const clock = this.#clock;
    const known = this.#known.get(digest);
    if (known) {
      const isOver = known.principal.expiresAt <= clock.now() || known.latest <= clock.monotonic();
      return isOver ? err('pass_expired') : ok(known.principal);
    }
    const asked = this.#forgotten;
    const { outcome, pathKey } = await this.#up.ask('verify', token);
    if (!outcome.ok) return outcome;
    const principal = Object.freeze(outcome.value);
    const latest = clock.monotonic() + (principal.expiresAt - clock.now());
    // An answer that was under way when all were forgotten may be of before.
    if (asked === this.#forgotten) this.#known.set(digest, { principal, latest });
    if (pathKey !== null) this.#pathKeys.set(principal.tenant, pathKey);
    return ok(principal);
  }

  /** Asked each time: when a certificate is to be admitted anew is known where that is done. */
  async identify(certificate: ClientCertificate): Promise<Identified | null> {
    const { outcome, pathKey } = await this.#up.ask('identify', certificate);
    if (outcome?.ok && pathKey !== null) this.#pathKeys.set(outcome.value.tenant, pathKey);
    return outcome;
  }

  /** The key of path hashes; a tenant whose key was shredded has one that nobody else knows, until it is asked for anew. */
  pathKey(tenant: string | null): Uint8Array {
    if (tenant === null) return this.#ownPathKey;
    const key = this.#pathKeys.get(tenant);
    if (key) return key;
    const nobodys = crypto.getRandomValues(new Uint8Array(32));
    this.#pathKeys.set(tenant, nobodys);
    return nobodys;
  }

  /** Each is asked about anew: a key of others may have been withdrawn. */
  forget(): void {
    this.#forgotten += 1;
    this.#known.clear();
  }

  shredded(tenant: string): void {
    this.#pathKeys.delete(tenant);
    for (const [digest, { principal }] of this.#known) if (principal.tenant === tenant) this.#known.delete(digest);
  }
}

/** Exchanges are counted where all workers' are; bytes in memory that all share. */
export class RemoteBudgets implements BudgetBook {
  readonly #up: Upward;
  readonly #bytes: ByteCounts;
  readonly #tenant: TenantLimits;
  readonly #open = new ByTask<{ readonly slots: Slots; flows: number }>();

  constructor(up: Upward, bytes: ByteCounts, tenant: TenantLimits) {
    this.#up = up;
    this.#bytes = bytes;
    this.#tenant = tenant;
  }

  async open({ task, tenant, expiresAt }: Spender, limits: BudgetLimits, what: Spending, now: number) {
    const { opened, slots } = await this.#up.ask('open', { who: { task, tenant, expiresAt }, limits, what, now });
    if (slots === null) return opened;
    const held = this.#open.get({ task, tenant });
    if (held) held.flows += 1;
    else this.#open.set({ task, tenant }, { slots, flows: 1 });
    return opened;
  }

  spend(who: Spender, limits: BudgetLimits, direction: Direction, bytes: number): BudgetDenial | null {
    const held = this.#open.get(who);
    if (held === undefined) return UNKNOWN;
    return countBytes(this.#bytes, held.slots, { limits, tenant: this.#tenant }, direction, bytes);
  }

  close({ task, tenant, expiresAt }: Spender): void {
    const held = this.#open.get({ task, tenant });
    if (held) held.flows -= 1;
    // INVARIANT: an account with an open exchange is never given up, so the slot is this task's until here.
    if (held?.flows === 0) this.#open.delete({ task, tenant });
    this.#up.tell('close', { task, tenant, expiresAt });
  }
}

/** What was said here before is known here; whether another worker has heard it is asked. */
export class RemoteFieldLeaks implements FieldBook {
  readonly #up: Upward;
  readonly #own = new FieldLeaks();

  constructor(up: Upward) {
    this.#up = up;
  }

  of({ tenant, task, host, headers }: Said): FieldLeak | Promise<FieldLeak> {
    const { bytes, news, keep } = this.#own.of({ tenant, task, host, headers });
    if (news.length === 0) return { bytes, news, keep };
    const said = { tenant, task, host, headers: news };
    const keepAll = () => {
      keep();
      this.#up.tell('said', said);
    };
    if (bytes === 0) return { bytes, news, keep: keepAll };
    return this.#up.ask('fieldLeak', said).then((unheard) => ({ bytes: unheard, news, keep: keepAll }));
  }
}

/** Flows hang on their leases where the controls are, so that nothing starts on a fact that has just ended. */
export class RemoteLeases implements GateLeases {
  readonly #up: Upward;
  readonly #decided: LeaseIndex;
  readonly #flows = new KeyedBag<Flow>();

  /** `decided`: what knows which decision stands behind its facts. */
  constructor(up: Upward, decided: LeaseIndex) {
    this.#up = up;
    this.#decided = decided;
  }

  async hold(flow: Flow, facts: readonly Fact[], request: DecisionRequest): Promise<Lease | null> {
    const decided = this.#decided.decidedBy(facts);
    if (decided?.decision.effect !== 'allow') return null;
    const { id, kind, task, tenant, host, since } = flow;
    // Before the answer: a cut may follow it at once.
    this.#flows.set(id, flow);
    const sheet = { id, kind, task, tenant, host, since };
    const held = await this.#up.ask('hold', { flow: sheet, request, mode: decided.decision.mode });
    if (!held) {
      this.#flows.take(id);
      return null;
    }
    return {
      release: () => {
        if (this.#flows.take(id) !== null) this.#up.tell('release', id);
      },
    };
  }

  /** What has ended by itself meanwhile needs no cut. */
  async cut(ids: readonly string[], change: string): Promise<void> {
    const flows = ids.map((id) => this.#flows.get(id)).filter((flow) => flow !== null);
    await Promise.all(await sealThenClose(flows, change, () => performance.now()));
  }
}

export function remoteAudit(up: Upward): AuditSink {
  return { record: (event) => up.ask('record', event), writable: () => true };
}
