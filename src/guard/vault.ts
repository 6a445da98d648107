/**
 * Values that were taken out of results and may go back to where a rule says (`restore.hosts`), and nowhere else. Each is
 * bound to its tenant and task, encrypted while it waits, and forgotten when it expires or the process ends.
 */

import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { hostMatches } from '../dlp/host-list.ts';

/** Whose value it is. */
export interface Owner {
  readonly tenant: string;
  readonly task: string;
}

export interface VaultOptions {
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly ttlMs: number;
  /** Values in all; the oldest goes first. */
  readonly most: number;
  /** Shared by the threads of one process; a new one where it is left out. */
  readonly key?: Uint8Array;
}

/** A value as it is handed to another thread: sealed. */
export interface KeptValue extends Kept {
  readonly owner: Owner;
  readonly id: string;
}

interface Kept {
  readonly iv: Uint8Array;
  readonly sealed: Uint8Array;
  readonly tag: Uint8Array;
  readonly hosts: readonly string[];
  readonly until: number;
}

export interface Vaulting {
  readonly infoType: string;
  readonly value: Uint8Array;
  /** Where it may go back to; with none it is not kept. */
  readonly hosts: readonly string[];
}

export class Vault {
  readonly #options: VaultOptions;
  /** INVARIANT: never written anywhere: what is sealed ends with the process. */
  readonly key: Uint8Array;
  #onKept: (kept: KeptValue) => void = () => undefined;
  readonly #kept = new Map<string, Kept>();
  readonly #perOwner = new Map<string, number>();

  constructor(options: VaultOptions) {
    this.#options = options;
    this.key = options.key ?? randomBytes(32);
  }

  /** The token that stands for a value: the same for the same value of one task, another for another's. */
  put(owner: Owner, { infoType, value, hosts }: Vaulting): string {
    const mac = createHmac('sha256', this.key)
      .update(`${ownerKey(owner)}\0${infoType}\0`)
      .update(value);
    const id = mac.digest('hex').slice(0, 20);
    if (hosts.length > 0) this.#keep(owner, id, { value, hosts });
    return `[TOKEN:${infoType}:${id}]`;
  }

  /** Null when it is unknown, another's, expired, or may not go to this host. */
  take(owner: Owner, id: string, host: string): Buffer | null {
    const name = entryKey(owner, id);
    const kept = this.#kept.get(name);
    if (kept === undefined || !hostMatches(kept.hosts, host)) return null;
    if (kept.until <= this.#options.now()) {
      this.#drop(name);
      return null;
    }
    const opened = createDecipheriv('aes-256-gcm', this.key, kept.iv).setAAD(Buffer.from(name)).setAuthTag(kept.tag);
    return Buffer.concat([opened.update(kept.sealed), opened.final()]);
  }

  /** Whether anything is kept for a task. */
  holds(owner: Owner): boolean {
    return (this.#perOwner.get(ownerKey(owner)) ?? 0) > 0;
  }

  #keep({ tenant, task }: Owner, id: string, { value, hosts }: Pick<Vaulting, 'value' | 'hosts'>): void {
    // Whoever asks may know more of itself than this, and not all of it can be handed to another thread.
    const owner = { tenant, task };
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.key, iv).setAAD(Buffer.from(entryKey(owner, id)));
    const sealed = Buffer.concat([cipher.update(value), cipher.final()]);
    const until = this.#options.now() + this.#options.ttlMs;
    this.keep({ owner, id, iv, sealed, tag: cipher.getAuthTag(), hosts, until });
  }

  /** Keeps what was sealed under this key, here or by a thread that keeps nothing itself. */
  keep(kept: KeptValue): void {
    this.add(kept);
    this.#onKept(kept);
  }

  /** Told of each value that is kept here, for the other threads. */
  keptBy(onKept: (kept: KeptValue) => void): void {
    this.#onKept = onKept;
  }

  /** All that is kept, for a thread that has just begun. */
  entries(): KeptValue[] {
    return [...this.#kept].map(([name, kept]) => {
      const [tenant = '', task = '', id = ''] = name.split('\0');
      return { ...kept, owner: { tenant, task }, id };
    });
  }

  /** Takes what another thread of the same key keeps. */
  add({ owner, id, ...kept }: KeptValue): void {
    const name = entryKey(owner, id);
    this.#drop(name);
    this.#kept.set(name, kept);
    this.#perOwner.set(ownerKey(owner), (this.#perOwner.get(ownerKey(owner)) ?? 0) + 1);
    // Maps keep their order, and all live equally long: the first is the oldest.
    for (const [oldest, { until: end }] of this.#kept) {
      if (this.#kept.size <= this.#options.most && end > this.#options.now()) break;
      this.#drop(oldest);
    }
  }

  #drop(name: string): void {
    if (!this.#kept.delete(name)) return;
    const owner = name.slice(0, name.lastIndexOf('\0'));
    const left = (this.#perOwner.get(owner) ?? 1) - 1;
    if (left > 0) this.#perOwner.set(owner, left);
    else this.#perOwner.delete(owner);
  }
}

const ownerKey = ({ tenant, task }: Owner): string => `${tenant}\0${task}`;
const entryKey = (owner: Owner, id: string): string => `${ownerKey(owner)}\0${id}`;
