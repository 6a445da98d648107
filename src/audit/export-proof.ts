/**
 * What a part of a log needs to be verified by itself: the first line of an export as JSON Lines that does not begin with entry 0,
 * because what was before it was pruned or not asked for. It names the part and carries the signed checkpoint that it leads to,
 * and the roots of the subtrees that stand before and after it.
 */

import { z } from 'zod';
import { err, ok, type Result } from '../core/result.ts';
import { type Files, nodeFiles } from '../store/files.ts';
import { HASH_BYTES } from './merkle.ts';
import { publishedCheckpoint } from './recover.ts';
import { noteText } from './signed-note.ts';
import { subtreeRoots } from './span.ts';
import { NoProof } from './tile-tree.ts';

export interface ExportProof {
  /** Sequence of the entry in the line that follows. */
  readonly first: number;
  /** Sequence after that of the last entry that is proven. */
  readonly end: number;
  readonly before: readonly Buffer[];
  readonly after: readonly Buffer[];
  /** The signed note. */
  readonly checkpoint: string;
}

const hashes = z.array(z.string().length(44)).max(64);
const line = z.strictObject({
  export: z.strictObject({
    v: z.literal(1),
    first: z.int().min(0),
    end: z.int().min(1),
    before: hashes,
    after: hashes,
    checkpoint: z.string(),
  }),
});

/**
 * The line, without its line feed, for entries `first` up to but not including `end`; null when none of them is under the
 * published checkpoint. Throws `NoProof` when hashes are missing.
 */
export function exportProofLine(
  dir: string,
  first: number,
  end: number = Number.POSITIVE_INFINITY,
  files: Files = nodeFiles,
): string | null {
  const head = publishedCheckpoint(dir, files);
  const proven = Math.min(end, head?.size ?? 0);
  if (head === null || first >= proven) return null;
  const [before, after] = [rootsOf(dir, 0, first, files), rootsOf(dir, proven, head.size, files)];
  return JSON.stringify({ export: { v: 1, first, end: proven, before, after, checkpoint: noteText(head.note) } });
}

/** In base64. */
function rootsOf(dir: string, from: number, to: number, files: Files): string[] {
  try {
    return subtreeRoots(dir, from, to, files).map((root) => root.toString('base64'));
  } catch (error) {
    if (!(error instanceof NoProof)) throw error;
    throw new NoProof(
      `${error.message}, and the part cannot be proven without it; see \`audit verify\`, or export without a proof`,
    );
  }
}

/** Null for a line that is an entry, or anything else; an error for one that would be a proof and is not. */
export function parseExportProof(text: string): Result<ExportProof, string> | null {
  if (!text.startsWith('{"export":')) return null;
  const read = line.safeParse(jsonOf(text));
  const given = read.data?.export;
  const [before, after] = [given?.before, given?.after].map((all) => all?.map((hash) => Buffer.from(hash, 'base64')));
  const whole = [...(before ?? []), ...(after ?? [])].every((hash) => hash.length === HASH_BYTES);
  if (!given || !before || !after || !whole || given.end <= given.first)
    return err('the first line is no proof of an export');
  return ok({ first: given.first, end: given.end, before, after, checkpoint: given.checkpoint });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
