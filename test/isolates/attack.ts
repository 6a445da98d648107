/** What a hostile program is, and how it may end. */

import type { TaskStatus } from '../../src/core/event.ts';

export interface Attack {
  readonly name: string;
  /** The body of the default export, unless it begins with `top:`; then what follows is the whole module. */
  readonly code: string;
  /** How it may end. */
  readonly ends: readonly TaskStatus[];
}

export const STOPPED: readonly TaskStatus[] = ['timeout', 'cpu_exceeded'];
export const OUT_OF_MEMORY: readonly TaskStatus[] = [
  ...(['memory_exceeded', 'host_lost', 'timeout', 'cpu_exceeded', 'failed'] as const),
];
/** Each promise of the chain waits for the next, so memory may run out before the time does. */
export const STOPPED_OR_FULL: readonly TaskStatus[] = [...STOPPED, 'memory_exceeded', 'host_lost'];
export const FINE: readonly TaskStatus[] = ['completed', 'failed'];

export const group = (ends: readonly TaskStatus[], attacks: Readonly<Record<string, string>>): Attack[] =>
  Object.entries(attacks).map(([name, code]) => ({ name, code, ends }));

export function programOf({ code }: Attack): string {
  return code.startsWith('top:') ? code.slice(4) : `export default async (_input, env) => { ${code} };`;
}
