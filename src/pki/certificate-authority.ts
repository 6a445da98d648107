/** Our CA: made at first start, kept 0600, and a bounded cache of the leaves that it minted. */

import {
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  X509Certificate,
} from 'node:crypto';
import { join } from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';
import { LRUCache } from 'lru-cache';
import type { Host } from '../core/host.ts';
import type { Clock } from '../core/ports.ts';
import { caCertificate, type Issuer, keyIdentifier, LONGEST_LEAF_DAYS, leafCertificate } from './certificate.ts';
import { pem } from './der.ts';
import { loadOrCreateKey, loadOrCreateSecret } from './key-file.ts';

export interface Leaf {
  /** The leaf and the CA behind it, PEM. */
  readonly cert: string;
  readonly key: string;
}

export interface CertificateAuthority {
  /** The CA's own certificate, PEM: what sandboxes trust. */
  readonly pem: string;
  /** A certificate for exactly this host. */
  leafFor(host: Host): Leaf;
  /** The same as a TLS context, cached: minting costs 67 µs, a context 221 µs (T-48: the cache is bounded). */
  contextFor(host: Host): SecureContext;
}

export interface AuthorityOptions {
  /** Directory that holds `<name>.key` and `<name>.pem`. */
  readonly dir: string;
  readonly name: string;
  readonly commonName: string;
  readonly clock: Clock;
  /** Contexts kept; one is about 30 KB. */
  readonly cached?: number;
  /** Life of a leaf certificate in days; the longest that clients take is the default. */
  readonly leafDays?: number;
}

interface Minted {
  readonly context: SecureContext;
  /** Epoch ms. */
  readonly at: number;
}

/** A leaf is minted anew once a third of its life is over. */
const RENEW_SHARE = 1 / 3;
const DAY_MS = 86_400_000;

export function openCertificateAuthority(options: AuthorityOptions): CertificateAuthority {
  const { clock } = options;
  const files = { key: join(options.dir, `${options.name}.key`), cert: join(options.dir, `${options.name}.pem`) };
  const key = loadOrCreateKey(files.key, 'P-256', newKeyPem);
  const spki = publicKeyInfo(key);
  const leafDays = options.leafDays ?? LONGEST_LEAF_DAYS;
  const issuer: Issuer = { commonName: options.commonName, key, keyId: keyIdentifier(spki), leafDays };
  const caPem = loadOrCreateSecret(files.cert, () => pem('CERTIFICATE', caCertificate(issuer, spki, clock.now())));
  checkPair(files, caPem, key);
  // One key pair for all leaves of this process: a leaf key that leaked would be no worse than this process leaking,
  // and making a pair for each host costs as much again as signing.
  const leafKeyPem = newKeyPem();
  const leafSpki = publicKeyInfo(createPrivateKey(leafKeyPem));
  const contexts = new LRUCache<string, Minted>({ max: options.cached ?? 2000 });
  const renewMs = leafDays * RENEW_SHARE * DAY_MS;

  const leafFor = (host: Host): Leaf => ({
    cert: pem('CERTIFICATE', leafCertificate(issuer, host, leafSpki, clock.now())) + caPem,
    key: leafKeyPem,
  });
  const contextFor = (host: Host): SecureContext => {
    const now = clock.now();
    const cached = contexts.get(host.name);
    // By the clock that clients go by: on one that was set back, what was minted before is not good yet.
    if (cached && now >= cached.at && now < cached.at + renewMs) return cached.context;
    const leaf = leafFor(host);
    const context = createSecureContext({
      cert: leaf.cert,
      key: leaf.key,
      minVersion: 'TLSv1.2',
      // No session outlives its connection: a ticket would carry one pass' handshake into another's (T-07).
      // And nobody begins a second handshake on one, as often as he likes (T-45).
      secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
    });
    contexts.set(host.name, { context, at: now });
    return context;
  };
  return { pem: caPem, leafFor, contextFor };
}

/** Throws what is wrong: with another's key, or none, every leaf would be refused by every client, and nothing would say why. */
function checkPair(files: { readonly key: string; readonly cert: string }, caPem: string, key: KeyObject): void {
  if (certificateIn(files.cert, caPem).checkPrivateKey(key)) return;
  throw new Error(
    `\`${files.cert}\` is not the certificate of \`${files.key}\`; restore both from one backup, or move both away for a new CA`,
  );
}

function certificateIn(file: string, text: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch {
    throw new Error(`\`${file}\` holds no certificate; restore it from a backup`);
  }
}

function newKeyPem(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function publicKeyInfo(key: KeyObject): Buffer {
  return createPublicKey(key).export({ type: 'spki', format: 'der' });
}
