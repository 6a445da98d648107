/**
 * The appliance's own keys: Ed25519 for passes and for checkpoints (never the same one), and secrets for keyed hashes.
 * Made at first start, 0600. A rotated key stays for verification until what it signed has ended.
 */

import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { loadOrCreateBytes, loadOrCreateKey } from './key-file.ts';

/** What a key is for; a key is never used for two things. */
export type KeyPurpose = 'pass' | 'checkpoint' | 'witness' | 'fleet';

/** What a secret is for. */
export type SecretPurpose = 'client-task' | 'fingerprint' | 'path-hash' | 'vault';

export interface SigningKey {
  /** First 16 hex digits of SHA-256 of the raw public key. */
  readonly id: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** Epoch ms at which its file was written. */
  readonly createdAt: number;
  /** 32 raw bytes. */
  readonly rawPublicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

export interface SigningKeys {
  /** The newest key of a purpose signs. */
  current(purpose: KeyPurpose): SigningKey;
  /** Every key of a purpose, newest first: all of them verify. */
  all(purpose: KeyPurpose): readonly SigningKey[];
  /**
   * Those of a purpose that sign now, newest first: the current one, and during the overlap the one before it, so that
   * holders of either public key can verify.
   */
  signing(purpose: KeyPurpose, now: number, overlapMs: number): readonly SigningKey[];
  /** Makes a new current key; the old ones go on verifying. */
  rotate(purpose: KeyPurpose): SigningKey;
  /** 32 bytes. */
  secret(purpose: SecretPurpose): Uint8Array;
}

/** What every appliance has; a node of a fleet also has `fleet`. */
export const APPLIANCE_KEYS: readonly KeyPurpose[] = ['pass', 'checkpoint'];

/** Opens the keys in `dir` (which must be 0700), making what is missing. Files: `<purpose>-<n>.key`. */
export function openSigningKeys(dir: string, purposes: readonly KeyPurpose[] = APPLIANCE_KEYS): SigningKeys {
  const keys = new Map<KeyPurpose, SigningKey[]>();
  for (const purpose of purposes) keys.set(purpose, loadAll(dir, purpose));
  const all = (purpose: KeyPurpose) => keys.get(purpose) ?? [];
  return {
    all,
    current: (purpose) => {
      const [first] = all(purpose);
      if (!first) throw new Error(`no signing key for \`${purpose}\``);
      return first;
    },
    signing: (purpose, now, overlapMs) => {
      const [first, second] = all(purpose);
      if (!first) return [];
      return second && now < first.createdAt + overlapMs ? [first, second] : [first];
    },
    rotate: (purpose) => {
      // Behind the newest, however many older ones were taken away: a file that exists is a key that was used.
      const key = loadKey(join(dir, `${purpose}-${Math.max(0, ...numbersIn(dir, purpose)) + 1}.key`));
      keys.set(purpose, [key, ...all(purpose)]);
      return key;
    },
    secret: (purpose) => loadOrCreateBytes(join(dir, `${purpose}.secret`)),
  };
}

function loadAll(dir: string, purpose: KeyPurpose): SigningKey[] {
  const numbers = numbersIn(dir, purpose);
  if (numbers.length === 0) numbers.push(1);
  return numbers.sort((a, b) => b - a).map((n) => loadKey(join(dir, `${purpose}-${n}.key`)));
}

function numbersIn(dir: string, purpose: KeyPurpose): number[] {
  return readdirSync(dir)
    .map((name) => new RegExp(`^${purpose}-([0-9]+)\\.key$`).exec(name)?.[1])
    .filter((n) => n !== undefined)
    .map(Number);
}

function loadKey(file: string): SigningKey {
  const privateKey = loadOrCreateKey(file, 'Ed25519', () =>
    generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  );
  const publicKey = createPublicKey(privateKey);
  // The last 32 bytes of an Ed25519 SubjectPublicKeyInfo are the key (RFC 8410).
  const rawPublicKey = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  const id = createHash('sha256').update(rawPublicKey).digest('hex').slice(0, 16);
  const createdAt = statSync(file).mtimeMs;
  return { id, createdAt, privateKey, publicKey, rawPublicKey, sign: (message) => sign(null, message, privateKey) };
}
