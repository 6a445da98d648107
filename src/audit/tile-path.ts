/** Where tiles and entry bundles are, as C2SP tlog-tiles lays them out. */

/** Hashes in a full tile, entries in a full bundle. */
export const TILE_WIDTH = 256;

/** Tile index in 3-digit path elements, all but the last with an `x`: 1234067 is `x001/x234/067`. */
export function tileIndexPath(index: number): string {
  let path = String(index % 1000).padStart(3, '0');
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    path = `x${String(rest % 1000).padStart(3, '0')}/${path}`;
  }
  return path;
}

export interface TileName {
  /** Tile level, or `entries` for a bundle. */
  readonly level: number | 'entries';
  readonly index: number;
  /** 1–255 for a partial one, 256 for a full one. */
  readonly width: number;
}

export function tilePath({ level, index, width }: TileName): string {
  const full = `tile/${level}/${tileIndexPath(index)}`;
  return width === TILE_WIDTH ? full : `${full}.p/${width}`;
}

/** Directory that holds the partial versions of a tile. */
export function partialsPath({ level, index }: Pick<TileName, 'level' | 'index'>): string {
  return `tile/${level}/${tileIndexPath(index)}.p`;
}

/** Hashes that the tile on the right edge at `level` has in a tree of `size`. */
export function edgeWidth(size: number, level: number): number {
  return Math.floor(size / TILE_WIDTH ** level) % TILE_WIDTH;
}

/** Index of the tile on the right edge at `level`. */
export function edgeIndex(size: number, level: number): number {
  return Math.floor(size / TILE_WIDTH ** (level + 1));
}
