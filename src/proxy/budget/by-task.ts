/** Values by tenant and task. Two tables, not one of both names put together: that string would be made at each look. */

import type { Principal } from '../../core/principal.ts';

/** A task's id is chosen by who asks for its pass, and may be another tenant's as well. */
export type TaskOf = Pick<Principal, 'task' | 'tenant'>;

export class ByTask<T> {
  readonly #tenants = new Map<string, Map<string, T>>();

  /** Whether any task of a tenant has a value. */
  hasAny(tenant: string): boolean {
    return this.#tenants.has(tenant);
  }

  get({ tenant, task }: TaskOf): T | undefined {
    return this.#tenants.get(tenant)?.get(task);
  }

  set({ tenant, task }: TaskOf, value: T): void {
    const tasks = this.#tenants.get(tenant);
    if (tasks === undefined) this.#tenants.set(tenant, new Map([[task, value]]));
    else tasks.set(task, value);
  }

  delete({ tenant, task }: TaskOf): void {
    const tasks = this.#tenants.get(tenant);
    tasks?.delete(task);
    if (tasks?.size === 0) this.#tenants.delete(tenant);
  }

  /** Takes out everything. */
  takeAll(): T[] {
    const all = [...this.entries()].map(([, value]) => value);
    this.#tenants.clear();
    return all;
  }

  get size(): number {
    let size = 0;
    for (const tasks of this.#tenants.values()) size += tasks.size;
    return size;
  }

  /** What is taken out meanwhile is not met any more. */
  *entries(): Generator<readonly [TaskOf, T]> {
    for (const [tenant, tasks] of this.#tenants) for (const [task, value] of tasks) yield [{ tenant, task }, value];
  }
}
