/** Texts kept by digest, one zstd file each: written once, never changed. Whether a text fits its digest is for the reader. */

import { join } from 'node:path';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { readIfThere, writeDurable } from './durable-file.ts';
import { type Files, nodeFiles } from './files.ts';

export interface BundleStore {
  /** Resolves when the text is durable; keeps what is already there. */
  put(digest: string, text: string): Promise<void>;
  /** Null when there is none, or when the file is harmed. */
  get(digest: string): string | null;
  /** Digests that are kept, sorted. */
  digests(): string[];
}

const DIGEST = /^[0-9a-f]{64}$/;
const EXTENSION = '.json.zst';
const MAX_TEXT_BYTES = 256 * 1024 * 1024;

/** `dir` must exist: the `bundles` folder of the state directory. */
export function openBundleStore(dir: string, files: Files = nodeFiles): BundleStore {
  const path = (digest: string): string => {
    if (!DIGEST.test(digest)) throw new RangeError(`\`${digest}\` is not a SHA-256 in lower-case hex`);
    return join(dir, `${digest}${EXTENSION}`);
  };
  const get = (digest: string): string | null => {
    const bytes = DIGEST.test(digest) ? readIfThere(path(digest), files) : null;
    return bytes === null ? null : inflate(bytes);
  };
  return {
    get,
    async put(digest, text) {
      if (get(digest) === text) return;
      await writeDurable(path(digest), zstdCompressSync(Buffer.from(text)), files);
    },
    digests: () =>
      files
        .list(dir)
        .filter((name) => name.endsWith(EXTENSION))
        .map((name) => name.slice(0, -EXTENSION.length)),
  };
}

function inflate(bytes: Uint8Array): string | null {
  try {
    return zstdDecompressSync(bytes, { maxOutputLength: MAX_TEXT_BYTES }).toString('utf8');
  } catch {
    return null;
  }
}
