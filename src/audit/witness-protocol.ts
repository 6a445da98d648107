/** The messages of C2SP tlog-witness: `POST add-checkpoint` and its answers. */

import { err, ok, type Result } from '../core/result.ts';
import { parseCheckpoint, type SignedCheckpoint } from './checkpoint.ts';
import { HASH_BYTES } from './merkle.ts';

/** Content type of the 409 answer that tells the size which the witness has seen. */
export const SIZE_TYPE = 'text/x.tlog.size';
/** A consistency proof of two trees of up to 2^63 leaves is no longer. */
const MAX_PROOF = 63;
export const MAX_REQUEST_BYTES = 64 * 1024;

export interface AddCheckpoint {
  /** Size of the tree that the witness is thought to have seen last; 0 for none. */
  readonly oldSize: number;
  /** From that tree to the one of the checkpoint. */
  readonly proof: readonly Uint8Array[];
  /** The signed note, whole. */
  readonly note: string;
}

export function addCheckpointBody({ oldSize, proof, note }: AddCheckpoint): string {
  const lines = proof.map((hash) => `${Buffer.from(hash).toString('base64')}\n`);
  return `old ${oldSize}\n${lines.join('')}\n${note}`;
}

export function parseAddCheckpoint(body: string): Result<AddCheckpoint & { checkpoint: SignedCheckpoint }, string> {
  const blank = body.indexOf('\n\n');
  if (blank < 0) return err('there is no blank line before the checkpoint');
  const [first = '', ...lines] = body.slice(0, blank).split('\n');
  const old = /^old (0|[1-9][0-9]{0,15})$/.exec(first);
  if (old === null) return err('the first line is not `old <size>`');
  if (lines.length > MAX_PROOF) return err('the proof is too long');
  const proof = lines.map((line) => Buffer.from(line, 'base64'));
  if (proof.some((hash, i) => hash.length !== HASH_BYTES || hash.toString('base64') !== lines[i])) {
    return err('a line of the proof is not a base64 hash');
  }
  const note = body.slice(blank + 2);
  const checkpoint = parseCheckpoint(note);
  return checkpoint.ok ? ok({ oldSize: Number(old[1]), proof, note, checkpoint: checkpoint.value }) : checkpoint;
}
