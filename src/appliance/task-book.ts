/** Tasks that live now, as the record tells: admitted, not finished, pass not over. Bounded. */

import type { TaskView } from '../admin/ports.ts';
import type { AuditEvent } from '../core/event.ts';
import type { Clock } from '../core/ports.ts';

const KEPT = 50_000;

export class TaskBook {
  /** By tenant and id, in the order they came; a cache that empties itself takes as long as it is large, at each task that was alone. */
  readonly #tasks = new Map<string, TaskView>();
  readonly #clock: Clock;
  readonly #maxTtlMs: number;

  /** `maxTtlMs`: the longest life of a pass; a sandbox's task is not listed beyond it. */
  constructor(clock: Clock, maxTtlMs: number) {
    this.#clock = clock;
    this.#maxTtlMs = maxTtlMs;
  }

  /** Takes one recorded event, in order. */
  see(event: AuditEvent): void {
    if (event.task === null || event.tenant === null) return;
    const key = `${event.tenant}\0${event.task}`;
    if (event.type === 'task.finished') this.#tasks.delete(key);
    if (event.type !== 'task.admitted' || !event.admitted) return;
    const { task: id, tenant, profile, kind } = event;
    if (this.#tasks.size >= KEPT) this.#tasks.delete(this.#tasks.keys().next().value as string);
    this.#tasks.set(key, { id, tenant, class: event.class, profile, kind, since: Date.parse(event.time) });
  }

  live(): readonly TaskView[] {
    const oldest = this.#clock.now() - this.#maxTtlMs;
    return [...this.#tasks.values()].filter((task) => task.since > oldest);
  }
}
