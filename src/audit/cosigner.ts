/** Asks witnesses to sign checkpoints of this log (C2SP tlog-witness), each from where it stood last. */

import type { Log, Meter } from '../core/ports.ts';
import { type Files, nodeFiles } from '../store/files.ts';
import { parseCheckpoint } from './checkpoint.ts';
import { consistencyProof } from './proof.ts';
import { cosignatures, type NoteVerifier, parseNote } from './signed-note.ts';
import { addCheckpointBody } from './witness-protocol.ts';

export interface WitnessAt {
  /** Submission prefix; `add-checkpoint` is appended. */
  readonly url: string;
  readonly verifier: NoteVerifier;
}

export interface CosignerOptions {
  readonly dir: string;
  readonly witnesses: readonly WitnessAt[];
  readonly log: Log;
  readonly meter: Meter;
  readonly files?: Files;
  /** Longest wait for one witness; 5 s. */
  readonly deadlineMs?: number;
}

type Outcome = 'cosigned' | 'refused' | 'ahead' | 'unreachable';
type Signed = { readonly outcome: Outcome; readonly lines: string; readonly why?: string };

const MAX_ANSWER = 16 * 1024;

export class Cosigner {
  readonly #options: CosignerOptions;
  /** Size that each witness signed last, as far as is known. */
  readonly #at = new Map<string, number>();

  constructor(options: CosignerOptions) {
    this.#options = options;
  }

  /** The note with the signatures that were had, or null when there was none; a witness that fails is only reported. */
  async cosign(note: string): Promise<string | null> {
    const parsed = parseCheckpoint(note);
    if (!parsed.ok) throw new Error('the log signed a checkpoint that does not parse');
    const { size } = parsed.value;
    const answers = await Promise.all(this.#options.witnesses.map((witness) => this.#from(witness, note, size)));
    const lines = answers.map((answer) => answer.lines).join('');
    return lines === '' ? null : note + lines;
  }

  async #from(witness: WitnessAt, note: string, size: number): Promise<Signed> {
    const { log, meter } = this.#options;
    const { name } = witness.verifier;
    const signed = await this.#ask(witness, note, size).catch(
      (error: unknown): Signed => ({ outcome: 'unreachable', lines: '', why: messageOf(error) }),
    );
    meter.count('locktender_log_witness_total', { witness: name, outcome: signed.outcome });
    if (signed.outcome === 'cosigned') meter.set('locktender_log_witnessed_size', size, { witness: name });
    // A witness that has seen more than there is, or another history, is what witnesses are for.
    else if (signed.outcome === 'unreachable') log.warn({ witness: name, why: signed.why }, 'no answer of a witness');
    else log.error({ witness: name, size, why: signed.why }, 'a witness does not sign this log');
    return signed;
  }

  async #ask(witness: WitnessAt, note: string, size: number): Promise<Signed> {
    const key = witness.url;
    let answer = await this.#post(witness, note, { from: this.#at.get(key) ?? 0, size });
    if (answer.status === 409) {
      const seen = /^(0|[1-9][0-9]{0,15})\n?$/.exec(answer.body)?.[1];
      if (seen === undefined) return { outcome: 'refused', lines: '', why: 'its answer 409 names no size' };
      if (Number(seen) > size) return { outcome: 'ahead', lines: '', why: `it has signed ${seen} entries` };
      this.#at.set(key, Number(seen));
      answer = await this.#post(witness, note, { from: Number(seen), size });
    }
    if (answer.status !== 200) return { outcome: 'refused', lines: '', why: `answer ${answer.status}` };
    const lines = ownLines(note, answer.body, witness.verifier);
    if (lines === null) return { outcome: 'refused', lines: '', why: 'its signature does not verify' };
    this.#at.set(key, size);
    return { outcome: 'cosigned', lines };
  }

  async #post(
    { url }: WitnessAt,
    note: string,
    { from, size }: { from: number; size: number },
  ): Promise<{ status: number; body: string }> {
    const { dir, files = nodeFiles, deadlineMs = 5000 } = this.#options;
    const proof = consistencyProof(dir, from, size, files).map((hash) => Buffer.from(hash, 'base64'));
    const response = await fetch(new URL('add-checkpoint', url.endsWith('/') ? url : `${url}/`), {
      method: 'POST',
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      body: addCheckpointBody({ oldSize: from, proof, note }),
      redirect: 'error',
      signal: AbortSignal.timeout(deadlineMs),
    });
    return { status: response.status, body: await bounded(response) };
  }
}

/** A witness is a stranger: no more of its answer is taken than an answer can have. */
async function bounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > MAX_ANSWER) throw new Error('the answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The lines of the answer that are signatures of this witness over this note; null when none verifies. */
function ownLines(note: string, body: string, verifier: NoteVerifier): string | null {
  const own = body.split('\n').filter((line) => line.startsWith(`\u2014 ${verifier.name} `));
  for (const line of own) {
    const parsed = parseNote(`${note}${line}\n`);
    if (parsed.ok && cosignatures(parsed.value, [verifier]).length > 0) return `${line}\n`;
  }
  return null;
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return error.cause instanceof Error ? error.cause.message : error.message;
}
