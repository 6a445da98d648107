/** The state directory: everything that must survive a restart. Made 0700, held by one appliance at a time. */

import { accessSync, chmodSync, constants, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Documents, openDocuments } from './documents.ts';
import { errorCode } from './files.ts';
import { makeDirectories } from './make-directory.ts';
import { lockState } from './state-lock.ts';

export class StateUnusable extends Error {
  readonly code = 'STATE_UNUSABLE';
}

/** The directories in it, each 0700. */
export const STATE_FOLDERS = ['keys', 'audit', 'bundles', 'documents'] as const;
export type StateFolder = (typeof STATE_FOLDERS)[number];

export interface StateDir {
  /** Absolute. */
  readonly path: string;
  /** Absolute path of one of its folders. */
  folder(name: StateFolder): string;
  /** Controls, cursors and other small documents. */
  readonly documents: Documents;
  /** Lets another appliance have it. */
  release(): void;
}

/** Creates what is missing and takes the exclusive lock. Throws `StateUnusable` or `StateInUse`. */
export function openStateDir(path: string): StateDir {
  const root = resolve(path);
  makeDirectory(root);
  for (const name of STATE_FOLDERS) makeDirectory(join(root, name));
  const lock = lockState(root);
  try {
    checkFormat(root);
  } catch (error) {
    lock.release();
    throw error;
  }
  return {
    path: root,
    folder: (name) => join(root, name),
    documents: openDocuments(join(root, 'documents')),
    release: () => lock.release(),
  };
}

/** How the files of a state directory are laid out. Raised when an older program would misread them. */
const FORMAT = 1;

/** A directory that a newer program wrote is refused: this one would not see all that it holds, revocations among them. */
function checkFormat(root: string): void {
  const file = join(root, 'format');
  const text = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  // Absent in a new directory and in those of before; empty after a crash in this very write.
  if (text === '') {
    writeFileSync(file, `${FORMAT}\n`, { mode: 0o600, flush: true });
    return;
  }
  const found = /^[1-9][0-9]{0,5}$/.test(text) ? Number(text) : null;
  if (found === null)
    throw new StateUnusable(`\`${file}\` is damaged; restore it from a backup, or choose another --state`);
  if (found > FORMAT)
    throw new StateUnusable(
      `\`${root}\` was written by a newer version (format ${found}, this one knows ${FORMAT}); run that version, or choose another --state`,
    );
}

/** Paths of an existing state directory, for commands that only read; takes no lock. */
export function stateFolder(path: string, name: StateFolder): string {
  return join(resolve(path), name);
}

function makeDirectory(path: string): void {
  try {
    makeDirectories(path);
  } catch (error) {
    throw new StateUnusable(`cannot create \`${path}\` (${errorCode(error)}); choose a directory with --state`);
  }
  const stat = statSync(path);
  if (!stat.isDirectory()) throw new StateUnusable(`\`${path}\` is not a directory; choose another with --state`);
  try {
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
    // INVARIANT: nobody but the owner reads keys or the record, whatever the umask was when it was made.
    if ((stat.mode & 0o077) !== 0) chmodSync(path, 0o700);
  } catch (error) {
    const fix = 'give it to the user that runs this, or choose another with --state';
    throw new StateUnusable(`\`${path}\` is not writable (${errorCode(error)}); ${fix}`);
  }
}
