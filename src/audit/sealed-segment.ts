/**
 * Sealed segments: 65,536 consecutive entries (the span of one level-1 tile) in one compressed file, in place of 256
 * entry bundles. It is a sequence of blocks of 16 bundles each, every block its own zstd frame behind its length as a
 * big-endian uint32, so that one bundle can be read without inflating the rest.
 */

import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { readIfThere } from '../store/durable-file.ts';
import type { Files } from '../store/files.ts';
import { decodeBundle } from './entry-bundle.ts';
import { TILE_WIDTH } from './tile-path.ts';

export const SEALED_FOLDER = 'sealed';
/** Bundles in a sealed segment. */
export const SEALED_BUNDLES = 256;
/** Bundles in one block. */
export const BLOCK_BUNDLES = 16;
/** 16 bundles of 256 entries of at most 65,537 bytes: an honest block is never larger. */
const MAX_BLOCK_BYTES = BLOCK_BUNDLES * TILE_WIDTH * 65_537;

export function sealedPath(segment: number): string {
  return join(SEALED_FOLDER, `${String(segment).padStart(10, '0')}.zst`);
}

/** The block read last, since readers go in order. */
let cached: { readonly key: string; readonly entries: readonly Buffer[] } | null = null;

/** Entries of full bundle `index` from its sealed segment, or null when there is none or it is harmed. */
export function readSealed(dir: string, index: number, files: Files): Buffer[] | null {
  const segment = Math.floor(index / SEALED_BUNDLES);
  const block = Math.floor((index % SEALED_BUNDLES) / BLOCK_BUNDLES);
  const path = join(dir, sealedPath(segment));
  // Pruned since it was read.
  if (!files.exists(path)) return null;
  const key = `${path}#${block}`;
  if (cached?.key !== key) {
    const entries = readBlock(path, block, files);
    if (entries === null) return null;
    cached = { key, entries };
  }
  const first = (index % BLOCK_BUNDLES) * TILE_WIDTH;
  return cached.entries.slice(first, first + TILE_WIDTH);
}

function readBlock(path: string, block: number, files: Files): Buffer[] | null {
  const bytes = readIfThere(path, files);
  if (bytes === null) return null;
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  for (let skip = block; skip > 0 && at + 4 <= file.length; skip -= 1) at += 4 + file.readUInt32BE(at);
  if (at + 4 > file.length) return null;
  try {
    const frame = file.subarray(at + 4, at + 4 + file.readUInt32BE(at));
    return decodeBundle(zstdDecompressSync(frame, { maxOutputLength: MAX_BLOCK_BYTES }));
  } catch {
    return null;
  }
}
