/** Tiles of hashes: reading them, and checking that each upper one holds the hashes of those below. */

import { join } from 'node:path';
import { readIfThere } from '../store/durable-file.ts';
import type { Files } from '../store/files.ts';
import { HASH_BYTES } from './merkle.ts';
import { SEALED_BUNDLES, sealedPath } from './sealed-segment.ts';
import { partialsPath, TILE_WIDTH, type TileName, tilePath } from './tile-path.ts';
import type { Fault } from './verify-bundle.ts';

/** Hashes of a tile, at least `width` of them (any number for null), or null when they are not there. */
export function readTile(
  dir: string,
  of: { readonly level: number; readonly index: number; readonly width: number | null },
  files: Files,
): Buffer[] | null {
  const full = readIfThere(join(dir, tilePath({ ...of, width: TILE_WIDTH })), files);
  const bytes = full ?? widestPartial(dir, of, files);
  if (bytes === null || bytes.length % HASH_BYTES !== 0) return null;
  if (full !== null && full.length !== TILE_WIDTH * HASH_BYTES) return null;
  const width = of.width ?? bytes.length / HASH_BYTES;
  if (bytes.length < width * HASH_BYTES) return null;
  const hashes: Buffer[] = [];
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < width; i += 1) hashes.push(view.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES));
  return hashes;
}

/** Where a tile or bundle stands, relative to the log; where it should, when it is gone. */
export function placeOf(dir: string, of: Pick<TileName, 'level' | 'index'>, files: Files): string {
  const full = tilePath({ ...of, width: TILE_WIDTH });
  if (files.exists(join(dir, full))) return full;
  const sealed = sealedPath(Math.floor(of.index / SEALED_BUNDLES));
  if (of.level === 'entries' && files.exists(join(dir, sealed))) return sealed;
  const widths = files.list(join(dir, partialsPath(of))).map(Number);
  const widest = Math.max(0, ...widths.filter(Number.isInteger));
  return widest === 0 ? full : tilePath({ ...of, width: widest });
}

function widestPartial(
  dir: string,
  of: { readonly level: number; readonly index: number; readonly width: number | null },
  files: Files,
): Uint8Array | null {
  const folder = join(dir, partialsPath(of));
  if (of.width !== null && of.width < TILE_WIDTH) {
    const exact = readIfThere(join(folder, String(of.width)), files);
    if (exact !== null) return exact.length === of.width * HASH_BYTES ? exact : null;
  }
  const widths = files.list(folder).map(Number).filter(Number.isInteger);
  if (widths.length === 0) return null;
  const widest = Math.max(...widths);
  const bytes = readIfThere(join(folder, String(widest)), files);
  return bytes?.length === widest * HASH_BYTES ? bytes : null;
}

/** Compares the tiles of level 1 and above with the hashes that the walk over the leaves comes to. */
export class UpperTiles {
  readonly #dir: string;
  readonly #files: Files;
  /** Hashes seen so far at each level, and the tile that the next one stands in. */
  readonly #levels: { count: number; tile: readonly Buffer[] | null }[] = [];
  #fault: Fault | null = null;

  constructor(dir: string, files: Files) {
    this.#dir = dir;
    this.#files = files;
  }

  /** The first tile that did not agree. */
  get fault(): Fault | null {
    return this.#fault;
  }

  /** Takes the next hash of a level; a `TileHashSink`. */
  readonly take = (level: number, of: Buffer): void => {
    if (level === 0 || this.#fault !== null) return;
    while (this.#levels.length <= level) this.#levels.push({ count: 0, tile: null });
    const at = this.#levels[level];
    if (at === undefined) return;
    const index = Math.floor(at.count / TILE_WIDTH);
    const place = at.count % TILE_WIDTH;
    if (place === 0) at.tile = readTile(this.#dir, { level, index, width: null }, this.#files);
    const seq = at.count * TILE_WIDTH ** level;
    at.count += 1;
    const found = at.tile?.[place];
    if (found?.equals(of) === true) return;
    const kind = found === undefined ? 'missing' : 'altered';
    const why = found === undefined ? 'a tile of hashes is missing or harmed' : 'a tile of hashes is altered';
    this.#fault = { seq, kind, why, file: placeOf(this.#dir, { level, index }, this.#files) };
  };
}
