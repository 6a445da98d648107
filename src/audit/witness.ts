/**
 * A witness (C2SP tlog-witness): it signs a checkpoint only when that provably extends the last one it signed of the same
 * log. Whoever sees its signature knows that the log was not shown to others with another history.
 *
 * INVARIANT: what it signed last is durable before its signature leaves, or a crash would let it sign a fork.
 */

import { join } from 'node:path';
import { readIfThere, writeDurable } from '../store/durable-file.ts';
import { type Files, nodeFiles } from '../store/files.ts';
import { parseCheckpoint, type SignedCheckpoint } from './checkpoint.ts';
import { isConsistent } from './proof.ts';
import { checkNote, cosign, type NoteSigner, type NoteVerifier } from './signed-note.ts';
import { type AddCheckpoint, parseAddCheckpoint, SIZE_TYPE } from './witness-protocol.ts';

export interface WitnessOptions {
  /** Where it remembers; must exist, and belong to one witness. */
  readonly dir: string;
  readonly key: NoteSigner;
  /** Keys of the logs that it serves; the origin of a log is the name of its key. */
  readonly logs: readonly NoteVerifier[];
  /** Epoch ms. */
  readonly now: () => number;
  readonly files?: Files;
}

export interface WitnessAnswer {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422;
  readonly type: string;
  readonly body: string;
}

export class Witness {
  readonly #options: WitnessOptions;
  readonly #files: Files;
  /** One at a time: the check and the memory of it belong together. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: WitnessOptions) {
    this.#options = options;
    this.#files = options.files ?? nodeFiles;
  }

  /** Answers the body of one `add-checkpoint`. Rejects only when the disk fails; then nothing was signed. */
  addCheckpoint(body: string): Promise<WitnessAnswer> {
    const next = this.#last.then(() => this.#answer(body));
    this.#last = next.catch(() => undefined);
    return next;
  }

  async #answer(body: string): Promise<WitnessAnswer> {
    const request = parseAddCheckpoint(body);
    if (!request.ok) return plain(400, request.error);
    const { checkpoint, oldSize } = request.value;
    const { logs, key, now } = this.#options;
    if (!logs.some(({ name }) => name === checkpoint.origin)) return plain(404, 'this log is not served here');
    const own = logs.filter(({ name }) => name === checkpoint.origin);
    if (checkNote(checkpoint.note, own) !== 'verified') return plain(403, 'no key of this log signed the checkpoint');
    if (oldSize > checkpoint.size) return plain(400, 'the old size is beyond that of the checkpoint');
    const seen = this.#seen(checkpoint.origin);
    if (oldSize !== (seen?.size ?? 0)) return { status: 409, type: SIZE_TYPE, body: `${seen?.size ?? 0}\n` };
    const forked = extend(seen, request.value, checkpoint);
    if (forked !== null) return forked;
    await writeDurable(this.#file(checkpoint.origin), request.value.note, this.#files);
    return { status: 200, type: 'text/plain; charset=utf-8', body: cosign(checkpoint.note.text, key, now()) };
  }

  #seen(origin: string): SignedCheckpoint | null {
    const bytes = readIfThere(this.#file(origin), this.#files);
    if (bytes === null) return null;
    const parsed = parseCheckpoint(bytes);
    if (!parsed.ok) throw new Error(`\`${this.#file(origin)}\` is harmed; this witness must not go on, make a new one`);
    return parsed.value;
  }

  #file(origin: string): string {
    return join(this.#options.dir, `${Buffer.from(origin).toString('hex')}.checkpoint`);
  }
}

/** Why the checkpoint does not extend what was seen, or null when it does. */
function extend(
  seen: SignedCheckpoint | null,
  { proof }: AddCheckpoint,
  checkpoint: SignedCheckpoint,
): WitnessAnswer | null {
  if (seen === null) return proof.length === 0 ? null : plain(422, 'a first checkpoint needs no proof');
  if (checkpoint.size === seen.size && !checkpoint.root.equals(seen.root)) {
    return { status: 409, type: SIZE_TYPE, body: `${seen.size}\n` };
  }
  const claim = { oldSize: seen.size, oldRoot: seen.root, newSize: checkpoint.size, newRoot: checkpoint.root };
  return isConsistent(claim, proof)
    ? null
    : plain(422, 'the checkpoint does not extend the one that was signed before');
}

function plain(status: WitnessAnswer['status'], why: string): WitnessAnswer {
  return { status, type: 'text/plain; charset=utf-8', body: `${why}\n` };
}
