/**
 * The seam to the disk. Everything durable goes through `Files`, so that tests can make any single step fail in both
 * ways that disks fail: not done, or done but reported as failed.
 */

import * as fs from 'node:fs';
import { open as openHandle } from 'node:fs/promises';

export interface OpenFile {
  /** Writes all of `data` at `position`, or rejects; a short write is a rejection (see `ShortWrite`). */
  write(data: Uint8Array, position: number): Promise<void>;
  /** Resolves when data and size are on stable storage (fdatasync). */
  datasync(): Promise<void>;
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

export interface Files {
  /**
   * Creates with mode 0600 when missing. `durable`: each write resolves when it is on stable storage (O_DSYNC), which
   * saves a trip to the thread pool over a write and a `datasync`.
   */
  open(path: string, durable?: boolean): Promise<OpenFile>;
  read(path: string): Uint8Array;
  /** Creates or replaces, not durable by itself; parents must exist. */
  write(path: string, data: Uint8Array): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Makes names created, renamed or removed in this directory durable. */
  syncDirectory(path: string): Promise<void>;
  /** Makes a file written by `write` durable. */
  syncFile(path: string): Promise<void>;
  remove(path: string): Promise<void>;
  makeDirectory(path: string): Promise<void>;
  /** Names in a directory, sorted; empty when it does not exist. */
  list(path: string): string[];
  exists(path: string): boolean;
}

/** The kernel took fewer bytes than it was given, which on a regular file means that the disk is (nearly) full. */
export class ShortWrite extends Error {
  readonly code = 'SHORT_WRITE';
  constructor(written: number, wanted: number) {
    super(`wrote ${written} of ${wanted} bytes; free some disk space`);
  }
}

/** Is this "no such file or directory"? */
export function isMissing(error: unknown): boolean {
  return errorCode(error) === 'ENOENT';
}

/** The `code` of a system error, or its class name. */
export function errorCode(error: unknown): string {
  if (error instanceof Error) return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return 'unknown';
}

export const nodeFiles: Files = {
  async open(path, durable = false) {
    const { O_RDWR, O_CREAT, O_DSYNC } = fs.constants;
    const handle = await openHandle(path, O_RDWR | O_CREAT | (durable ? O_DSYNC : 0), 0o600);
    return {
      // By callback: a commit waits for each of these, and a handle's own promise costs 30 µs more.
      write: (data, position) =>
        new Promise((resolve, reject) => {
          fs.write(handle.fd, data, 0, data.length, position, (error, written) => {
            if (error) reject(error);
            else if (written === data.length) resolve();
            else reject(new ShortWrite(written, data.length));
          });
        }),
      datasync: () => handle.datasync(),
      truncate: (length) => handle.truncate(length),
      close: () => handle.close(),
    };
  },
  read: (path) => fs.readFileSync(path),
  write: (path, data) => fs.promises.writeFile(path, data, { mode: 0o600 }),
  rename: (from, to) => fs.promises.rename(from, to),
  syncDirectory: (path) => syncPath(path),
  syncFile: (path) => syncPath(path),
  remove: (path) => fs.promises.rm(path, { recursive: true, force: true }),
  async makeDirectory(path) {
    await fs.promises.mkdir(path, { recursive: true, mode: 0o700 });
  },
  list(path) {
    try {
      return fs.readdirSync(path).sort();
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  },
  exists: (path) => fs.existsSync(path),
};

async function syncPath(path: string): Promise<void> {
  const handle = await openHandle(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
