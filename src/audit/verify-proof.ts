/** Checks an inclusion proof by itself: the entry's leaf, the path, the checkpoint's root and its signature. */

import { z } from 'zod';
import { parseCheckpoint } from './checkpoint.ts';
import { rootFromInclusion } from './proof.ts';
import { checkNote, type NoteVerifier, parseNote } from './signed-note.ts';

const base64 = z.string().regex(/^[A-Za-z0-9+/]+={0,2}$/);
const proofSchema = z.object({
  seq: z.int().min(0),
  entry: z.string(),
  proof: z.array(base64).max(64),
  checkpoint: z.string(),
});

/** Null when it holds; else what does not. `text` is what `audit proof` printed. */
export function verifyProof(text: string, verifiers: readonly NoteVerifier[]): string | null {
  const parsed = proofSchema.safeParse(jsonOf(text));
  if (!parsed.success) return 'the file is no inclusion proof, checkpoint or export as JSON Lines';
  const { seq, entry, proof, checkpoint } = parsed.data;
  const note = parseNote(checkpoint);
  const head = parseCheckpoint(checkpoint);
  if (!note.ok || !head.ok) return 'the checkpoint in the proof is not valid';
  const status = checkNote(note.value, verifiers);
  if (status !== 'verified')
    return status === 'unknown_key'
      ? 'the checkpoint is signed by another key'
      : 'the signature of the checkpoint is wrong';
  const hashes = proof.map((hash) => Buffer.from(hash, 'base64'));
  const root = rootFromInclusion(seq, head.value.size, Buffer.from(entry), hashes);
  return root !== null && Buffer.compare(Buffer.from(head.value.root), root) === 0
    ? null
    : 'the path does not lead to the root of the checkpoint';
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
