/** One egress worker, seen from the control thread: what it is asked and told, what it holds, and what is left when it ends. */

import { randomBytes } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { KeyedBag } from '../../core/bag.ts';
import type { EventBody } from '../../core/event.ts';
import { ulid } from '../../core/ids.ts';
import type { Lease } from '../../core/ports.ts';
import type { KeptValue } from '../../guard/vault.ts';
import { threadEnvironment } from '../../guard/workers/thread-environment.ts';
import type { Decider } from '../../policy/decider.ts';
import type { Budgets, Spender } from '../../proxy/budget/budgets.ts';
import { ByTask } from '../../proxy/budget/by-task.ts';
import type { FieldLeaks } from '../../proxy/budget/field-leaks.ts';
import type { OpenDoor } from '../../proxy/start-proxy.ts';
import { Channel, type Handlers } from '../channel.ts';
import type { Core } from '../open-core.ts';
import { replayMetered } from './meter-relay.ts';
import type { Down, FlowSheet, Up, WorkerOrder } from './worker-talk.ts';

export interface SeatParts {
  readonly core: Core;
  readonly budgets: Budgets;
  readonly fieldLeaks: FieldLeaks;
  /** Decides anew, under what is in force, whether a flow may be held. */
  readonly decider: Decider;
  /** For the other threads. */
  readonly onKept: (kept: KeptValue, from: WorkerSeat) => void;
  /** It ended though nobody asked it to. */
  readonly onLost: (seat: WorkerSeat) => void;
}

interface Cutting {
  readonly flows: string[];
  readonly change: string;
  readonly done: Promise<void>;
}

/** How long a worker may take over a cut; then it is ended, and its flows with it. Less than a flow is waited for. */
const CUT_MS = 3000;

export class WorkerSeat {
  readonly #parts: SeatParts;
  readonly #worker: Worker;
  readonly #channel: Channel<Down, Up>;
  readonly #flows = new KeyedBag<Lease>();
  /** Allowed exchanges whose close is not on record. */
  readonly #due = new Map<
    string,
    { readonly tenant: string | null; readonly task: string | null; readonly at: number }
  >();
  /** Exchanges that its tasks have open, by tenant and task. */
  readonly #open = new ByTask<{ readonly who: Spender; exchanges: number }>();
  #cutting: Cutting | null = null;
  #ending = false;
  /** What it was last told of policy. */
  digests = { bundle: '', categories: '' };

  constructor(parts: SeatParts) {
    this.#parts = parts;
    this.#worker = new Worker(new URL('./egress-worker.ts', import.meta.url), { env: threadEnvironment() });
    this.#channel = new Channel<Down, Up>(this.#worker, this.#handlers());
    this.#worker.on('error', (error) => parts.core.log.error({ error }, 'an egress worker failed'));
    this.#worker.once('exit', () => void this.#over());
  }

  start(order: WorkerOrder): Promise<readonly OpenDoor[]> {
    return this.#channel.ask('start', order);
  }

  get ask(): Channel<Down, Up>['ask'] {
    return this.#channel.ask.bind(this.#channel);
  }

  get tell(): Channel<Down, Up>['tell'] {
    return this.#channel.tell.bind(this.#channel);
  }

  /** Ends it now; what it held is closed on record, and it is replaced. */
  async abandon(): Promise<void> {
    await this.#worker.terminate();
  }

