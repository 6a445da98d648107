/** The keys that sign checkpoints: which of them sign now, the public halves beside the log, and rotation. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AnswerOf } from '../../admin/contract.ts';
import type { WitnessAt } from '../../audit/cosigner.ts';
import type { AuditLog } from '../../audit/log.ts';
import {
  type NoteSigner,
  type NoteVerifier,
  parseVerifierKey,
  verifierKey,
  verifierOf,
} from '../../audit/signed-note.ts';
import type { Config } from '../../config/schema.ts';
import type { SigningKeys } from '../../pki/signing-keys.ts';
import type { StateDir } from '../../store/state-dir.ts';
import { StartRefused } from '../start-refused.ts';

export interface LogKeysParts {
  readonly config: Config;
  readonly keys: SigningKeys;
  readonly state: StateDir;
}

const DAY_MS = 86_400_000;

/** Those that sign a checkpoint made now. */
export function checkpointSigners({ config, keys }: LogKeysParts, now: number): readonly [NoteSigner, ...NoteSigner[]] {
  const overlapMs = config.audit.key_overlap_days * DAY_MS;
  const [first, ...rest] = keys.signing('checkpoint', now, overlapMs).map((key) => ({
    name: config.audit.origin,
    publicKey: key.rawPublicKey,
    sign: (message: Uint8Array) => key.sign(message),
  }));
  if (!first) throw new StartRefused('there is no key to sign checkpoints with; restore `keys/` from a backup');
  return [first, ...rest];
}

/** Throws `StartRefused` for a key that is none, or not that of a witness. */
export function witnessesOf(config: Config): WitnessAt[] {
  return config.audit.witnesses.map(({ url, key }, i) => {
    const verifier = parseVerifierKey(key);
    const problem = verifier.ok ? verifier.value.type !== 'witness' && 'this is the key of a log' : verifier.error;
    if (!verifier.ok || problem) throw new StartRefused(`audit.witnesses[${i}].key: ${problem}`);
    return { url, verifier: verifier.value };
  });
}

/** The public half of every key that ever signed, newest first, beside the log: what `audit verify` needs. */
export function writePublicKeys({ config, keys, state }: LogKeysParts): readonly string[] {
  const lines = keys.all('checkpoint').map((key) => verifierKey(config.audit.origin, key.rawPublicKey));
  writeFileSync(join(state.path, 'log-keys.txt'), `${lines.join('\n')}\n`, { mode: 0o644 });
  return lines;
}

/** Of every key that ever signed. */
export function logVerifiers({ config, keys }: Omit<LogKeysParts, 'state'>): readonly NoteVerifier[] {
  return keys.all('checkpoint').map((key) => verifierOf(config.audit.origin, key.rawPublicKey));
}

/** Every key that ever signed, newest first, and which of them sign now. A key is followed by the one made after it. */
export function logKeys({ config, keys }: Omit<LogKeysParts, 'state'>, now: number): AnswerOf<'auditKeys'> {
  const { origin, key_overlap_days: overlap } = config.audit;
  const signing = new Set(keys.signing('checkpoint', now, overlap * DAY_MS).map(({ id }) => id));
  const all = keys.all('checkpoint');
  return {
    origin,
    overlap_days: overlap,
    keys: all.map((key, i) => {
      const signs = signing.has(key.id);
      const follower = all[i - 1];
      return {
        key: verifierKey(origin, key.rawPublicKey),
        made_at: Math.floor(key.createdAt),
        signs,
        until: signs && follower ? Math.floor(follower.createdAt) + overlap * DAY_MS : null,
      };
    }),
  };
}

/** Public keys first, so that nobody meets a signature of a key that is not published. */
export function rotateLogKey(parts: LogKeysParts, log: AuditLog, now: number): readonly string[] {
  parts.keys.rotate('checkpoint');
  const lines = writePublicKeys(parts);
  log.signWith(checkpointSigners(parts, now));
  return lines;
}
