/**
 * The controls at an entry, folded from the log for the event that outlives what retention removes. That event is believed from
 * then on, so nothing goes into it that the signed tree does not vouch for, and what is not as it was recorded is not removed.
 */

import { setImmediate } from 'node:timers/promises';
import { Frontier, leafHash } from '../../audit/merkle.ts';
import { inclusionProof } from '../../audit/proof.ts';
import type { KeptFrom } from '../../audit/pruning.ts';
import { readCheckedEntries } from '../../audit/read.ts';
import { publishedCheckpoint } from '../../audit/recover.ts';
import { checkNote, type NoteVerifier } from '../../audit/signed-note.ts';
import { appendSubtrees, subtreeRoots } from '../../audit/span.ts';
import { verifyProof } from '../../audit/verify-proof.ts';
import type { Controls } from '../../core/controls.ts';
import type { AuditEvent } from '../../core/event.ts';
import { ControlsHistory } from '../../policy/controls/controls-history.ts';
import { nodeFiles } from '../../store/files.ts';

const CONTROL_CHANGED = Buffer.from('"type":"control.changed"');
/** Entries of one turn: a few milliseconds. */
const TURN = 1024;

/**
 * The controls before entry `to`, from those at the first entry that is kept. Throws `EntriesMissing`, `EntryAltered`, and an
 * error where the entries are not those of the published checkpoint, or that is not signed by the log.
 */
export async function foldControls(
  dir: string,
  { kept, to }: { readonly kept: KeptFrom | null; readonly to: number },
  verifiers: readonly NoteVerifier[],
): Promise<Controls> {
  const head = publishedCheckpoint(dir, nodeFiles);
  if (head === null || checkNote(head.note, verifiers) !== 'verified')
    throw harmed('the checkpoint is not signed by it');
  for (const seq of kept?.told ?? []) {
    const fault = verifyProof(JSON.stringify(inclusionProof(dir, seq)), verifiers);
    if (fault !== null) throw harmed(`entry ${seq} is not the one that was signed: ${fault}`);
  }
  const from = kept?.first ?? 0;
  const tree = new Frontier();
  const history = new ControlsHistory(kept?.controls);
  appendSubtrees(tree, from, subtreeRoots(dir, 0, from));
  for (const { seq, bytes } of readCheckedEntries(dir, from, to)) {
    tree.append(leafHash(bytes));
    if (bytes.includes(CONTROL_CHANGED)) fold(history, bytes);
    if (seq % TURN === 0) await setImmediate();
  }
  appendSubtrees(tree, head.size, subtreeRoots(dir, to, head.size));
  if (!tree.root().equals(head.root)) throw harmed(`entries ${from} to ${to - 1} are not those that were signed`);
  const controls = history.at(history.version);
  if (controls === null) throw new Error('the controls of the latest version are not known');
  return controls;
}

function fold(history: ControlsHistory, bytes: Buffer): void {
  const event = JSON.parse(bytes.toString('utf8')) as AuditEvent;
  if (event.type === 'control.changed') history.add(event);
}

function harmed(what: string): Error {
  return new Error(`nothing of the log is removed: ${what}; see \`audit verify\``);
}
