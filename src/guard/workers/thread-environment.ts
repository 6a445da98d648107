/** What a thread is started with beside its orders. */

import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';

/**
 * The environment of this process, and where Node keeps what it makes of the sources, when the process keeps it: a thread
 * takes that from its environment only, and without it strips and compiles a hundred modules again.
 */
export function threadEnvironment(): NodeJS.ProcessEnv {
  // Below the directory that was asked for Node makes one for its version.
  const directory = getCompileCacheDir();
  return directory === undefined ? process.env : { ...process.env, NODE_COMPILE_CACHE: dirname(directory) };
}
