/**
 * The kernel's own bound on a host's memory, where a cgroup can be made (T-61): it holds between two looks of the
 * watchdog. Version 1 and 2; where neither can be written, the watchdog and the resource limits stand alone.
 */

import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Kind {
  /** The file that bounds memory, and the one that bounds memory and swap together or swap alone. */
  readonly limit: string;
  readonly swap: { readonly file: string; readonly value: (bytes: number) => string };
  /** The file with a line `oom_kill N`. */
  readonly events: string;
}

const V1: Kind = {
  limit: 'memory.limit_in_bytes',
  swap: { file: 'memory.memsw.limit_in_bytes', value: String },
  events: 'memory.oom_control',
};
const V2: Kind = { limit: 'memory.max', swap: { file: 'memory.swap.max', value: () => '0' }, events: 'memory.events' };

const PREFIX = 'locktender-host-';
const RMDIR_TRIES = 20;
const RMDIR_MS = 50;

/** Where groups for hosts can be made, found once. */
export interface MemoryGroups {
  /** Moves a process into a group of its own; what it holds already is not counted there. Null when it cannot be done. */
  hold(pid: number): MemoryGroup | null;
}

/** Null where no cgroup with a memory bound can be made. */
export function findMemoryGroups(): MemoryGroups | null {
  const place = findPlace();
  if (place === null) return null;
  sweep(place.folder);
  let serial = 0;
  return {
    hold: (pid) => {
      serial += 1;
      const folder = join(place.folder, `${PREFIX}${process.pid}-${serial}`);
      try {
        mkdirSync(folder);
        writeFileSync(join(folder, 'cgroup.procs'), String(pid));
        return new MemoryGroup(folder, place.kind);
      } catch {
        removeSoon(folder);
        return null;
      }
    },
  };
}

export class MemoryGroup {
  readonly #folder: string;
  readonly #kind: Kind;
  #limit = 0;

  constructor(folder: string, kind: Kind) {
    this.#folder = folder;
    this.#kind = kind;
  }

  /** Lets the group hold so much; a bound is never lowered, as what stands under it may not fit any more. */
  allow(bytes: number): void {
    if (bytes <= this.#limit) return;
    this.#limit = bytes;
    const { limit, swap } = this.#kind;
    // Version 1 wants swap to be at least memory, so it goes first when it grows; it may not be there at all.
    for (const [file, text] of [
      [swap.file, swap.value(bytes)],
      [limit, String(bytes)],
      [swap.file, swap.value(bytes)],
    ] as const) {
      writeQuietly(join(this.#folder, file), text);
    }
  }

  /** Whether the kernel ended something in it for want of memory. */
  get killed(): boolean {
    const count = /^oom_kill (\d+)$/m.exec(readQuietly(join(this.#folder, this.#kind.events)))?.[1];
    return Number(count ?? 0) > 0;
  }

  /** Once its process is gone. */
  remove(): void {
    removeSoon(this.#folder);
  }
}

interface Place {
  readonly folder: string;
  readonly kind: Kind;
}

function findPlace(): Place | null {
  const own = readQuietly('/proc/self/cgroup');
  const mounts = readQuietly('/proc/self/mounts').split('\n');
  const v1 = mountOf(mounts, (type, options) => type === 'cgroup' && options.split(',').includes('memory'));
  const path1 = /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m.exec(own)?.[1];
  if (v1 !== null && path1 !== undefined) return usable({ folder: join(v1, path1), kind: V1 });
  const v2 = mountOf(mounts, (type) => type === 'cgroup2');
  const path2 = /^0::(.*)$/m.exec(own)?.[1];
  if (v2 === null || path2 === undefined) return null;
  const folder = join(v2, path2);
  return delegated(folder) ? usable({ folder, kind: V2 }) : null;
}

function mountOf(mounts: readonly string[], fits: (type: string, options: string) => boolean): string | null {
  for (const line of mounts) {
    const [, where = '', type = '', options = ''] = line.split(' ');
    if (fits(type, options)) return where;
  }
  return null;
}

/** Tried for real. */
function usable(place: Place): Place | null {
  const folder = join(place.folder, `${PREFIX}${process.pid}-0`);
  try {
    mkdirSync(folder);
    writeFileSync(join(folder, place.kind.limit), String(1024 ** 3));
    return place;
  } catch {
    return null;
  } finally {
    removeSoon(folder);
  }
}

/**
 * Version 2 bounds memory in children of a group that holds no process itself. A group of ours alone (systemd's
 * `Delegate=yes`) is made so: we move to a child of it. A shared one is left as it is.
 */
function delegated(folder: string): boolean {
  const enabled = () => readQuietly(join(folder, 'cgroup.subtree_control')).split(/\s+/).includes('memory');
  if (enabled()) return true;
  const others = readQuietly(join(folder, 'cgroup.procs'))
    .split('\n')
    .filter((pid) => pid !== '' && pid !== String(process.pid));
  if (others.length > 0) return false;
  try {
    const inner = join(folder, 'locktender');
    mkdirSync(inner, { recursive: true });
    writeFileSync(join(inner, 'cgroup.procs'), String(process.pid));
    writeFileSync(join(folder, 'cgroup.subtree_control'), '+memory');
    return enabled();
  } catch {
    return false;
  }
}

/** Groups that a run before us left; one with a process in it cannot be removed. */
function sweep(folder: string): void {
  try {
    for (const name of readdirSync(folder)) if (name.startsWith(PREFIX)) removeQuietly(join(folder, name));
  } catch {
    // Not to be listed: nothing of ours is there then.
  }
}

function removeSoon(folder: string, tries = RMDIR_TRIES): void {
  if (removeQuietly(folder) || tries === 0) return;
  setTimeout(removeSoon, RMDIR_MS, folder, tries - 1).unref();
}

/** False while it is still in use. */
function removeQuietly(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function writeQuietly(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch {
    // One of several ways; the limit itself was tried when the place was found.
  }
}
