/** Where the files are that an isolate host needs. */

import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { hostCode } from './prepared-host.ts';
import type { HostFiles } from './walls.ts';

/** Finds the host's own code and isolated-vm's compiled addon for this very Node. */
export function hostFiles(): HostFiles {
  const engine = createRequire(import.meta.url).resolve('isolated-vm');
  const build = createRequire(engine)('node-gyp-build') as { path(folder: string): string };
  return {
    ...hostCode(),
    addon: build.path(dirname(engine)),
  };
}
