/** The state directory: everything that must survive a restart. Made 0700, held by one appliance at a time. */

import { accessSync, chmodSync, constants, statSync } from 'node:fs';
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
  return {
    path: root,
    folder: (name) => join(root, name),
    documents: openDocuments(join(root, 'documents')),
    release: () => lock.release(),
  };
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
