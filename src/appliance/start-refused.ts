/** Why an appliance does not start. */

import { type Problem, problemText, type Result } from '../core/result.ts';

/** Something that must be right at start is not; the message says what, where and how to mend it. */
export class StartRefused extends Error {
  readonly code = 'START_REFUSED';
}

/** The loaded value, or a refusal that names every problem with its file and line. */
export function must<T>(loaded: Result<T, Problem[]>): T {
  if (loaded.ok) return loaded.value;
  throw new StartRefused(loaded.error.map(problemText).join('\n'));
}

/** Opens a door; an address that cannot be had is a refusal that names it. */
export async function opening<T>(door: string, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error && error.syscall === 'listen')) throw error;
    const { code, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number };
    const fix = code === 'EADDRINUSE' ? 'end what listens there, or choose another port' : 'choose another address';
    // Some failures name no port.
    const at = port === undefined ? address : `${address}:${port}`;
    throw new StartRefused(`the ${door} cannot listen on ${at} (${code}); ${fix}`);
  }
}

const KNOWN = new Set(['STATE_UNUSABLE', 'STATE_IN_USE', 'CONTROLS_DAMAGED', 'LOG_DAMAGED', 'DOCUMENT_DAMAGED']);

/** The parts' own refusals as `StartRefused`; anything else as it was. */
export function refusedBy(error: unknown): unknown {
  const known = error instanceof Error && 'code' in error && KNOWN.has(String(error.code));
  return known ? new StartRefused(error.message) : error;
}

/** What has been started, to be stopped in reverse. */
export class Started {
  readonly #stops: (() => Promise<void> | void)[] = [];

  add(stop: () => Promise<void> | void): void {
    this.#stops.push(stop);
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0).reverse()) await stop();
  }
}
