/** What a command clears away when it is told to end in the middle. */

import { constants } from 'node:os';

const TOLD = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Has `clear` done before a signal ends the process as it would have; a second one ends it at once. What is returned
 * does it without a signal, once; where one came it does not return, since the process is about to end by that.
 */
export function beforeSignals(clear: () => unknown): () => Promise<void> {
  let cleared: Promise<unknown> | null = null;
  let told = false;
  const once = () => {
    cleared ??= Promise.resolve().then(clear);
    return cleared;
  };
  const end = async (signal: NodeJS.Signals) => {
    const code = 128 + constants.signals[signal];
    if (told) process.exit(code);
    told = true;
    try {
      await once();
    } finally {
      process.exit(code);
    }
  };
  for (const signal of TOLD) process.on(signal, end);
  return async () => {
    await once();
    if (told) await new Promise(() => {});
    for (const signal of TOLD) process.off(signal, end);
  };
}
