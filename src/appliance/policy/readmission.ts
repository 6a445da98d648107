/**
 * Admission is a fact that a pass was derived from: when the admission policy changes, every pass that it would no longer
 * issue is revoked, which cuts its flows (and kills its task, where that is an isolate's). It is a change of controls like an
 * operator's: recorded, with its receipt, and replayed.
 *
 * KNOWN GAP: a pass that would be issued still, but with fewer capabilities (`hold` by risk), keeps those it has until it ends.
 */

import { readBundle } from '../../audit/read.ts';
import { publishedCheckpoint } from '../../audit/recover.ts';
import { TILE_WIDTH } from '../../audit/tile-path.ts';
import type { ControlPlane } from '../../control/control-plane.ts';
import { whyNotChanged } from '../../core/controls.ts';
import type { AuditEvent, TaskAdmittedEvent } from '../../core/event.ts';
import type { Clock, Log } from '../../core/ports.ts';
import { admit } from '../../policy/admission/admission.ts';
import { nodeFiles } from '../../store/files.ts';

export interface ReadmissionParts {
  readonly clock: Clock;
  readonly log: Log;
  /** The longest life of a pass: older ones have ended. */
  readonly maxTtlMs: number;
}

/** Entries of the record that are looked through at start; on a busy gate, less than the life of a pass. */
const MOST_ENTRIES = 200_000;
const ADMITTED = Buffer.from('"type":"task.admitted"');

export class Readmission {
  readonly #parts: ReadmissionParts;
  /** By pass, oldest first. */
  readonly #passes = new Map<string, TaskAdmittedEvent>();

  #control: ControlPlane | null = null;

  constructor(parts: ReadmissionParts) {
    this.#parts = parts;
  }

  /** From now on also what was admitted under one bundle and recorded under the next is reviewed. */
  watch(control: ControlPlane): void {
    this.#control = control;
  }

  /** Takes one recorded event, in order. */
  see(event: AuditEvent): void {
    if (event.type !== 'task.admitted' || !event.admitted) return;
    this.#passes.set(event.pass, event);
    const oldest = this.#oldest();
    for (const [pass, { time }] of this.#passes) {
      if (Date.parse(time) > oldest) break;
      this.#passes.delete(pass);
    }
    const control = this.#control;
    if (control === null || control.current().bundle.digest === event.bundle) return;
    this.review(control).catch((error) => this.#parts.log.error({ error }, 'passes could not be reviewed'));
  }

  /** What was admitted before a restart, from the record in `state/audit`, in order. */
  recall(auditDir: string): readonly TaskAdmittedEvent[] {
    const found: TaskAdmittedEvent[] = [];
    for (const event of newestFirst(auditDir, this.#oldest())) if (event.admitted) found.push(event);
    for (const event of found.reverse()) this.see(event);
    return found;
  }

  /** Revokes what the bundle in force would not admit; the value is how many passes. */
  async review(control: ControlPlane): Promise<number> {
    const { bundle } = control.current();
    let revoked = 0;
    for (const [pass, event] of [...this.#passes]) {
      if (event.bundle === bundle.digest || Date.parse(event.time) <= this.#oldest()) continue;
      const { caller, kind, profile, risk } = event;
      const order = { caller, kind, tenant: event.tenant ?? '', class: event.class, profile, risk };
      const admission = admit(order, bundle);
      if (admission.admitted) continue;
      const done = await this.#revoke(control, event, admission.message ?? 'admission policy refuses this task');
      if (!done) continue;
      // One that could not be revoked stays, so that the next review tries again.
      this.#passes.delete(pass);
      revoked += 1;
    }
    return revoked;
  }

  async #revoke(
    control: ControlPlane,
    { pass, task, tenant, kind }: TaskAdmittedEvent,
    message: string,
  ): Promise<boolean> {
    const ends = kind === 'isolate' && task !== null;
    const action = ends ? ({ do: 'task.kill', task, tenant } as const) : ({ do: 'pass.revoke', pass } as const);
    // By then no pass of today is good any more, and the mark can be forgotten.
    const why = `no longer admitted: ${message}`.slice(0, 500);
    const outcome = await control.apply({ action, by: 'locktender', why, forMs: this.#parts.maxTtlMs });
    if (!outcome.ok)
      this.#parts.log.error(
        { pass, why: whyNotChanged(outcome.error) },
        'a pass that is no longer admitted still stands',
      );
    return outcome.ok;
  }

  #oldest(): number {
    return this.#parts.clock.now() - this.#parts.maxTtlMs;
  }
}

function* newestFirst(dir: string, oldest: number): Generator<TaskAdmittedEvent> {
  const size = publishedCheckpoint(dir, nodeFiles)?.size ?? 0;
  const last = Math.floor((size - 1) / TILE_WIDTH);
  for (let index = last; index >= 0 && (last - index) * TILE_WIDTH < MOST_ENTRIES; index -= 1) {
    const entries = (readBundle(dir, index, size) ?? []).slice(0, size - index * TILE_WIDTH);
    yield* admittedIn(entries).filter(({ time }) => Date.parse(time) > oldest);
    if (timeOf(entries[0]) <= oldest) return;
  }
}

function admittedIn(entries: readonly Buffer[]): TaskAdmittedEvent[] {
  const events = entries.filter((bytes) => bytes.includes(ADMITTED)).map((bytes) => JSON.parse(bytes.toString('utf8')));
  return (events as AuditEvent[]).filter((event) => event.type === 'task.admitted').reverse();
}

function timeOf(bytes: Buffer | undefined): number {
  if (bytes === undefined) return Number.NEGATIVE_INFINITY;
  return Date.parse((JSON.parse(bytes.toString('utf8')) as { readonly time: string }).time);
}
