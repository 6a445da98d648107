/**
 * Imported lists and the index compiled from them, in one directory of the state: `<name>.list`, and `index-<key>.bin`
 * whose name says what it was compiled from. Files are replaced by rename: a reader sees the old one or the new one.
 */

import {
  closeSync,
  fstatSync,
  fsyncSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectories } from './make-directory.ts';
import { readText } from './read-tree.ts';

/** Most bytes of one list: what one string holds with room to spare. */
const MAX_LIST = 400 * 1024 * 1024;
const HEAD = 64 * 1024;
const CHUNK = 1 << 20;

/** Names of the lists that are kept, sorted. */
export function listNames(dir: string): readonly string[] {
  return namesIn(dir)
    .filter((name) => name.endsWith('.list'))
    .map((name) => name.slice(0, -'.list'.length))
    .sort();
}

/** The first line of a list. */
export function readListHead(dir: string, name: string): string {
  const fd = openSync(join(dir, `${name}.list`), 'r');
  try {
    const bytes = Buffer.alloc(HEAD);
    const text = bytes.toString('utf8', 0, readSync(fd, bytes, 0, HEAD, 0));
    return text.split('\n', 1)[0] ?? '';
  } finally {
    closeSync(fd);
  }
}

export function readList(dir: string, name: string): string {
  return readText(join(dir, `${name}.list`), MAX_LIST);
}

/** A list of somebody else, wherever it is; bounded. Throws `TreeUnreadable`. */
export function readForeignList(path: string): string {
  return readText(path, MAX_LIST);
}

/** Replaces a list, durably. */
export function writeList(dir: string, name: string, chunks: Iterable<string>): void {
  write(dir, `${name}.list`, chunks);
}

/** False when there was none. */
export function removeList(dir: string, name: string): boolean {
  if (!listNames(dir).includes(name)) return false;
  rmSync(join(dir, `${name}.list`));
  return true;
}

/** The index of a key in memory that can be shared; null when there is none. */
export function readIndexFile(dir: string, key: string): Uint8Array<SharedArrayBuffer> | null {
  let fd: number;
  try {
    fd = openSync(join(dir, indexName(key)), 'r');
  } catch {
    return null;
  }
  try {
    const bytes = new Uint8Array(new SharedArrayBuffer(fstatSync(fd).size));
    for (let at = 0; at < bytes.length; ) at += readSync(fd, bytes, at, bytes.length - at, at) || bytes.length;
    return bytes;
  } finally {
    closeSync(fd);
  }
}

/** The same in small steps, so that whoever serves meanwhile is not held up; `see` is shown each step in turn. */
export async function readIndexInSteps(
  dir: string,
  key: string,
  see: (step: Uint8Array, left: number) => void,
): Promise<Uint8Array<SharedArrayBuffer> | null> {
  const handle = await open(join(dir, indexName(key)), 'r').catch(() => null);
  if (handle === null) return null;
  try {
    const { size } = await handle.stat();
    const bytes = new Uint8Array(new SharedArrayBuffer(size));
    const step = Buffer.alloc(CHUNK);
    for (let at = 0; at < size; ) {
      const { bytesRead } = await handle.read(step, 0, Math.min(CHUNK, size - at), at);
      if (bytesRead === 0) return null;
      bytes.set(step.subarray(0, bytesRead), at);
      at += bytesRead;
      see(step.subarray(0, bytesRead), size - at);
    }
    return bytes;
  } finally {
    await handle.close();
  }
}

/** Keeps the index of a key and drops those of others. */
export function writeIndexFile(dir: string, key: string, bytes: Uint8Array): void {
  write(dir, indexName(key), [bytes]);
  for (const name of namesIn(dir)) {
    if (/^index-.*\.bin$/.test(name) && name !== indexName(key)) rmSync(join(dir, name), { force: true });
  }
}

function indexName(key: string): string {
  return `index-${key}.bin`;
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

function write(dir: string, name: string, chunks: Iterable<string | Uint8Array>): void {
  makeDirectories(dir);
  const temporary = join(dir, `.${name}.${process.pid}.tmp`);
  const fd = openSync(temporary, 'w', 0o600);
  try {
    for (const chunk of chunks) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, Math.min(bytes.length - at, 1 << 24));
    }
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, join(dir, name));
}
