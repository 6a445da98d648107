/** How many requests of a task are open at once: as many as the supervisor takes. Further ones wait their turn. */

const MOST = 64;

interface Waiter {
  readonly id: number;
  readonly go: () => void;
  readonly refuse: (error: Error) => void;
}

/** Whether each stands still: its answer is there, and nobody reads on. */
const open = new Map<number, boolean>();
const waiting: Waiter[] = [];

/** Null: it may begin at once. Rejects when none of those that are open would ever end by itself. */
export function enter(id: number): Promise<void> | null {
  if (open.size < MOST) {
    open.set(id, false);
    return null;
  }
  return new Promise((go, refuse) => {
    waiting.push({ id, go, refuse });
    settle();
  });
}

/** Also of one that waits, or is over already. */
export function leave(id: number): void {
  const at = waiting.findIndex((waiter) => waiter.id === id);
  if (at >= 0) waiting.splice(at, 1);
  open.delete(id);
  settle();
}

export function standStill(id: number, still: boolean): void {
  if (!open.has(id)) return;
  open.set(id, still);
  if (still) settle();
}

function settle(): void {
  while (waiting.length > 0 && open.size < MOST) {
    const { id, go } = waiting.shift() as Waiter;
    open.set(id, false);
    go();
  }
  if (waiting.length === 0 || ![...open.values()].every(Boolean)) return;
  for (const { refuse } of waiting.splice(0)) refuse(tooMany());
}

function tooMany(): Error {
  const error = new TypeError(`${MOST} answers are open and nobody reads them; read or cancel some first`);
  return Object.assign(error, { code: 'too_many_calls' });
}
