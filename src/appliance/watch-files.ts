/** Notices edits of the files that people edit, and asks for a reload. */

import { existsSync } from 'node:fs';
import type { RevisionRoots } from '../control/load-revision.ts';
import type { Log } from '../core/ports.ts';
import { treeStamp } from '../store/read-tree.ts';

/** Directories that come with their first file; what is being written there is hidden until it is whole. */
function stampIfThere(dir: string | null): string {
  return dir === null || !existsSync(dir) ? '' : treeStamp([dir]);
}

const EVERY_MS = 2000;

/**
 * Calls `reload` once after the files have changed and then stayed the same for one period: an editor that saves in
 * several steps is let finish. Polls, because a watch is not told of changes on network and overlay file systems.
 * Returns how to stop.
 */
export function watchFiles(roots: RevisionRoots, log: Log, reload: () => Promise<void>): () => void {
  const stamp = () => {
    try {
      return `${treeStamp([...roots.rules, ...roots.categories])}\n${stampIfThere(roots.imports)}\n${stampIfThere(roots.edits)}`;
    } catch {
      // A file went away between listing and reading: it changes right now.
      return null;
    }
  };
  let loaded = stamp();
  let before = loaded;
  const look = () => {
    const now = stamp();
    const settled = now !== null && now === before;
    before = now;
    if (!settled || now === loaded) return;
    loaded = now;
    reload().catch((error) => log.error({ error }, 'a reload failed; what was in force still is'));
  };
  const timer = setInterval(look, EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}
