/**
 * A Java trust store (JKS, version 2: the format of `sun.security.provider.JavaKeyStore`, which every JDK reads) with
 * trusted certificates only. Public data: the password guards nothing but the digest at its end.
 */

import { createHash, X509Certificate } from 'node:crypto';

/** What every JDK's own store uses; tools ask for one. */
export const TRUST_STORE_PASSWORD = 'changeit';

const MAGIC = 0xfeedfeed;
const VERSION = 2;
const TRUSTED_CERTIFICATE = 2;
const WHITENER = 'Mighty Aphrodite';
const PEM = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/**
 * The store of every certificate in `pem`; one that cannot be parsed is left out, as Java would refuse the whole store.
 *
 * @param createdAt milliseconds since the epoch, kept in each entry.
 */
export function javaTrustStore(pem: string, createdAt: number): Buffer {
  const certificates = [...pem.matchAll(PEM)].flatMap(([text]) => derOf(text));
  const parts = [int(MAGIC), int(VERSION), int(certificates.length)];
  certificates.forEach((der, index) => {
    parts.push(int(TRUSTED_CERTIFICATE), utf(`ca-${index}`), long(createdAt), utf('X.509'), int(der.length), der);
  });
  const body = Buffer.concat(parts);
  const digest = createHash('sha1').update(utf16(TRUST_STORE_PASSWORD)).update(WHITENER).update(body).digest();
  return Buffer.concat([body, digest]);
}

function derOf(pem: string): readonly Buffer[] {
  try {
    return [new X509Certificate(pem).raw];
  } catch {
    return [];
  }
}

function int(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(value);
  return out;
}

function long(value: number): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigUInt64BE(BigInt(value));
  return out;
}

/** Java's `writeUTF`, for ASCII. */
function utf(text: string): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(text.length);
  return Buffer.concat([length, Buffer.from(text, 'latin1')]);
}

function utf16(text: string): Buffer {
  return Buffer.from(text, 'utf16le').swap16();
}
