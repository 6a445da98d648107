/**
 * Replaces a small file so that a crash at any instant leaves either the old content or the new, never a mixture.
 *
 * Expected system calls, in this order:
 *   open(tmp) write(tmp) fsync(tmp) close(tmp) rename(tmp, path) open(dir) fsync(dir) close(dir)
 * A crash before the rename leaves the old file and a stray `.tmp` (overwritten next time); after it, the new file.
 */

import { dirname } from 'node:path';
import { type Files, isMissing, nodeFiles } from './files.ts';

/** Resolves when the new content would survive a power cut. Mode 0600. */
export async function writeDurable(path: string, data: Uint8Array | string, files: Files = nodeFiles): Promise<void> {
  const temporary = `${path}.tmp`;
  await files.write(temporary, typeof data === 'string' ? Buffer.from(data) : data);
  await files.syncFile(temporary);
  await files.rename(temporary, path);
  await files.syncDirectory(dirname(path));
}

/** The content, or null when there is no such file. */
export function readIfThere(path: string, files: Files = nodeFiles): Uint8Array | null {
  try {
    return files.read(path);
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}
