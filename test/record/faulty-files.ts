/** A disk that fails when told to, at any single step, in both ways: not done, or done but reported as failed. */

import { type Files, nodeFiles, type OpenFile } from '../../src/store/files.ts';

export interface Fault {
  readonly step: string;
  readonly code: string;
  /** True: the step is done, and then reported as failed. */
  readonly persisted: boolean;
  /** A write stops after this part of the data (0 to 1) and fails. */
  readonly short?: number;
  /** What comes once it struck; without it, it stays. */
  readonly next?: Fault | null;
}

/** Steps that can fail: names of `Files` and `OpenFile`, with the kind of file after a colon. */
export const STEPS = [
  'open:journal',
  'write:journal',
  'datasync:journal',
  'syncDirectory:journal',
  'write:tile',
  'write:checkpoint',
  'rename:checkpoint',
  'syncFile:checkpoint',
] as const;

export class FaultyFiles implements Files {
  /** Null heals the disk. */
  fault: Fault | null = null;
  /** How many times the fault struck. */
  struck = 0;

  async open(path: string, durable?: boolean): Promise<OpenFile> {
    const file = await nodeFiles.open(path, durable);
    return this.#step('open', path, async () => this.#wrap(path, file)).catch(async (failure) => {
      await file.close();
      throw failure;
    });
  }

  #wrap(path: string, file: OpenFile): OpenFile {
    return {
      write: async (data, position) => {
        const short = this.fault?.short;
        if (short !== undefined && this.#hits('write', path)) {
          this.struck += 1;
          await file.write(data.subarray(0, Math.floor(data.length * short)), position);
          throw error('SHORT_WRITE');
        }
        await this.#step('write', path, () => file.write(data, position));
      },
      datasync: () => this.#step('datasync', path, () => file.datasync()),
      truncate: (length) => file.truncate(length),
      close: () => file.close(),
    };
  }

  read(path: string): Uint8Array {
    return nodeFiles.read(path);
  }
  write(path: string, data: Uint8Array): Promise<void> {
    return this.#step('write', path, () => nodeFiles.write(path, data));
  }
  rename(from: string, to: string): Promise<void> {
    return this.#step('rename', to, () => nodeFiles.rename(from, to));
  }
  syncDirectory(path: string): Promise<void> {
    return this.#step('syncDirectory', path, () => nodeFiles.syncDirectory(path));
  }
  syncFile(path: string): Promise<void> {
    return this.#step('syncFile', path, () => nodeFiles.syncFile(path));
  }
  remove(path: string): Promise<void> {
    return nodeFiles.remove(path);
  }
  makeDirectory(path: string): Promise<void> {
    return nodeFiles.makeDirectory(path);
  }
  list(path: string): string[] {
    return nodeFiles.list(path);
  }
  exists(path: string): boolean {
    return nodeFiles.exists(path);
  }

  async #step<T>(step: string, path: string, act: () => Promise<T>): Promise<T> {
    const fault = this.#hits(step, path) ? this.fault : null;
    if (fault === null) return act();
    this.struck += 1;
    if (fault.next !== undefined) this.fault = fault.next;
    if (fault.persisted) await act();
    throw error(fault.code);
  }

  #hits(step: string, path: string): boolean {
    const kind = path.includes('journal') ? 'journal' : path.includes('/tile/') ? 'tile' : 'checkpoint';
    return this.fault?.step === `${step}:${kind}`;
  }
}

function error(code: string): Error {
  return Object.assign(new Error(code), { code });
}
