/**
 * The database file of the query index: opened, given up and made anew. Derived data, so writes do not wait for the disk;
 * what that costs after a power cut is that the file may be damaged, or whole and lacking rows. INVARIANT: what was open when
 * the machine went down is not believed afterwards.
 */

import { rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { readIfThere } from '../store/durable-file.ts';
import { errorCode } from '../store/files.ts';
import { INDEX_SCHEMA, INDEX_VERSION, SET_META } from './index-schema.ts';

/** SQLite's primary result codes. */
const [READONLY, IOERR, CORRUPT, FULL, CANTOPEN, NOTADB] = [8, 10, 11, 13, 14, 26];

/** Of another version, of another log, or left open by a machine that went down. */
export class StaleIndex extends Error {}

/** Not to be used as it is: make it anew. */
export function isDamage(error: unknown): boolean {
  return error instanceof StaleIndex || [CORRUPT, NOTADB].includes(codeOf(error)) || /no such/.test(messageOf(error));
}

/** It cannot be written, or not be made anew, where it is. */
export function isUnwritable(error: unknown): boolean {
  return (
    [READONLY, IOERR, FULL, CANTOPEN].includes(codeOf(error)) || ['EACCES', 'EPERM', 'EROFS'].includes(errorCode(error))
  );
}

export function openDatabase(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 2000');
    database.exec(INDEX_SCHEMA);
    const version = metaOf(database, 'version');
    const open = metaOf(database, 'open');
    const known = version === null || version === String(INDEX_VERSION);
    if (!known || (open !== null && open !== '' && open !== bootId())) throw new StaleIndex();
    database.prepare(SET_META).run('version', String(INDEX_VERSION));
    // On disk before anything follows that is not.
    database.prepare(SET_META).run('open', bootId());
    database.exec('PRAGMA synchronous = OFF');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Puts it on disk, so that it is believed at the next start, whatever comes in between. */
export function closeDatabase(database: DatabaseSync): void {
  try {
    database.exec('PRAGMA synchronous = FULL');
    database.prepare(SET_META).run('open', bootId());
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    database.prepare(SET_META).run('open', '');
  } catch {
    // It stays marked as open: after a power cut it is made anew.
  }
  database.close();
}

export function removeDatabase(path: string): void {
  if (path === '') return;
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${path}${suffix}`, { force: true });
}

export function metaOf(database: DatabaseSync, name: string): string | null {
  const row = database.prepare('SELECT value FROM meta WHERE name = ?').get(name);
  return typeof row?.['value'] === 'string' ? row['value'] : null;
}

let boot: string | null = null;

/** Another at each start of the machine; always the same where the system does not tell. */
function bootId(): string {
  boot ??= Buffer.from(readIfThere('/proc/sys/kernel/random/boot_id') ?? Buffer.from('unknown'))
    .toString('utf8')
    .trim();
  return boot;
}

function codeOf(error: unknown): number {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : '';
}
