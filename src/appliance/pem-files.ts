/** PEM files that the configuration names, checked before a door opens: a CA that is none would be trusted in silence. */

import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { errorCode } from '../store/files.ts';
import { StartRefused } from './start-refused.ts';

interface Named {
  /** Key of the configuration, for messages. */
  readonly key: string;
  readonly file: string;
}

/** The certificates of a file, of which there is at least one. */
export function certificatesOf({ key, file }: Named): string {
  const text = read({ key, file });
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0 || !blocks.every(isCertificate))
    throw new StartRefused(`${key}: \`${file}\` must hold certificates in PEM form`);
  return text;
}

/** The certificate and the key of a door, that fit each other. */
export function doorKeys(cert: Named, key: Named): { readonly cert: string; readonly key: string } {
  const pair = { cert: certificatesOf(cert), key: read(key) };
  try {
    createSecureContext(pair);
  } catch {
    throw new StartRefused(`${key.key}: \`${key.file}\` must hold the private key, in PEM form, of \`${cert.file}\``);
  }
  return pair;
}

function read({ key, file }: Named): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new StartRefused(`${key}: cannot read \`${file}\` (${errorCode(error)}); check its path`);
  }
}

function isCertificate(block: string): boolean {
  try {
    return new X509Certificate(block).raw.length > 0;
  } catch {
    return false;
  }
}
