/**
 * X.509 certificates of ours (RFC 5280): a CA, and leaves for the hosts that are inspected. ECDSA P-256 with SHA-256, the
 * profile that every picky client takes: names only in subjectAltName, serverAuth, 397 days at most, backdated by up to a day for
 * clocks that are wrong, key identifiers both ways.
 */

import { createHash, type KeyObject, randomBytes, sign } from 'node:crypto';
import type { Host } from '../core/host.ts';
import { bits, boolean, explicit, implicit, integer, octets, oid, sequence, set, time, utf8 } from './der.ts';

const DAY = 86_400_000;
/** Apple and the CA/Browser Forum take no server certificate that is valid longer. */
export const LONGEST_LEAF_DAYS = 397;
const CA_DAYS = 3650;

const ECDSA_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));
const EKU_SERVER_AUTH = oid('1.3.6.1.5.5.7.3.1');

const OID = {
  commonName: oid('2.5.4.3'),
  subjectKeyId: oid('2.5.29.14'),
  keyUsage: oid('2.5.29.15'),
  subjectAltName: oid('2.5.29.17'),
  basicConstraints: oid('2.5.29.19'),
  authorityKeyId: oid('2.5.29.35'),
  extendedKeyUsage: oid('2.5.29.37'),
} as const;

export interface Issuer {
  readonly commonName: string;
  readonly key: KeyObject;
  readonly keyId: Uint8Array;
  /** Life of a leaf, what it is backdated by included. */
  readonly leafDays: number;
}

/** SHA-1 of the key's bits, as RFC 5280 section 4.2.1.2 method 1 has it: an identifier, not a protection. */
export function keyIdentifier(spki: Uint8Array): Buffer {
  // A P-256 SubjectPublicKeyInfo ends in its 65-byte point.
  return createHash('sha1').update(spki.subarray(-65)).digest();
}

/** DER of a self-signed CA certificate with no CA beneath it. */
export function caCertificate(issuer: Issuer, spki: Uint8Array, now: number): Buffer {
  const name = distinguishedName(issuer.commonName);
  return signed(issuer, {
    issuer: name,
    subject: name,
    notBefore: now - DAY,
    notAfter: now + CA_DAYS * DAY,
    spki,
    extensions: [
      extension(OID.basicConstraints, true, sequence(boolean(true), integer(Buffer.from([0])))),
      // keyCertSign and cRLSign.
      extension(OID.keyUsage, true, bits(Buffer.from([0b0000_0110]), 1)),
      extension(OID.subjectKeyId, false, octets(issuer.keyId)),
    ],
  });
}

/** By how much a leaf of so many days is: a day at most, and half of its life, so that one of a day is not over when it is made. */
function backdated(leafDays: number): number {
  return Math.min(1, leafDays / 2) * DAY;
}

/** DER of a leaf for exactly one host. */
export function leafCertificate(issuer: Issuer, host: Host, spki: Uint8Array, now: number): Buffer {
  // The common name holds at most 64 characters; clients read subjectAltName only.
  const subject = host.name.length <= 64 ? distinguishedName(host.name) : sequence();
  return signed(issuer, {
    issuer: distinguishedName(issuer.commonName),
    subject,
    notBefore: now - backdated(issuer.leafDays),
    notAfter: now - backdated(issuer.leafDays) + issuer.leafDays * DAY,
    spki,
    extensions: [
      extension(OID.basicConstraints, true, sequence()),
      // digitalSignature: what ECDHE with an EC key needs.
      extension(OID.keyUsage, true, bits(Buffer.from([0b1000_0000]), 7)),
      extension(OID.extendedKeyUsage, false, sequence(EKU_SERVER_AUTH)),
      // Critical when the subject is empty (RFC 5280 section 4.2.1.6).
      extension(OID.subjectAltName, host.name.length > 64, sequence(generalName(host))),
      extension(OID.subjectKeyId, false, octets(keyIdentifier(spki))),
      extension(OID.authorityKeyId, false, sequence(implicit(0, issuer.keyId))),
    ],
  });
}

function generalName(host: Host): Buffer {
  return host.ip ? implicit(7, Buffer.from(host.ip.bytes)) : implicit(2, Buffer.from(host.name, 'ascii'));
}

function distinguishedName(commonName: string): Buffer {
  return sequence(set(sequence(OID.commonName, utf8(commonName))));
}

function extension(id: Uint8Array, critical: boolean, value: Uint8Array): Buffer {
  return critical ? sequence(id, boolean(true), octets(value)) : sequence(id, octets(value));
}

interface ToBeSigned {
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly spki: Uint8Array;
  readonly extensions: readonly Uint8Array[];
}

function signed(issuer: Issuer, body: ToBeSigned): Buffer {
  const tbs = sequence(
    explicit(0, integer(Buffer.from([2]))),
    serialNumber(),
    ECDSA_SHA256,
    body.issuer,
    sequence(time(body.notBefore), time(body.notAfter)),
    body.subject,
    body.spki,
    explicit(3, sequence(...body.extensions)),
  );
  return sequence(tbs, ECDSA_SHA256, bits(sign('sha256', tbs, issuer.key)));
}

/** 127 random bits, positive and never zero. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return integer(bytes);
}
