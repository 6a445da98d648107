/**
 * C2SP signed notes: text, a blank line, then signature lines. Ed25519 (type 1) for the log itself and timestamped
 * cosignatures (type 4, tlog-cosignature) for witnesses; lines of unknown keys are kept and ignored.
 */

import { createPublicKey, hash, type KeyObject, verify } from 'node:crypto';
import { err, ok, type Result } from '../core/result.ts';

/** Signs; the private key stays with whoever made this. */
export interface NoteSigner {
  /** Key name, without spaces or `+`; the same as the origin of the checkpoints. */
  readonly name: string;
  /** Raw Ed25519 public key, 32 bytes. */
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

export interface NoteVerifier {
  readonly name: string;
  readonly keyId: number;
  readonly type: 'log' | 'witness';
  readonly key: KeyObject;
}

export interface NoteSignature {
  readonly name: string;
  readonly keyId: number;
  /** Without the key id. */
  readonly signature: Buffer;
}

export interface SignedNote {
  /** With its final newline. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

const ED25519 = 1;
const COSIGNATURE_V1 = 4;
const MAX_NOTE_BYTES = 64 * 1024;
const SPKI_ED25519 = Buffer.from('302a300506032b6570032100', 'hex');
const SIGNATURE_LINE = /^\u2014 ([^\s+]+) ([A-Za-z0-9+/]+={0,2})$/u;

/** First four bytes, big-endian, of SHA-256(name || LF || type || public key). */
export function keyIdOf(name: string, publicKey: Uint8Array, type: 'log' | 'witness' = 'log'): number {
  const digest = hash(
    'sha256',
    Buffer.concat([Buffer.from(`${name}\n`), Buffer.from([typeByte(type)]), publicKey]),
    'buffer',
  );
  return digest.readUInt32BE(0);
}

/** Verifier key text: `name+keyid+base64(type || public key)`. */
export function verifierKey(name: string, publicKey: Uint8Array, type: 'log' | 'witness' = 'log'): string {
  const id = keyIdOf(name, publicKey, type).toString(16).padStart(8, '0');
  return `${name}+${id}+${Buffer.concat([Buffer.from([typeByte(type)]), publicKey]).toString('base64')}`;
}

export function parseVerifierKey(text: string): Result<NoteVerifier, string> {
  const parts = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/u.exec(text.trim());
  const raw = Buffer.from(parts?.[3] ?? '', 'base64');
  const type = raw[0] === ED25519 ? 'log' : raw[0] === COSIGNATURE_V1 ? 'witness' : null;
  if (parts === null || type === null || raw.length !== 33) {
    return err('not a verifier key; it reads `name+8 hex digits+base64`');
  }
  const verifier = verifierOf(parts[1] ?? '', raw.subarray(1), type);
  const id = Number.parseInt(parts[2] ?? '', 16);
  return verifier.keyId === id ? ok(verifier) : err('the key id does not belong to this name and key; copy it again');
}

export function verifierOf(name: string, publicKey: Uint8Array, type: 'log' | 'witness' = 'log'): NoteVerifier {
  const key = createPublicKey({ key: Buffer.concat([SPKI_ED25519, publicKey]), format: 'der', type: 'spki' });
  return { name, keyId: keyIdOf(name, publicKey, type), type, key };
}

/** The note signed by each signer: two during a rotation, so that holders of either key can verify. */
export function signNote(text: string, signers: readonly NoteSigner[]): string {
  const bytes = Buffer.from(text);
  const lines = signers.map((s) => signatureLine(s.name, keyIdFor(s), s.sign(bytes)));
  return `${text}\n${lines.join('')}`;
}

const keyIds = new WeakMap<NoteSigner, number>();

/** `keyIdOf` a signer, worked out once. */
function keyIdFor(signer: NoteSigner): number {
  const known = keyIds.get(signer);
  if (known !== undefined) return known;
  const id = keyIdOf(signer.name, signer.publicKey);
  keyIds.set(signer, id);
  return id;
}

export function parseNote(bytes: Uint8Array | string): Result<SignedNote, string> {
  const whole = typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('utf8');
  if (whole.length > MAX_NOTE_BYTES) return err('the note is too long');
  const split = whole.lastIndexOf('\n\n');
  if (split < 0 || !whole.endsWith('\n')) return err('not a signed note');
  const signatures: NoteSignature[] = [];
  for (const line of whole.slice(split + 2, -1).split('\n')) {
    const parts = SIGNATURE_LINE.exec(line);
    const raw = Buffer.from(parts?.[2] ?? '', 'base64');
    // Bits of the last digit that no byte holds may be anything: such a line would be another text with the same signature.
    if (parts === null || raw.length < 5 || raw.toString('base64') !== parts[2])
      return err('a signature line is malformed');
    signatures.push({ name: parts[1] ?? '', keyId: raw.readUInt32BE(0), signature: raw.subarray(4) });
  }
  return ok({ text: whole.slice(0, split + 1), signatures });
}

/** The note as it was read, by the letter. */
export function noteText({ text, signatures }: SignedNote): string {
  const lines = signatures.map(({ name, keyId, signature }) => signatureLine(name, keyId, signature));
  return `${text}\n${lines.join('')}`;
}

export type NoteStatus = 'verified' | 'bad_signature' | 'unknown_key';

/**
 * `verified` when a log key of ours signed it. `bad_signature` when a line bears a known key and does not verify, even if
 * another line does: somebody forged it. Witness lines are counted apart (`cosignatures`).
 */
export function checkNote(note: SignedNote, verifiers: readonly NoteVerifier[]): NoteStatus {
  let status: NoteStatus = 'unknown_key';
  for (const line of note.signatures) {
    const verifier = verifiers.find((v) => v.name === line.name && v.keyId === line.keyId);
    if (verifier === undefined) continue;
    if (!verifies(note.text, line, verifier)) return 'bad_signature';
    if (verifier.type === 'log') status = 'verified';
  }
  return status;
}

/** Names of the witnesses among `verifiers` whose cosignature verifies, with the time they state in seconds. */
export function cosignatures(note: SignedNote, verifiers: readonly NoteVerifier[]): { name: string; time: number }[] {
  const found: { name: string; time: number }[] = [];
  for (const line of note.signatures) {
    const verifier = verifiers.find((v) => v.type === 'witness' && v.name === line.name && v.keyId === line.keyId);
    if (verifier !== undefined && verifies(note.text, line, verifier)) {
      found.push({ name: line.name, time: Number(line.signature.readBigUInt64BE(0)) });
    }
  }
  return found;
}

/** A witness's signature line over the text of a note, with the time in whole seconds (tlog-cosignature, type 4). */
export function cosign(text: string, key: NoteSigner, now: number): string {
  const seconds = BigInt(Math.floor(now / 1000));
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(seconds);
  const signature = Buffer.concat([time, key.sign(cosignedMessage(text, seconds))]);
  return signatureLine(key.name, keyIdOf(key.name, key.publicKey, 'witness'), signature);
}

function verifies(text: string, line: NoteSignature, verifier: NoteVerifier): boolean {
  if (verifier.type === 'log') return verify(null, Buffer.from(text), verifier.key, line.signature);
  if (line.signature.length !== 72) return false;
  const message = cosignedMessage(text, line.signature.readBigUInt64BE(0));
  return verify(null, message, verifier.key, line.signature.subarray(8));
}

function cosignedMessage(text: string, seconds: bigint): Buffer {
  return Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`);
}

function signatureLine(name: string, keyId: number, signature: Uint8Array): string {
  const id = Buffer.alloc(4);
  id.writeUInt32BE(keyId);
  return `\u2014 ${name} ${Buffer.concat([id, signature]).toString('base64')}\n`;
}

function typeByte(type: 'log' | 'witness'): number {
  return type === 'log' ? ED25519 : COSIGNATURE_V1;
}
