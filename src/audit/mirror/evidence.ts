/**
 * What shows that a mirror is not all that its node signed: the signed checkpoint itself, beside the kept ones. `verifyLog` meets
 * it there, so that whoever verifies the mirror is told too, by the node's own signature. Beside it, what it means.
 */

import { join } from 'node:path';
import { readIfThere, writeDurable } from '../../store/durable-file.ts';
import type { Files } from '../../store/files.ts';
import { KEPT_FOLDER } from '../tile-writer.ts';
import type { MirrorFault } from './mirror-fault.ts';

/** Name of the checkpoint; a kept one has its size as its name. */
const CHECKPOINT = 'fault.checkpoint';
const MEANING = 'fault.json';

interface Kept {
  readonly fault: MirrorFault;
  /** Mended once so many entries are there. */
  readonly to: number;
}

export class Evidence {
  readonly #folder: string;
  readonly #files: Files;

  constructor(dir: string, files: Files) {
    this.#folder = join(dir, KEPT_FOLDER);
    this.#files = files;
  }

  /** Null when nothing is wrong. One that cannot be read is a fault too. */
  read(): Kept | null {
    const bytes = readIfThere(join(this.#folder, MEANING), this.#files);
    if (bytes === null) return null;
    try {
      return JSON.parse(Buffer.from(bytes).toString('utf8')) as Kept;
    } catch {
      return { fault: { kind: 'forked', seq: 0, why: `\`${MEANING}\` cannot be read` }, to: 0 };
    }
  }

  async write(fault: MirrorFault, { to, note }: { readonly to: number; readonly note: string }): Promise<void> {
    await this.#files.makeDirectory(this.#folder);
    await writeDurable(join(this.#folder, CHECKPOINT), note, this.#files);
    await writeDurable(join(this.#folder, MEANING), `${JSON.stringify({ fault, to } satisfies Kept)}\n`, this.#files);
  }

  async remove(): Promise<void> {
    await this.#files.remove(join(this.#folder, MEANING));
    await this.#files.remove(join(this.#folder, CHECKPOINT));
    await this.#files.syncDirectory(this.#folder);
  }
}