  /** Lets what runs finish for `drainMs`, then ends it. */
  async close(drainMs: number): Promise<void> {
    this.#ending = true;
    await this.#channel.ask('drain', drainMs).catch((error) => {
      this.#parts.core.log.error({ error }, 'an egress worker did not drain');
    });
    await this.#worker.terminate();
  }

  #handlers(): Handlers<Up> {
    const { core, budgets, fieldLeaks } = this.#parts;
    return {
      ask: {
        verify: async (token) => {
          const outcome = await core.passes.verify(token);
          return { outcome, pathKey: outcome.ok ? core.tenantKeys.of(outcome.value.tenant).hash : null };
        },
        identify: async (certificate) => {
          const outcome = (await core.clients?.identify(certificate)) ?? null;
          return { outcome, pathKey: outcome?.ok ? core.tenantKeys.of(outcome.value.tenant).hash : null };
        },
        open: ({ who, limits, what, now }) => {
          const opened = budgets.open(who, limits, what, now);
          if (typeof opened !== 'number') return { opened, slots: null };
          const held = this.#open.get(who);
          if (held) held.exchanges += 1;
          else this.#open.set(who, { who, exchanges: 1 });
          return { opened, slots: budgets.slotsOf(who) };
        },
        fieldLeak: (said) => fieldLeaks.of(said).bytes,
        confirmed: async (questions) => (await core.secondStage?.confirmed(questions)) ?? [],
        record: (event) => this.#record(event),
        hold: (ask) => this.#hold(ask),
      },
      tell: {
        close: (who) => this.#close(who),
        release: (id) => {
          this.#flows.take(id)?.release();
        },
        said: (said) => fieldLeaks.of(said).keep(),
        metered: (readings) => replayMetered(readings, core.meter),
        kept: (kept) => {
          core.vault.add(kept);
          this.#parts.onKept(kept, this);
        },
      },
    };
  }

  #record(event: EventBody): Promise<{ readonly seq: number }> {
    const { audit, clock } = this.#parts.core;
    if (event.type === 'flow.closed') this.#due.delete(event.decision);
    if (event.type !== 'decision' || event.effect !== 'allow') return audit.record(event);
    const { id, tenant, task } = event;
    this.#due.set(id, { tenant, task, at: clock.now() });
    return audit.record(event).catch((error) => {
      this.#due.delete(id);
      throw error;
    });
  }

  /** INVARIANT: decided under the snapshot that is current here and now, so that nothing hangs on what has ended. */
  #hold({ flow, request, mode }: Up['asks']['hold']['ask']): boolean {
    const { core, decider } = this.#parts;
    const decision = decider.decide(request, core.control.current());
    if (decision.effect !== 'allow' || decision.mode !== mode) return false;
    const lease = core.leases.hold(this.#shadow(flow), decision.facts, request);
    if (lease === null) return false;
    this.#flows.set(flow.id, lease);
    return true;
  }

  #shadow(flow: FlowSheet) {
    return { ...flow, cut: (change: string) => this.#cut(flow.id, change) };
  }

  /** Flows that are cut in one go are one question. */
  #cut(id: string, change: string): Promise<void> {
    if (this.#cutting?.change !== change) {
      const flows: string[] = [];
      this.#cutting = { flows, change, done: Promise.resolve().then(() => this.#cutAll(flows, change)) };
    }
    this.#cutting.flows.push(id);
    return this.#cutting.done;
  }

  async #cutAll(flows: readonly string[], change: string): Promise<void> {
    this.#cutting = null;
    const late = setTimeout(() => {
      this.#parts.core.log.error({ change }, 'an egress worker did not confirm a cut and is ended');
      void this.abandon();
    }, CUT_MS);
    // It answers, or it has ended: either way nothing of these flows has a way out.
    await this.#channel.ask('cut', { flows, change }).catch(() => undefined);
    clearTimeout(late);
  }

  #close(who: Spender): void {
    this.#parts.budgets.close(who);
    const held = this.#open.get(who);
    if (held) held.exchanges -= 1;
    if (held?.exchanges === 0) this.#open.delete(who);
  }

  /** The thread has ended, and with it its sockets. */
  async #over(): Promise<void> {
    const { core, budgets, onLost } = this.#parts;
    this.#channel.close();
    for (const lease of this.#flows.takeAll()) lease.release();
    for (const { who, exchanges } of this.#open.takeAll()) for (let n = 0; n < exchanges; n += 1) budgets.close(who);
    const due = [...this.#due];
    this.#due.clear();
    if (!this.#ending) onLost(this);
    const closes = due.map(([decision, { tenant, task, at }]) => {
      const now = core.clock.now();
      const id = ulid('f', now, randomBytes(10));
      return core.audit.record({
        ...LOST,
        decision,
        id,
        tenant: tenant ?? '',
        task: task ?? '',
        duration_ms: now - at,
      });
    });
    const failed = (await Promise.allSettled(closes)).filter(({ status }) => status === 'rejected').length;
    if (failed > 0) core.log.error({ flows: failed }, 'closes of an egress worker that ended could not be recorded');
  }
}

/** What is known of a flow whose worker ended: that it is over. */
const LOST = {
  bytes_down: 0,
  bytes_up: 0,
  cause: 'internal_error',
  change: null,
  reason: 'internal_error',
  status: null,
  type: 'flow.closed',
} as const;
