/** Secrets on disk: made once, 0600, never overwritten, refused when others could read them. */

import { createPrivateKey, type KeyObject, randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';

/** Reads the file, or makes it with what `make` returns. Two processes that race end with one content. */
export function loadOrCreateSecret(file: string, make: () => string): string {
  if (!existsSync(file)) createSecret(file, make());
  const fd = openSync(file, 'r');
  try {
    const { mode } = fstatSync(fd);
    if ((mode & 0o077) !== 0) {
      throw new Error(`secret file \`${file}\` can be read by others; run \`chmod 600 ${file}\``);
    }
    return readFileSync(fd, 'utf8');
  } finally {
    closeSync(fd);
  }
}

/** The private key of a file that others cannot read, made by `make` (PEM) when there is none. Throws what is wrong with it. */
export function loadOrCreateKey(file: string, kind: 'Ed25519' | 'P-256', make: () => string): KeyObject {
  const key = privateKeyIn(file, loadOrCreateSecret(file, make));
  const curve = key.asymmetricKeyDetails?.namedCurve;
  const found = key.asymmetricKeyType === 'ed25519' ? 'Ed25519' : curve === 'prime256v1' ? 'P-256' : null;
  if (found !== kind) throw new Error(`\`${file}\` holds no ${kind} key; restore it from a backup`);
  return key;
}

function privateKeyIn(file: string, pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new Error(`\`${file}\` holds no private key; restore it from a backup`);
  }
}

/** 32 bytes of a file that others cannot read, made when there is none: fewer would be a key that can be guessed. */
export function loadOrCreateBytes(file: string): Buffer {
  const secret = Buffer.from(
    loadOrCreateSecret(file, () => randomBytes(32).toString('base64')),
    'base64',
  );
  if (secret.length !== 32) throw new Error(`\`${file}\` holds no 32 bytes; restore it from a backup`);
  return secret;
}

/** Under its own name only when it is whole and on disk: a full disk or a crash leaves no half of a secret behind. */
function createSecret(file: string, content: string): void {
  const temporary = `${file}.${process.pid}.tmp`;
  rmSync(temporary, { force: true });
  try {
    const fd = openSync(temporary, 'wx', 0o600);
    try {
      writeFileSync(fd, content);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    linkSync(temporary, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
  const dir = openSync(dirname(file), 'r');
  fsyncSync(dir);
  closeSync(dir);
}
