/** Tasks that live now, as the record tells: admitted, not finished, pass not over. Bounded. */

import type { TaskView } from '../admin/ports.ts';
import type { AuditEvent } from '../core/event.ts';
import type { Clock, LiveTask } from '../core/ports.ts';

const KEPT = 50_000;

export class TaskBook {
  /** By tenant and id, in the order they came; a cache that empties itself takes as long as it is large, at each task that was alone. */
  readonly #tasks = new Map<string, TaskView>();
  /** Keys of the tasks that have an id, of each tenant one. */
  readonly #named = new Map<string, Set<string>>();
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
    if (event.type === 'task.finished') this.#drop(key);
    if (event.type !== 'task.admitted' || !event.admitted) return;
    const { task: id, tenant, profile, kind } = event;
    if (this.#tasks.size >= KEPT) this.#drop(this.#tasks.keys().next().value as string);
    this.#tasks.set(key, { id, tenant, class: event.class, profile, kind, since: Date.parse(event.time) });
    this.#named.set(id, (this.#named.get(id) ?? new Set()).add(key));
  }

  live(): readonly TaskView[] {
    return [...this.#tasks.values()].filter((task) => this.#lives(task));
  }

  /** Those that have the id: tenants choose ids as they like. */
  named(id: string): readonly LiveTask[] {
    const keys = [...(this.#named.get(id) ?? [])];
    return keys.flatMap((key) => {
      const task = this.#tasks.get(key);
      return task && this.#lives(task) ? [{ ...task, until: task.since + this.#maxTtlMs }] : [];
    });
  }

  #lives({ since }: TaskView): boolean {
    return since > this.#clock.now() - this.#maxTtlMs;
  }

  #drop(key: string): void {
    const id = this.#tasks.get(key)?.id ?? '';
    this.#tasks.delete(key);
    const keys = this.#named.get(id);
    keys?.delete(key);
    if (keys?.size === 0) this.#named.delete(id);
  }
}
