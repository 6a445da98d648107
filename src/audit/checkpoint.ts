/** C2SP checkpoints: origin, size and root of the tree, as the text of a signed note. */

import { err, ok, type Result } from '../core/result.ts';
import { HASH_BYTES } from './merkle.ts';
import { parseNote, type SignedNote } from './signed-note.ts';

export interface Checkpoint {
  /** Which log this is; does not change when keys do. */
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
}

export interface SignedCheckpoint extends Checkpoint {
  readonly note: SignedNote;
}

export function checkpointText({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${root.toString('base64')}\n`;
}

export function parseCheckpoint(bytes: Uint8Array | string): Result<SignedCheckpoint, string> {
  const note = parseNote(bytes);
  if (!note.ok) return note;
  const [origin = '', size = '', root = ''] = note.value.text.split('\n');
  const hash = Buffer.from(root, 'base64');
  if (origin === '' || !/^(0|[1-9][0-9]{0,15})$/.test(size) || hash.length !== HASH_BYTES) {
    return err('the note is not a checkpoint');
  }
  return ok({ origin, size: Number(size), root: hash, note: note.value });
}
