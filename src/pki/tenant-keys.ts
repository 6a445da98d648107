/**
 * One secret for each tenant, from which the keys are derived that hide what is the tenant's own in the record. Whoever
 * destroys it has shredded that, wherever copies of the record are.
 */

import { createHash, createHmac } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { LRUCache } from 'lru-cache';
import { loadOrCreateBytes } from './key-file.ts';

export interface TenantKey {
  /** Names the key in what it sealed; says nothing about it. */
  readonly id: string;
  /** AES-256. */
  readonly seal: Uint8Array;
  /** For keyed hashes of paths. */
  readonly hash: Uint8Array;
}

export interface TenantKeys {
  /** Made, durably, when there is none. */
  of(tenant: string): TenantKey;
  /** Null when there is none: never made, or shredded. */
  find(tenant: string): TenantKey | null;
  /** Resolves nothing but returns when the key is gone for good; false when there was none. The next use makes a new one. */
  shred(tenant: string): boolean;
}

const CACHED = 10_000;

/** `dir` must be 0700. Files are named by a hash, so that any name of a tenant will do. */
export function openTenantKeys(dir: string): TenantKeys {
  const cached = new LRUCache<string, TenantKey>({ max: CACHED });
  const fileOf = (tenant: string) => join(dir, `tenant-${createHash('sha256').update(tenant).digest('hex')}.secret`);
  const load = (tenant: string): TenantKey => {
    const known = cached.get(tenant);
    if (known) return known;
    const key = derived(loadOrCreateBytes(fileOf(tenant)));
    cached.set(tenant, key);
    return key;
  };
  return {
    of: load,
    find: (tenant) => (cached.has(tenant) || existsSync(fileOf(tenant)) ? load(tenant) : null),
    shred: (tenant) => {
      cached.delete(tenant);
      const file = fileOf(tenant);
      if (!existsSync(file)) return false;
      unlinkSync(file);
      const folder = openSync(dir, 'r');
      fsyncSync(folder);
      closeSync(folder);
      return true;
    },
  };
}

function derived(secret: Uint8Array): TenantKey {
  const part = (label: string) => createHmac('sha256', secret).update(label).digest();
  return { id: part('id').toString('hex').slice(0, 16), seal: part('seal'), hash: part('path-hash') };
}
