/** Directories, each 0700, one level at a time: Node's recursive `mkdir` never returns where the kernel answers ENOENT, as in `/proc`. */

import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/** Makes what is missing. Throws what `mkdir` throws. */
export function makeDirectories(path: string): void {
  if (existsSync(path)) return;
  const above = dirname(path);
  if (above !== path) makeDirectories(above);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another process was quicker.
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}
