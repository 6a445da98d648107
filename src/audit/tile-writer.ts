/**
 * Writes tiles, bundles and checkpoints. Full tiles follow the journal at leisure: until they are synced, the journal
 * that can rebuild them stays.
 */

import { dirname, join } from 'node:path';
import { writeDurable } from '../store/durable-file.ts';
import type { Files } from '../store/files.ts';
import type { Edge } from './journal.ts';
import { CHECKPOINT_FILE } from './recover.ts';
import { partialsPath, TILE_WIDTH } from './tile-path.ts';
import { partialTiles, type TileFile } from './tree.ts';

export const KEPT_FOLDER = 'checkpoints';

export class TileWriter {
  readonly #dir: string;
  readonly #files: Files;
  #pending: TileFile[] = [];
  #unsynced = new Set<string>();
  readonly #folders = new Set<string>();

  constructor(dir: string, files: Files) {
    this.#dir = dir;
    this.#files = files;
  }

  /** Full tiles that are not written yet. */
  get pending(): number {
    return this.#pending.length;
  }

  add(full: readonly TileFile[]): void {
    this.#pending.push(...full);
  }

  /** Writes what is pending. On a failure the rest stays pending, to be tried again. */
  async flush(): Promise<void> {
    while (this.#pending.length > 0) {
      const [file] = this.#pending;
      if (file === undefined) return;
      await this.#write(file);
      this.#pending.shift();
      const partials = join(this.#dir, partialsPath(file.name));
      if (this.#files.exists(partials)) await this.#files.remove(partials);
    }
  }

  /**
   * Publishes a checkpoint with the partial tiles that it needs; the tiles come first, so that whoever sees the
   * checkpoint finds them. A crash in between leaves the old checkpoint and some extra partial tiles.
   */
  async publish(edge: Edge, note: string): Promise<void> {
    await this.prepare(edge);
    await writeDurable(join(this.#dir, CHECKPOINT_FILE), note, this.#files);
  }

  /** Everything that a checkpoint of this edge needs, but for itself. */
  async prepare(edge: Edge): Promise<void> {
    await this.flush();
    for (const file of partialTiles(edge)) await this.#write(file);
  }

  /** Keeps a checkpoint for ever, so that consistency over time can be checked. */
  async keep(size: number, note: string): Promise<void> {
    await this.#folder(join(this.#dir, KEPT_FOLDER));
    await writeDurable(join(this.#dir, KEPT_FOLDER, keptName(size)), note, this.#files);
  }

  /** Puts everything written so far on stable storage. */
  async sync(): Promise<void> {
    const paths = [...this.#unsynced];
    this.#unsynced = new Set();
    const folders = new Set<string>();
    for (const path of paths) {
      // A partial tile may be gone by now, replaced by the full one.
      if (!this.#files.exists(path)) continue;
      await this.#files.syncFile(path);
      folders.add(dirname(path));
    }
    for (const folder of [...folders]) for (const up of this.#parents(folder)) folders.add(up);
    for (const folder of folders) if (this.#files.exists(folder)) await this.#files.syncDirectory(folder);
  }

  async #write({ path, data, name }: TileFile): Promise<void> {
    const to = join(this.#dir, path);
    await this.#folder(dirname(to));
    // Under its name only when whole: readers take any tile that they find, and a crash may come in the middle.
    await this.#files.write(`${to}.tmp`, data);
    await this.#files.rename(`${to}.tmp`, to);
    this.#unsynced.add(to);
    if (name.width < TILE_WIDTH) this.#folders.delete(dirname(to));
  }

  async #folder(path: string): Promise<void> {
    if (this.#folders.has(path)) return;
    await this.#files.makeDirectory(path);
    this.#folders.add(path);
  }

  *#parents(folder: string): Generator<string> {
    for (let up = dirname(folder); up.length >= this.#dir.length; up = dirname(up)) yield up;
  }
}

/** Sorted by size as text. */
export function keptName(size: number): string {
  return `${String(size).padStart(16, '0')}.checkpoint`;
}
