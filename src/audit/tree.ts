/**
 * The tree while it grows: the frontier that gives roots, and the right edge that becomes tiles and bundles.
 * Synchronous and without I/O; full tiles are handed out as they fill.
 */

import { encodeBundle } from './entry-bundle.ts';
import type { Edge } from './journal.ts';
import { Frontier, leafHash } from './merkle.ts';
import { edgeIndex, edgeWidth, TILE_WIDTH, type TileName, tilePath } from './tile-path.ts';

/** A file of the tile layout, relative to the log's directory. */
export interface TileFile {
  readonly name: TileName;
  readonly path: string;
  readonly data: Buffer;
}

export class Tree {
  #frontier = new Frontier();
  readonly #levels: Buffer[][] = [[]];
  #entries: Buffer[] = [];

  get size(): number {
    return this.#frontier.size;
  }

  root(): Buffer {
    return this.#frontier.root();
  }

  /** Adds one entry; the files that it fills are put in `full`. */
  append(entry: Buffer, full: TileFile[]): void {
    this.#entries.push(entry);
    const at = this.#frontier.size;
    this.#frontier.append(leafHash(entry), (level, of) => this.#addHash(level, of, at, full));
  }

  /** Adds an entry of which only the hash is known. The bundle that it stands in is never handed out. */
  appendLeaf(of: Buffer, full: TileFile[]): void {
    const at = this.#frontier.size;
    this.#frontier.append(of, (level, hash) => this.#addHash(level, hash, at, full));
  }

  /** Adds 256 entries of which only the root is known; the size must be a multiple of that. */
  appendBundle(root: Buffer, full: TileFile[]): void {
    const at = this.#frontier.size;
    this.#frontier.appendSubtree(root, 8, (level, hash) => this.#addHash(level, hash, at, full));
  }

  /** One that grows by itself from here. */
  copy(): Tree {
    const tree = new Tree();
    tree.#frontier = this.#frontier.clone();
    tree.#levels.length = 0;
    for (const hashes of this.#levels) tree.#levels.push(hashes.slice());
    tree.#entries = this.#entries.slice();
    return tree;
  }

  /** A copy that later appends do not change. */
  edge(): Edge {
    return { size: this.size, levels: this.#levels.map((hashes) => hashes.slice()), entries: this.#entries.slice() };
  }

  /** The tree whose right edge this is. */
  static from(edge: Edge): Tree {
    const tree = new Tree();
    tree.#entries = edge.entries.map((entry) => Buffer.from(entry));
    tree.#frontier = frontierOf(edge);
    tree.#levels.length = 0;
    for (const hashes of edge.levels) tree.#levels.push(hashes.map((of) => Buffer.from(of)));
    if (tree.#levels.length === 0) tree.#levels.push([]);
    return tree;
  }

  #addHash(level: number, of: Buffer, at: number, full: TileFile[]): void {
    while (this.#levels.length <= level) this.#levels.push([]);
    const hashes = this.#levels[level] ?? [];
    hashes.push(of);
    if (hashes.length < TILE_WIDTH) return;
    const index = edgeIndex(at, level);
    if (level === 0) {
      // Fewer where some came as hashes.
      if (this.#entries.length === TILE_WIDTH) {
        full.push(tileFile({ level: 'entries', index, width: TILE_WIDTH }, encodeBundle(this.#entries)));
      }
      this.#entries = [];
    }
    full.push(tileFile({ level, index, width: TILE_WIDTH }, Buffer.concat(hashes)));
    this.#levels[level] = [];
  }
}

/** The partial tiles and bundle that a checkpoint of this edge's size needs. */
export function partialTiles(edge: Edge): TileFile[] {
  const files: TileFile[] = [];
  for (const [level, hashes] of edge.levels.entries()) {
    const width = edgeWidth(edge.size, level);
    if (width > 0) files.push(tileFile({ level, index: edgeIndex(edge.size, level), width }, Buffer.concat(hashes)));
  }
  const width = edge.entries.length;
  if (width > 0) {
    files.push(tileFile({ level: 'entries', index: edgeIndex(edge.size, 0), width }, encodeBundle(edge.entries)));
  }
  return files;
}

/** Adds the edge's subtrees from the largest to the smallest: that is how a frontier of that size came to be. */
function frontierOf(edge: Edge): Frontier {
  const frontier = new Frontier();
  for (let level = edge.levels.length - 1; level >= 0; level -= 1) {
    for (const of of edge.levels[level] ?? []) frontier.appendSubtree(of, 8 * level);
  }
  return frontier;
}

function tileFile(name: TileName, data: Buffer): TileFile {
  return { name, path: tilePath(name), data };
}
