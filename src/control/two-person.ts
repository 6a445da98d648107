/** The two-person rule: a change that it covers is asked by one person, and comes into force when another approves. */

import { randomBytes } from 'node:crypto';
import type { AwaitsSecondPerson, NotChanged, RecordedAction } from '../core/controls.ts';
import { ulid } from '../core/ids.ts';
import type { AuditSink, Clock } from '../core/ports.ts';
import { err, ok, type Result } from '../core/result.ts';
import { pendingEvent } from './control-records.ts';
import { MOST_PENDING, type PendingControl, type PendingControls, type TwoPersonRule } from './pending-controls.ts';

export interface TwoPersonParts {
  readonly rule: TwoPersonRule;
  readonly pending: PendingControls;
  readonly audit: AuditSink;
  readonly clock: Clock;
}

type Asked = Pick<PendingControl, 'action' | 'by' | 'why' | 'forMs'>;

export class TwoPersonDesk {
  readonly #parts: TwoPersonParts;

  constructor(parts: TwoPersonParts) {
    this.#parts = parts;
  }

  /** `undone`: what an undo takes back. Undoing what is covered, or its opposite, is covered too. */
  covers(action: RecordedAction, undone: RecordedAction | null): boolean {
    const { actions } = this.#parts.rule;
    if (actions.size === 0) return false;
    if (action.do !== 'control.undo') return actions.has(action.do) && isGlobal(action);
    if (undone === null || undone.do === 'control.undo') return true;
    const family = undone.do.split('.')[0] ?? '';
    return isGlobal(undone) && [...actions].some((name) => name.startsWith(`${family}.`));
  }

  /** Keeps and records the request; always an error, that says how it comes into force. */
  async ask({ action, by, why, forMs }: Asked): Promise<Result<never, NotChanged>> {
    const { pending, rule, clock } = this.#parts;
    if (pending.list().length >= MOST_PENDING) {
      return err(`${MOST_PENDING} changes wait for a second person already; approve or reject some`);
    }
    const at = clock.now();
    const row = { id: ulid('p', at, randomBytes(10)), action, by, why, forMs, at, until: at + rule.withinMs };
    await pending.add(row);
    await this.#record(row, 'asked', { by, why });
    return err(waits(row, `not in force: \`${action.do}\` needs a second person`));
  }

  /** The request that may now be carried out. */
  async approvable(id: string, by: string): Promise<Result<PendingControl, NotChanged>> {
    await this.expire();
    const row = this.#parts.pending.find(id);
    if (!row) return err(`no change \`${id}\` waits; see \`locktender control list\``);
    if (row.by === by) return err(waits(row, `\`${by}\` asked for this change; another person must approve it`));
    return ok(row);
  }

  async done(id: string): Promise<void> {
    await this.#parts.pending.remove(id);
  }

  async reject(id: string, by: string, why: string): Promise<Result<PendingControl, string>> {
    await this.expire();
    const row = this.#parts.pending.find(id);
    if (!row) return err(`no change \`${id}\` waits; see \`locktender control list\``);
    await this.#parts.pending.remove(id);
    await this.#record(row, 'rejected', { by, why });
    return ok(row);
  }

  /** Lets what nobody approved in time go. */
  async expire(): Promise<void> {
    const { pending, clock } = this.#parts;
    const now = clock.now();
    for (const row of pending.list().filter((r) => r.until <= now)) {
      await pending.remove(row.id);
      await this.#record(row, 'expired', { by: 'locktender', why: 'nobody approved it in time' });
    }
  }

  async #record(
    { id, action, until }: PendingControl,
    state: 'asked' | 'rejected' | 'expired',
    { by, why }: { readonly by: string; readonly why: string },
  ): Promise<void> {
    const { audit, clock } = this.#parts;
    await audit.record(pendingEvent({ pending: id, action, state, by, why, until }, clock.now()));
  }
}

function waits({ id, by, until }: PendingControl, what: string): AwaitsSecondPerson {
  const before = new Date(until).toISOString();
  const message = `${what}; somebody other than \`${by}\` runs \`locktender control approve ${id}\` before ${before}`;
  return { pending: id, until, message };
}

/** Overrides for one tenant are that tenant's business. */
function isGlobal(action: RecordedAction): boolean {
  return !('host' in action) || action.tenant === null;
}
