/**
 * One appliance a state directory. The lock is SQLite's exclusive lock on a file (POSIX record locks of the kernel):
 * it ends with the process that holds it, even by kill -9 or power loss, so there is no stale lock to clean up, and it
 * holds across containers that share the volume.
 *
 * KNOWN GAP: on NFS without a lock daemon the lock is only as good as the server's.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export class StateInUse extends Error {
  readonly code = 'STATE_IN_USE';
  constructor(dir: string, holder: string) {
    super(`\`${dir}\` is in use by another appliance${holder}; stop it, or use another directory with --state`);
  }
}

export interface StateLock {
  release(): void;
}

/**
 * INVARIANT: a held lock is reachable from here until it is released. Node closes a `DatabaseSync` that nobody refers to
 * when it collects garbage, and with it would go the lock of a holder that never meant to release it.
 */
const held = new Set<DatabaseSync>();

/** Throws `StateInUse` when another process, or this one, already holds it. */
export function lockState(dir: string): StateLock {
  const database = new DatabaseSync(join(dir, 'lock.sqlite'));
  try {
    // No journal file and no write: nothing to roll back after a crash.
    database.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = OFF; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (/locked|busy/.test(String(error))) throw new StateInUse(dir, holderOf(dir));
    throw error;
  }
  writeFileSync(join(dir, 'lock.pid'), `${process.pid}\n`, { mode: 0o600 });
  held.add(database);
  return {
    release: () => {
      if (held.delete(database)) database.close();
    },
  };
}

/** For the message only: the number may be of another container. */
function holderOf(dir: string): string {
  try {
    const pid = readFileSync(join(dir, 'lock.pid'), 'utf8').trim();
    return /^[0-9]+$/.test(pid) ? ` (process ${pid})` : '';
  } catch {
    return '';
  }
}
